import type { Labels } from "../../core/labels.ts";
import type { RuleTotals } from "../../core/totals.ts";
import { showText } from "../text.ts";
import { formatCount, renderLabels, renderMoment, type Links } from "./parts.ts";
import { html, nothing, type Html } from "./template.ts";

/** Totals per rule. */
export function renderRules(
  rules: readonly RuleTotals[],
  dryRun: boolean,
  now: number,
  links: Links | null,
): Html {
  if (rules.length === 0) return nothing;
  const head = html`<tr>
    <th scope="col">Rule</th>
    <th scope="col" class="number">Groups</th>
    <th scope="col" class="number">Expired</th>
    ${dryRun ? nothing : html`<th scope="col" class="number">Deleted</th>`}
    <th scope="col" class="number">Withheld</th>
    <th scope="col">Next expiry</th>
  </tr>`;
  const rows = rules.map((rule) => renderRule(rule, dryRun, now, links));
  return renderSection("rules", "Rules", renderTable("rules", "Groups of each rule", head, rows));
}

function renderRule(rule: RuleTotals, dryRun: boolean, now: number, links: Links | null): Html {
  const { groups, expired, deleted, verdicts, nextExpiryAt } = rule;
  const next =
    nextExpiryAt === null ? html`<span class="quiet">none</span>` : renderMoment(nextExpiryAt, now);
  return html`<tr>
    <th scope="row">${renderRuleName(rule, links)}</th>
    ${renderNumber("Groups", groups)} ${renderNumber("Expired", expired)}
    ${dryRun ? nothing : renderNumber("Deleted", deleted)} ${renderNumber("Withheld", verdicts.withhold)}
    <td data-title="Next expiry">${next}</td>
  </tr> `;
}

function renderRuleName({ rule }: RuleTotals, links: Links | null): Html {
  if (rule === null) return html`<span class="quiet">no rule</span>`;
  const name = html`<bdi>${showText(rule)}</bdi>`;
  return links === null ? name : html`<a href="${links.to({ rule, page: 1 })}#groups">${name}</a>`;
}

/** @param title shown where a narrow screen has no room for the heading */
function renderNumber(title: string, count: number): Html {
  return html`<td class="number${count === 0 ? " zero" : ""}" data-title="${title}">
    ${formatCount(count)}
  </td>`;
}

/** A group that a sweep deleted. */
export interface PageDeletion {
  /** When the sweep ended, or the group was archived, Unix seconds of the local clock. */
  readonly at: number;
  readonly gateway: string;
  readonly labels: Labels;
  readonly rule: string;
}

interface DeletionsContent {
  readonly recentDeletions: readonly PageDeletion[];
  /** null: those before the start are known, too. */
  readonly deletionsSince: number | null;
  readonly now: number;
}

/** How many are shown; the archive has all. */
const shown = 50;

/** The latest deletions, newest first. */
export function renderDeletions({ recentDeletions: deletions, deletionsSince, now }: DeletionsContent): Html {
  const title = "Recently deleted";
  if (deletions.length === 0) {
    const since =
      deletionsSince === null ? nothing : html` since the start ${renderMoment(deletionsSince, now)}`;
    return renderSection("deletions", title, html`<p class="quiet empty">Nothing${since}.</p>`);
  }
  const head = html`<tr>
    <th scope="col">When</th>
    <th scope="col">Group</th>
    <th scope="col">Rule</th>
  </tr>`;
  const rows = deletions.slice(0, shown).map(
    ({ at, gateway, labels, rule }) =>
      html`<tr>
        <td class="when">${renderMoment(at, now)}</td>
        <td>
          ${renderLabels(labels, null)}<span class="where"><bdi>${showText(gateway)}</bdi></span>
        </td>
        <td><bdi>${showText(rule)}</bdi></td>
      </tr> `,
  );
  const caption = "Recently deleted groups, newest first";
  return renderSection("deletions", title, renderTable("deletions", caption, head, rows));
}

function renderSection(id: string, title: string, body: Html): Html {
  return html`<section aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${body}
  </section> `;
}

/** A table that scrolls if it is long. */
function renderTable(id: string, caption: string, head: Html, rows: readonly Html[]): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-labelledby="${id}-title">
    <table class="${id}">
      <caption class="hidden">
        ${caption}
      </caption>
      <thead>
        ${head}
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}
