import { countOf } from "./words.ts";
import type { GatewayView } from "../view.ts";
import { html, nothing, type Html } from "./template.ts";

/** What needs a person's attention, gateway by gateway; nothing if all is well. */
export function renderAttention(gateways: readonly GatewayView[], configProblem: string | null): Html {
  const items = [
    ...(configProblem === null ? [] : [renderConfigProblem(configProblem)]),
    ...gateways.flatMap(renderItems),
  ];
  if (items.length === 0) return nothing;
  return html`<section class="attention" aria-labelledby="attention-title">
    <h2 id="attention-title">Needs attention</h2>
    <ul>
      ${items}
    </ul>
  </section> `;
}

/** A file may be wrong in each of its lines. */
const maxProblemLength = 20_000;

function renderConfigProblem(problem: string): Html {
  return html`<li class="bad">
    <p><b>The configuration could not be reloaded.</b> The last good one stays in use until this is fixed:</p>
    <pre tabindex="0" role="region" aria-label="Problems of the configuration">
${problem.slice(0, maxProblemLength)}</pre>
  </li> `;
}

function renderItems(gateway: GatewayView): readonly Html[] {
  const { name, status, error, withheld, notes } = gateway;
  const tone = status === "failed" ? "bad" : "warn";
  const items = notes.map((note) => renderItem("warn", name, html`${note}`, null));
  // Where a limit is the error, its message says what the advice would say, with the numbers.
  const others = withheld.filter(({ reason }) => reason !== error?.code && reason !== "pushed_again");
  for (const { reason, groups, advice } of others.toReversed()) {
    items.unshift(
      renderItem("warn", name, html`${countOf(groups, "group")} withheld: <code>${reason}</code>.`, advice),
    );
  }
  if (error !== null) items.unshift(renderItem(tone, name, html`${error.message}`, error.advice));
  return items;
}

function renderItem(tone: string, gateway: string, message: Html, advice: string | null): Html {
  const what = advice === null ? nothing : html`<p class="advice">${renderCode(advice)}</p>`;
  return html`<li class="${tone}">
    <p>
      <b><bdi>${gateway}</bdi></b> ${message}
    </p>
    ${what}
  </li> `;
}

/** What stands in backticks is a command. */
function renderCode(text: string): readonly Html[] {
  return text.split("`").map((part, index) => (index % 2 === 0 ? html`${part}` : html`<code>${part}</code>`));
}
