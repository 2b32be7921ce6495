import type { RuleTotals } from "../../core/totals.ts";
import { showText } from "../text.ts";
import type { Links } from "./links.ts";
import { html, nothing, type Html } from "./template.ts";
import { formatCount, renderMoment } from "./words.ts";

/** Totals per rule. */
export function renderRules(
  rules: readonly RuleTotals[],
  dryRun: boolean,
  now: number,
  links: Links | null,
): Html {
  if (rules.length === 0) return nothing;
  return html`<section aria-labelledby="rules-title">
    <h2 id="rules-title">Rules</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="rules-title">
      <table>
        <caption class="hidden">
          Groups of each rule
        </caption>
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col" class="number">Groups</th>
            <th scope="col" class="number">Expired</th>
            ${dryRun ? nothing : html`<th scope="col" class="number">Deleted</th>`}
            <th scope="col" class="number">Withheld</th>
            <th scope="col">Next expiry</th>
          </tr>
        </thead>
        <tbody>
          ${rules.map((rule) => renderRule(rule, dryRun, now, links))}
        </tbody>
      </table>
    </div>
  </section> `;
}

function renderRule(rule: RuleTotals, dryRun: boolean, now: number, links: Links | null): Html {
  const { groups, expired, deleted, verdicts, nextExpiryAt } = rule;
  const next =
    nextExpiryAt === null ? html`<span class="quiet">none</span>` : renderMoment(nextExpiryAt, now);
  return html`<tr>
    <th scope="row">${renderName(rule, links)}</th>
    ${renderNumber(groups)}${renderNumber(expired)}${
      dryRun ? nothing : renderNumber(deleted)
    }${renderNumber(verdicts.withhold)}
    <td>${next}</td>
  </tr> `;
}

function renderName({ rule }: RuleTotals, links: Links | null): Html {
  if (rule === null) return html`<span class="quiet">no rule</span>`;
  const name = html`<bdi>${showText(rule)}</bdi>`;
  return links === null ? name : html`<a href="${links.to({ rule, page: 1 })}#groups">${name}</a>`;
}

function renderNumber(count: number): Html {
  return html`<td class="number${count === 0 ? " zero" : ""}">${formatCount(count)}</td>`;
}
