import type { Labels } from "../../core/labels.ts";
import type { RuleTotals } from "../../core/totals.ts";
import { showText } from "../text.ts";
import { renderLabels, renderMoment, renderNumber, renderTable, type Links } from "./parts.ts";
import { html, nothing, type Html } from "./template.ts";

/** Totals per rule, of the groups that the filter's matchers select. */
export function renderRules(
  rules: readonly RuleTotals[],
  planOnly: boolean,
  now: number,
  links: Links | null,
  /** The matchers that these totals obey. */
  match = "",
): Html {
  if (rules.length === 0) return nothing;
  const titles = ["Rule", "Groups", "Expired", planOnly ? "To delete" : "Deleted", "Withheld", "Next expiry"];
  const rows = rules.map((rule) => renderRule(rule, planOnly, now, links));
  const filter =
    match === ""
      ? nothing
      : html`<p class="empty quiet">Of groups that match <code>${showText(match)}</code>:</p>`;
  const table = renderTable("rules", "Groups of each rule", { titles, numbers: [1, 2, 3, 4] }, rows);
  return renderSection("rules", "Rules", html`${filter}${table}`);
}

function renderRule(rule: RuleTotals, planOnly: boolean, now: number, links: Links | null): Html {
  const { groups, expired, deleted, verdicts, nextExpiryAt } = rule;
  const next =
    nextExpiryAt === null ? html`<span class="quiet">none</span>` : renderMoment(nextExpiryAt, now);
  return html`<tr>
    <th scope="row">${renderRuleName(rule, links)}</th>
    ${renderNumber("Groups", groups)} ${renderNumber("Expired", expired)}
    ${planOnly ? renderNumber("To delete", verdicts.delete) : renderNumber("Deleted", deleted)}
    ${renderNumber("Withheld", verdicts.withhold)}
    <td data-title="Next expiry">${next}</td>
  </tr> `;
}

function renderRuleName({ rule }: RuleTotals, links: Links | null): Html {
  if (rule === null) return html`<span class="quiet">no rule</span>`;
  const name = html`<bdi>${showText(rule)}</bdi>`;
  return links === null ? name : html`<a href="${links.to({ rule, page: 1 })}">${name}</a>`;
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
  /** Returns the command that puts a deleted group back; null: it is not archived. */
  readonly restoreCommand: (deletion: PageDeletion) => string | null;
  readonly now: number;
}

/** How many are shown; the archive has all. */
const shown = 50;

/** A longer command cannot be read; `archive list` shows what there is. */
const maxCommandLength = 2000;

/** The latest deletions, newest first. */
export function renderDeletions(content: DeletionsContent): Html {
  const { recentDeletions: deletions, deletionsSince, restoreCommand, now } = content;
  const title = "Recently deleted";
  if (deletions.length === 0) {
    const since =
      deletionsSince === null ? nothing : html` since the start ${renderMoment(deletionsSince, now)}`;
    return renderSection("deletions", title, html`<p class="quiet empty">Nothing${since}.</p>`);
  }
  const rows = deletions.slice(0, shown).map((deletion) => {
    const { at, gateway, labels, rule } = deletion;
    const command = restoreCommand(deletion);
    const where = html`<span class="where"><bdi>${showText(gateway)}</bdi></span>`;
    const putBack =
      command === null || command.length > maxCommandLength
        ? where
        : html`<details class="more">
            <summary>${where} Put it back</summary>
            <pre class="command" tabindex="0">${command}</pre>
          </details>`;
    return html`<tr>
      <td class="when">${renderMoment(at, now)}</td>
      <td>${renderLabels(labels, null)}${putBack}</td>
      <td><bdi>${showText(rule)}</bdi></td>
    </tr> `;
  });
  const columns = { titles: ["When", "Group", "Rule"], numbers: [] };
  const table = renderTable("deletions", "Recently deleted groups, newest first", columns, rows);
  return renderSection("deletions", title, table);
}

function renderSection(id: string, title: string, body: Html): Html {
  return html`<section aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${body}
  </section> `;
}
