import type { Labels } from "../../core/labels.ts";
import { showText } from "../text.ts";
import { renderLabels } from "./labels.ts";
import { html, type Html } from "./template.ts";
import { renderMoment } from "./words.ts";

export interface PageDeletion {
  readonly at: number;
  readonly gateway: string;
  readonly labels: Labels;
  readonly rule: string;
}

interface DeletionsFacts {
  readonly recentDeletions: readonly PageDeletion[];
  /** null: those before the start are known, too. */
  readonly deletionsSince: number | null;
  readonly now: number;
}

/** How many are shown; the archive has all. */
const shown = 50;

/** The latest deletions, newest first. */
export function renderDeletions({ recentDeletions: deletions, deletionsSince, now }: DeletionsFacts): Html {
  const since = deletionsSince === null ? "" : html` since the start ${renderMoment(deletionsSince, now)}`;
  const body =
    deletions.length === 0
      ? html`<p class="quiet empty">Nothing${since}.</p>`
      : html`<div class="scroll" tabindex="0" role="region" aria-labelledby="deletions-title">
          <table>
            <caption class="hidden">
              Recently deleted groups, newest first
            </caption>
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Group</th>
                <th scope="col">Rule</th>
              </tr>
            </thead>
            <tbody>
              ${deletions.slice(0, shown).map((deletion) => renderDeletion(deletion, now))}
            </tbody>
          </table>
        </div>`;
  return html`<section aria-labelledby="deletions-title">
    <h2 id="deletions-title">Recently deleted</h2>
    ${body}
  </section> `;
}

function renderDeletion({ at, gateway, labels, rule }: PageDeletion, now: number): Html {
  return html`<tr>
    <td class="when">${renderMoment(at, now)}</td>
    <td>
      ${renderLabels(labels, null)}<span class="where"><bdi>${showText(gateway)}</bdi></span>
    </td>
    <td><bdi>${showText(rule)}</bdi></td>
  </tr> `;
}
