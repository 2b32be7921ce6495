import { renderMoment } from "./parts.ts";
import { html, nothing, type Html } from "./template.ts";

/** The state of the buttons on the page, and the result of the last request. */
export interface PageActions {
  readonly isSweeping: boolean;
  /** null: nothing was asked for yet. */
  readonly last: ActionResult | null;
}

interface ActionResult {
  /** When it ended, Unix seconds of the local clock. */
  readonly at: number;
  readonly isDone: boolean;
  readonly message: string;
}

/** For so long a result is shown. */
const shownSeconds = 600;

/** Buttons that work without a script: each sends a POST, and the answer leads back to the page. */
export function renderActions({ isSweeping }: PageActions, dryRun: boolean): Html {
  const off = isSweeping ? html` disabled` : nothing;
  // A configured dry run makes of every sweep a dry run.
  const sweep = dryRun ? nothing : html`<button formaction="-/sweep?page" ${off}>Sweep now</button>`;
  return html`<form class="tools" method="post" action="-/dry-run?page">
    <button ${off}>Dry run now</button>
    ${sweep}
  </form>`;
}

/** Says that a sweep is under way, or how the last request ended. */
export function renderActionResult({ isSweeping, last }: PageActions, now: number): Html {
  if (isSweeping)
    return html`<p class="notice" role="status">A sweep is under way. <a href="">Refresh</a></p>`;
  if (last === null || now - last.at > shownSeconds) return nothing;
  const { at, isDone, message } = last;
  return html`<p class="notice ${isDone ? "" : "bad"}" role="status">${message} ${renderMoment(at, now)}</p>`;
}
