import { groupBy } from "../../core/group-by.ts";
import { formatAge } from "../../core/duration.ts";
import { isFailure, type WithholdReason } from "../../core/verdict.ts";
import { reasonWords } from "../advice.ts";
import { noFilter } from "../query.ts";
import { withoutAddresses } from "../text.ts";
import { describeTrouble, type GatewayView } from "../view.ts";
import {
  countOf,
  formatCount,
  renderClock,
  renderMoment,
  renderNumber,
  renderTable,
  type Links,
} from "./parts.ts";
import { html, nothing, type Html } from "./template.ts";

/** What needs a person's attention; equal problems of several gateways are one. */
interface GatewayProblem {
  readonly tone: "bad" | "warn";
  /** Equal for equal problems. */
  readonly key: string;
  readonly text: string;
  readonly advice: string | null;
  /** Why groups are withheld; null: it is another problem. */
  readonly reason: WithholdReason | null;
  readonly gateways: readonly GatewayView[];
  /** Groups that are withheld. */
  readonly groups: number;
  readonly commands: readonly string[];
}

/** The problems of all gateways, in one list; nothing if all is well. */
export function renderAttention(
  gateways: readonly GatewayView[],
  configProblem: string | null,
  links: Links | null,
): Html {
  const problems = mergeEqual(gateways.flatMap(findProblems));
  if (problems.length === 0 && configProblem === null) return nothing;
  return html`<section class="attention" aria-labelledby="attention-title">
    <h2 id="attention-title">Needs attention</h2>
    <ul>
      ${configProblem === null ? nothing : renderConfigProblem(configProblem)}
      ${problems.map((problem) => renderProblem(problem, links))}
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

function findProblems(view: GatewayView): readonly GatewayProblem[] {
  const { status, error, withheld, notes } = view;
  const none = { tone: "warn", text: "", advice: null, reason: null, groups: 0, commands: [] } as const;
  const problemOf = (key: string, rest: Partial<GatewayProblem>): GatewayProblem => ({
    ...none,
    key,
    gateways: [view],
    ...rest,
  });
  const problems: GatewayProblem[] = [];
  const limit = withheld.find(({ reason }) => reason === error?.code);
  if (error !== null) {
    const { what: text, advice, command } = error;
    const tone = status === "failed" ? "bad" : "warn";
    const commands = command === "" ? [] : [command];
    problems.push(problemOf(limit?.reason ?? keyOf(text, view), { ...limit, tone, text, advice, commands }));
  }
  for (const one of withheld) {
    if (one !== limit && isFailure(one.reason)) problems.push(problemOf(one.reason, one));
  }
  for (const note of notes) problems.push(problemOf(keyOf(note, view), { text: note }));
  return problems;
}

/** The same for messages that differ in the gateway's name or address, or in numbers. */
function keyOf(text: string, { name, url }: GatewayView): string {
  return withoutAddresses(text, url)
    .replaceAll(name, "…")
    .replaceAll(/\S*\d\S*/g, "…");
}

function mergeEqual(problems: readonly GatewayProblem[]): readonly GatewayProblem[] {
  const merged: GatewayProblem[] = [];
  for (const same of groupBy(problems, ({ key }) => key).values()) {
    const [first] = same;
    if (first === undefined) continue;
    merged.push({
      ...first,
      gateways: same.flatMap(({ gateways }) => gateways),
      groups: same.reduce((sum, { groups }) => sum + groups, 0),
      commands: same.flatMap(({ commands }) => commands),
    });
  }
  return merged;
}

/** How many gateways a problem names. */
const maxNamed = 10;

function renderProblem(problem: GatewayProblem, links: Links | null): Html {
  const { tone, text, advice, reason, gateways, groups, commands } = problem;
  const [first] = gateways;
  const isOne = gateways.length === 1;
  const more = gateways.length - maxNamed;
  const names = gateways
    .slice(0, maxNamed)
    .map(({ name }, index) => html`${index === 0 ? "" : ", "}<bdi>${name}</bdi>`);
  const count =
    reason === null
      ? nothing
      : html`${countOf(groups, "group")} withheld: <code>${reason}</code>, ${reasonWords[reason]}.`;
  const target = {
    ...noFilter,
    verdict: "withhold",
    reason,
    gateway: isOne ? (first?.id ?? null) : null,
  } as const;
  return html`<li class="${tone}">
    <p>
      <b>${isOne ? names : `${gateways.length} gateways`}</b>
      ${isOne && text !== "" ? text : count}${isOne || reason !== null ? nothing : html` For example: ${text}`}
    </p>
    ${isOne ? nothing : html`<p class="names">${names}${more > 0 ? ` and ${more} more` : nothing}</p>`}
    ${advice === null ? nothing : html`<p class="advice">${renderCommands(advice)}</p>`}
    ${commands.length === 0 ? nothing : html`<pre class="command" tabindex="0">${commands.join("\n")}</pre>`}
    ${
      reason === null || links === null
        ? nothing
        : html`<p>
            <a href="${links.to(target)}"
              >Show ${groups === 1 ? "this group" : `these ${countOf(groups, "group")}`}</a
            >
          </p>`
    }
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

/** More of them are a table. */
const maxCards = 8;

/** The state of each gateway and the result of its last sweep. */
export function renderGateways(
  views: readonly GatewayView[],
  unread: readonly { readonly name: string; readonly url: string }[],
  moments: Moments,
  links: Links | null,
): Html {
  const body =
    views.length + unread.length <= maxCards
      ? html`<ul class="cards">
          ${views.map((view) => renderCard(view, moments, links))}
          ${unread.map(
            ({ name, url }) =>
              html`<li class="card">
                <div class="card-head">
                  <h3><bdi>${name}</bdi></h3>
                  ${notRead}
                </div>
                <p class="url"><bdi>${url}</bdi></p>
                <dl class="facts">${renderNextSweep(moments)}</dl>
              </li> `,
          )}
        </ul>`
      : renderGatewayTable(views, unread, moments, links);
  return html`<section aria-labelledby="gateways-title">
    <h2 id="gateways-title">Gateways</h2>
    ${body}
  </section> `;
}

const notRead = html`<span class="pill idle">Not read yet</span>`;

function renderCard(gateway: GatewayView, moments: Moments, links: Links | null): Html {
  const { url, snapshot, outdated } = gateway;
  return html`<li class="card">
    <div class="card-head">
      <h3>${renderName(gateway, links)}</h3>
      ${renderCondition(gateway)}
    </div>
    <p class="url"><bdi>${url}</bdi></p>
    ${snapshot === null || outdated ? nothing : renderCounts(gateway, snapshot.groups)}
    ${renderFacts(gateway, moments)}
  </li> `;
}

/** A link to its groups. */
function renderName({ id, name }: GatewayView, links: Links | null): Html {
  const text = html`<bdi>${name}</bdi>`;
  return links === null ? text : html`<a href="${links.to({ ...noFilter, gateway: id })}">${text}</a>`;
}

const toneOrder = ["bad", "warn", "good"];

function renderGatewayTable(
  views: readonly GatewayView[],
  unread: readonly { readonly name: string; readonly url: string }[],
  { now }: Moments,
  links: Links | null,
): Html {
  const byTrouble = views.toSorted(
    (a, b) => toneOrder.indexOf(conditionOf(a)[0]) - toneOrder.indexOf(conditionOf(b)[0]),
  );
  const planOnly = views.every((view) => view.planOnly);
  const fate = planOnly ? "To delete" : "Deleted";
  const titles = ["Gateway", "State", "Groups", "Kept", fate, "Withheld", "Last read"];
  const rows = byTrouble.map((view) => {
    const { url, snapshot, outdated, totals, known } = view;
    const { verdicts, deleted } = totals;
    const counts = [
      ["Kept", verdicts.keep],
      [fate, planOnly ? verdicts.delete : deleted],
      ["Withheld", verdicts.withhold],
    ] as const;
    const lastReadAt = known?.lastReadAt ?? null;
    return html`<tr>
      <th scope="row">
        ${renderName(view, links)}<span class="where"><bdi>${url}</bdi></span>
      </th>
      <td>${renderCondition(view)}</td>
      ${renderNumber("Groups", snapshot?.groups ?? null)}
      ${counts.map(([title, count]) => renderNumber(title, snapshot === null || outdated ? null : count))}
      <td data-title="Last read">
        ${lastReadAt === null ? html`<span class="quiet">never</span>` : renderMoment(lastReadAt, now)}
      </td>
    </tr> `;
  });
  const others = unread.map(
    ({ name, url }) =>
      html`<tr>
        <th scope="row">
          <bdi>${name}</bdi><span class="where"><bdi>${url}</bdi></span>
        </th>
        <td colspan="6">${notRead}</td>
      </tr> `,
  );
  const columns = { titles, numbers: [2, 3, 4, 5] };
  return renderTable("gateways", "Gateways, those with problems first", columns, [...rows, ...others]);
}

function renderCondition(gateway: GatewayView): Html {
  const [tone, word] = conditionOf(gateway);
  return html`<span class="pill ${tone}">${word}</span>`;
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

const project = "https://github.com/pushgateway-janitor/pushgateway-janitor/blob/main/";

/** Links a page of the documentation where a text names one. */
function linkDocs(text: string): Html {
  const [before = "", page, after = ""] = text.split(/(docs\/[\w-]+\.md#[\w-]+)/);
  if (page === undefined) return html`${text}`;
  return html`${before}<a href="${project}${page}" rel="noreferrer">${page}</a>${after}`;
}

function renderFacts(gateway: GatewayView, moments: Moments): Html {
  const { consistent, circumstances, totals, outdated } = gateway;
  const pushes = { true: "accepted", false: "all refused", null: "not known" }[`${consistent}`];
  const notes = outdated ? [] : [...describeTrouble(totals), ...circumstances];
  return html`<dl class="facts">
    ${renderKnown(gateway, moments.now)} ${renderNextSweep(moments)} ${renderFact("Pushes", html`${pushes}`)}
    ${notes.length === 0 ? nothing : renderFact("Notes", html`${notes.map((note) => html`<p>${linkDocs(note)}</p>`)}`)}
  </dl>`;
}

function renderNextSweep({ now, nextSweepAt }: Moments): Html {
  return nextSweepAt === null ? nothing : renderFact("Next sweep", renderMoment(nextSweepAt, now));
}

/** When it was last swept and read, and how many groups it held then. */
function renderKnown(gateway: GatewayView, now: number): readonly Html[] {
  const { known, snapshot, status, durationSeconds, planOnly } = gateway;
  if (known === null) return [];
  const { lastSweptAt, lastReadAt } = known;
  const took = html`, took ${formatTook(durationSeconds)}`;
  const sweep =
    lastSweptAt === null
      ? html`none yet`
      : html`${renderMoment(lastSweptAt, now)}${planOnly ? nothing : took}`;
  const facts = [renderFact("Last sweep", sweep)];
  if (status === "failed") {
    const held = snapshot === null ? nothing : html`, ${countOf(snapshot.groups, "group")}`;
    const seen =
      lastReadAt === null
        ? html`never`
        : html`${renderClock(lastReadAt, now)} UTC${held} (${renderMoment(lastReadAt, now)})`;
    facts.push(renderFact("Last seen", seen));
  } else if (planOnly && lastReadAt !== null) {
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
