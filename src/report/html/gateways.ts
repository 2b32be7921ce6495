import { describeTrouble, type GatewayView } from "../view.ts";
import { html, nothing, type Html } from "./template.ts";
import { countOf, formatCount, formatTook, renderDate, renderMoment } from "./words.ts";

/** Unix seconds of one clock. */
export interface Moments {
  readonly now: number;
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

export function renderGateway(gateway: GatewayView, moments: Moments): Html {
  const { name, url, snapshot, outdated } = gateway;
  const [tone, word] = conditionOf(gateway);
  return html`<li class="card">
    ${renderTitle(name, url, tone, word)}
    ${snapshot === null || outdated ? nothing : renderCounts(gateway, snapshot.groups)}
    ${renderFacts(gateway, moments)}
  </li> `;
}

/** A gateway that has not been asked yet. */
export function renderUnreadGateway(name: string, url: string, { now, nextSweepAt }: Moments): Html {
  const next = nextSweepAt === null ? nothing : renderFact("Next sweep", renderMoment(nextSweepAt, now));
  return html`<li class="card">
    ${renderTitle(name, url, "idle", "Not read yet")}
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

function renderCounts({ totals, planOnly }: GatewayView, groups: number): Html {
  const counts = [
    renderNumber("groups", groups, ""),
    renderNumber("kept", totals.verdicts.keep, ""),
    planOnly
      ? renderNumber("to delete", totals.verdicts.delete, "accent")
      : renderNumber("deleted", totals.deleted, "accent"),
    renderNumber("withheld", totals.verdicts.withhold, "warn"),
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

function renderFacts(gateway: GatewayView, { now, nextSweepAt }: Moments): Html {
  const { consistent, circumstances, totals, outdated } = gateway;
  const pushes = { true: "accepted", false: "all refused", null: "not known" }[`${consistent}`];
  const remarks = outdated ? [] : [...describeTrouble(totals), ...circumstances];
  return html`<dl class="facts">
    ${[
      ...renderKnown(gateway, now),
      nextSweepAt === null ? nothing : renderFact("Next sweep", renderMoment(nextSweepAt, now)),
      renderFact("Pushes", html`${pushes}`),
      remarks.length === 0 ? nothing : renderFact("Notes", html`${remarks.join("; ")}`),
    ]}
  </dl>`;
}

/** When it was swept and read, and what it held when it could last be read. */
function renderKnown(
  { known, snapshot, status, durationSeconds }: GatewayView,
  now: number,
): readonly Html[] {
  if (known === null) return [];
  const { lastSweptAt, lastReadAt } = known;
  const took = html`, took ${formatTook(durationSeconds)}`;
  const sweep = lastSweptAt === null ? html`none yet` : html`${renderMoment(lastSweptAt, now)}${took}`;
  const facts = [renderFact("Last sweep", sweep)];
  if (status === "failed") {
    const held = snapshot === null ? nothing : html`, ${countOf(snapshot.groups, "group")}`;
    const seen =
      lastReadAt === null
        ? html`never`
        : html`${renderMoment(lastReadAt, now)} (${renderDate(lastReadAt)} UTC)${held}`;
    facts.push(renderFact("Last seen", seen));
  } else if (lastSweptAt === null && lastReadAt !== null) {
    facts.push(renderFact("Read", html`${renderMoment(lastReadAt, now)}${took}`));
  }
  return facts;
}

function renderFact(name: string, value: Html): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}
