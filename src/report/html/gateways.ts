import { formatAge } from "../../core/duration.ts";
import { describeTrouble, type GatewayView } from "../view.ts";
import { countOf, formatCount, renderDate, renderMoment } from "./parts.ts";
import { html, nothing, type Html } from "./template.ts";

/** Problems that need a person's attention, gateway by gateway; nothing if all is well. */
export function renderAttention(gateways: readonly GatewayView[], configProblem: string | null): Html {
  const items = [
    ...(configProblem === null ? [] : [renderConfigProblem(configProblem)]),
    ...gateways.flatMap(renderProblems),
  ];
  if (items.length === 0) return nothing;
  return html`<section class="attention" aria-labelledby="attention-title">
    <h2 id="attention-title">Needs attention</h2>
    <ul>
      ${items}
    </ul>
  </section> `;
}

/** Every line of a file may be wrong. */
const maxProblemLength = 20_000;

function renderConfigProblem(problem: string): Html {
  return html`<li class="bad">
    <p>
      <b>The configuration is not valid.</b> The last good one stays in use; without one, nothing is swept:
    </p>
    <pre tabindex="0" role="region" aria-label="Problems of the configuration">
${problem.slice(0, maxProblemLength)}</pre>
  </li> `;
}

function renderProblems({ name, status, error, withheld, notes }: GatewayView): readonly Html[] {
  const tone = status === "failed" ? "bad" : "warn";
  // Where a limit is the error, its message repeats the advice, with numbers.
  const others = withheld.filter(({ reason }) => reason !== error?.code && reason !== "pushed_again");
  return [
    ...(error === null ? [] : [renderProblem(tone, name, html`${error.message}`, error.advice)]),
    ...others.map(({ reason, groups, advice }) =>
      renderProblem(
        "warn",
        name,
        html`${countOf(groups, "group")} withheld: <code>${reason}</code>.`,
        advice,
      ),
    ),
    ...notes.map((note) => renderProblem("warn", name, html`${note}`, null)),
  ];
}

function renderProblem(tone: string, gateway: string, message: Html, advice: string | null): Html {
  return html`<li class="${tone}">
    <p>
      <b><bdi>${gateway}</bdi></b> ${message}
    </p>
    ${advice === null ? nothing : html`<p class="advice">${renderCommands(advice)}</p>`}
  </li> `;
}

/** Commands are in backticks. */
function renderCommands(text: string): readonly Html[] {
  return text.split("`").map((part, index) => (index % 2 === 0 ? html`${part}` : html`<code>${part}</code>`));
}

/** Unix seconds of one clock. */
interface Moments {
  readonly now: number;
  /** null: not known, or none. */
  readonly nextSweepAt: number | null;
}

/** A card for each gateway: its state and the result of the last sweep. */
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
export function renderUnreadGateway(name: string, url: string, moments: Moments): Html {
  return html`<li class="card">
    ${renderTitle(name, url, "idle", "Not read yet")}
    <dl class="facts">${renderNextSweep(moments)}</dl>
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
  const { verdicts, deleted } = totals;
  const counts: readonly (readonly [word: string, count: number, tone: string])[] = [
    ["groups", groups, ""],
    ["kept", verdicts.keep, ""],
    planOnly ? ["to delete", verdicts.delete, "accent"] : ["deleted", deleted, "accent"],
    ["withheld", verdicts.withhold, "warn"],
  ];
  return html`<dl class="counts">
    ${counts.map(
      ([word, count, tone]) =>
        html`<div class="${count === 0 ? "zero" : tone}">
          <dt>${word}</dt>
          <dd>${formatCount(count)}</dd>
        </div>`,
    )}
  </dl>`;
}

function renderFacts(gateway: GatewayView, moments: Moments): Html {
  const { consistent, circumstances, totals, outdated } = gateway;
  const pushes = { true: "accepted", false: "all refused", null: "not known" }[`${consistent}`];
  const notes = outdated ? [] : [...describeTrouble(totals), ...circumstances];
  return html`<dl class="facts">
    ${renderKnown(gateway, moments.now)} ${renderNextSweep(moments)} ${renderFact("Pushes", html`${pushes}`)}
    ${notes.length === 0 ? nothing : renderFact("Notes", html`${notes.map((note) => html`<p>${note}</p>`)}`)}
  </dl>`;
}

function renderNextSweep({ now, nextSweepAt }: Moments): Html {
  return nextSweepAt === null ? nothing : renderFact("Next sweep", renderMoment(nextSweepAt, now));
}

/** When it was last swept and read, and how many groups it held then. */
function renderKnown(gateway: GatewayView, now: number): readonly Html[] {
  const { known, snapshot, status, durationSeconds } = gateway;
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

function formatTook(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : formatAge(seconds);
}

function renderFact(name: string, value: Html): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}
