import { describeTrouble, type GatewayView } from "../view.ts";
import { html, nothing, type Html } from "./template.ts";
import { formatCount, formatTook, renderMoment } from "./words.ts";

/** When things happened and will happen, Unix seconds of one clock. */
export interface Moments {
  readonly now: number;
  /** null: no sweep yet. */
  readonly sweptAt: number | null;
  /** null: not known, or none. */
  readonly nextSweepAt: number | null;
}

/** A card for each gateway: how it is, and what the last sweep found. */
export function renderGateways(cards: readonly Html[]): Html {
  return html`<section aria-labelledby="gateways-title">
    <h2 id="gateways-title">Gateways</h2>
    <ul class="cards">
      ${cards}
    </ul>
  </section> `;
}

export function renderGateway(gateway: GatewayView, dryRun: boolean, moments: Moments): Html {
  const { name, url, snapshot } = gateway;
  const [tone, word] = conditionOf(gateway);
  return html`<li class="card">
    ${renderTitle(name, url, tone, word)}
    ${snapshot === null ? nothing : renderCounts(gateway, snapshot.groups, dryRun)}
    ${renderFacts(gateway, moments)}
  </li> `;
}

/** A gateway that no sweep has come to yet. */
export function renderUnsweptGateway(name: string, url: string, { now, nextSweepAt }: Moments): Html {
  const next = nextSweepAt === null ? nothing : renderFact("Next sweep", renderMoment(nextSweepAt, now));
  return html`<li class="card">
    ${renderTitle(name, url, "idle", "Not swept yet")}
    <dl class="facts">${next}</dl>
  </li> `;
}

function renderTitle(name: string, url: string, tone: string, word: string): Html {
  return html`<div class="card-head">
      <h3><bdi>${name}</bdi></h3>
      <span class="pill ${tone}">${word}</span>
    </div>
    <p class="url"><bdi>${url}</bdi></p>`;
}

function conditionOf({ status, consistent }: GatewayView): readonly [tone: string, word: string] {
  if (status === "failed") return ["bad", "Not readable"];
  if (consistent === false) return ["bad", "Refuses pushes"];
  if (status === "withheld") return ["warn", "Up, withheld"];
  return status === "partial" ? ["warn", "Up, partly done"] : ["good", "Up"];
}

function renderCounts({ totals, outcomes }: GatewayView, groups: number, dryRun: boolean): Html {
  const counts = [
    renderNumber("groups", groups, ""),
    renderNumber("kept", totals.keep, ""),
    dryRun
      ? renderNumber("to delete", totals.delete, "accent")
      : renderNumber("deleted", outcomes.gone, "accent"),
    renderNumber("withheld", totals.withhold, "warn"),
  ];
  return html`<dl class="counts">${counts}</dl>`;
}

function renderNumber(word: string, count: number, tone: string): Html {
  const className = count === 0 ? "zero" : tone;
  return html`<div class="${className}">
    <dt>${word}</dt>
    <dd>${formatCount(count)}</dd>
  </div>`;
}

function renderFacts(gateway: GatewayView, { now, sweptAt, nextSweepAt }: Moments): Html {
  const { consistent, durationSeconds, circumstances, outcomes } = gateway;
  const took = html`, took ${formatTook(durationSeconds)}`;
  const pushes = { true: "accepted", false: "all refused", null: "not known" }[`${consistent}`];
  const remarks = [...describeTrouble(outcomes), ...circumstances];
  return html`<dl class="facts">
    ${[
      sweptAt === null ? nothing : renderFact("Last sweep", html`${renderMoment(sweptAt, now)}${took}`),
      nextSweepAt === null ? nothing : renderFact("Next sweep", renderMoment(nextSweepAt, now)),
      renderFact("Pushes", html`${pushes}`),
      remarks.length === 0 ? nothing : renderFact("Besides", html`${remarks.join("; ")}`),
    ]}
  </dl>`;
}

function renderFact(name: string, value: Html): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}
