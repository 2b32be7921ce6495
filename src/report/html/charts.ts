import { formatAge, formatDuration } from "../../core/duration.ts";
import type { SweepReport } from "../../core/report.ts";
import type { Rule } from "../../core/rule.ts";
import { addUp, ageAt, agePosition, countForCharts, spanFrom, sumOf } from "../chart-counts.ts";
import type { ChartCounts, RuleCounts } from "../chart-counts.ts";
import { noFilter, type ReportQuery } from "../query.ts";
import { showText } from "../text.ts";
import { countOf, formatCount, formatMinute, renderMoment, type Links } from "./parts.ts";
import { renderAxis, renderChart, renderLine, renderPlot, renderRow, renderText, type Bar } from "./plot.ts";
import { html, nothing, type Html } from "./template.ts";

/** What a service remembers for its charts. */
export interface ChartHistory {
  /** The latest ones, the oldest of them first. */
  readonly sweeps: readonly SweepMark[];
  /** Deleted groups by day, days since 1970 in UTC. */
  readonly deletionsByDay: ReadonlyMap<number, number>;
  /** Earlier deletions are not known, Unix seconds; null: those in the archive are. */
  readonly deletionsSince: number | null;
}

/** One sweep of all gateways. */
export interface SweepMark {
  /** When it ended, Unix seconds of the local clock. */
  readonly at: number;
  readonly dryRun: boolean;
  /** Groups; in a dry run those that a sweep would delete. */
  readonly deleted: number;
  readonly withheld: number;
  /** Gateways that could not be read. */
  readonly failedGateways: number;
  /** Deletions that had no effect, or none that could be seen. */
  readonly failedDeletions: number;
}

/** How many sweeps are shown. */
export const shownSweeps = 50;

/** How many days of deletions are shown, today included. */
export const shownDays = 30;

export const daySeconds = 86_400;

/** Heights of plots, pixels. */
const [high, middle, low] = [76, 44, 28];

/**
 * Charts of the groups in a report, unless those of no gateway are known, and of what a service remembers. What a bar shows is also in
 * words: in a tooltip, and in the label of its row.
 * @param history null: outside of a service
 */
export function renderCharts(
  report: SweepReport | null,
  history: ChartHistory | null,
  now: number,
  links: Links | null,
): Html {
  const charts: Html[] = [];
  if (report?.gateways.some(({ snapshot }) => snapshot !== null) === true) {
    const second = Math.floor(now);
    const counts = countForCharts(report, second);
    charts.push(
      renderExpiries(counts, "hours", second, links),
      renderExpiries(counts, "days", second, links),
    );
    charts.push(renderAges(counts, links));
  }
  if (history !== null)
    charts.push(html`<div>${renderSweeps(history.sweeps, now)} ${renderDeletionDays(history, now)}</div>`);
  return charts.length === 0 ? nothing : html`<div class="charts">${charts}</div> `;
}

/** How many groups expire in each hour or day to come: of all rules, and of each. */
function renderExpiries(
  { rules, nextExpiryAt }: ChartCounts,
  unit: "hours" | "days",
  now: number,
  links: Links | null,
): Html {
  const [id, period] = [`expiring-${unit}`, unit === "hours" ? "24 hours" : "7 days"];
  const title = `Expiring in the next ${period}`;
  const rows = chooseRows(rules, (counts) => sumOf(counts[unit]));
  if (rows.length === 0) {
    const next =
      nextExpiryAt === null ? nothing : html` The next group does ${renderMoment(nextExpiryAt, now)}.`;
    return renderChart(id, title, html`Nothing expires in the next ${period}.${next}`, []);
  }
  const { slots, slotSeconds, startsAt } = spanFrom(now, unit);
  const startOf = (slot: number): number => startsAt + slot * slotSeconds;
  // Hours are labelled where they begin, days in their middle.
  const ticks = Array.from({ length: slots }, (_, slot) => slot)
    .filter((slot) => unit === "days" || (startOf(slot) / slotSeconds) % 6 === 0)
    .map((slot) =>
      unit === "hours"
        ? { at: slot / slots, text: hourOf(startOf(slot)) }
        : { at: (slot + 0.5) / slots, text: dayOf(startOf(slot)).slice(0, -4) },
    );
  const lines = rows.length === 1 ? rows : [{ name: "All rules", counts: addUp(rules), query: {} }, ...rows];
  return renderChart(
    id,
    title,
    html`Groups by ${unit === "hours" ? "hour" : "day"} (UTC), if nobody pushes until then; each rule to its
    own scale.`,
    [
      ...lines.map(({ name, counts, query }, index) => {
        const linkTo = (from: number, until: number): string | null =>
          linkToGroups(links, query && { ...query, expiresFrom: Math.max(from, now), expiresUntil: until });
        const bars = counts[unit].map((count, slot): Bar => {
          const [from, until] = [startOf(slot), startOf(slot + 1)];
          const when = unit === "hours" ? `${hourOf(from)} to ${hourOf(until)}` : dayOf(from);
          const title = count === 0 ? "" : `${when}: ${countOf(count, "group")}`;
          return { parts: [[count, "younger"]], title, href: linkTo(from, until) };
        });
        const scale = index === 0 ? { height: high, hasPeak: true } : { height: low };
        const grid = unit === "hours" ? ticks.map(({ at }) => at) : [];
        return renderRow(
          renderName(name, linkTo(now, startOf(slots))),
          html`${formatCount(sumOf(counts[unit]))}`,
          renderPlot({ name, bars, grid, ...scale }),
        );
      }),
      renderAxis(ticks),
    ],
  );
}

const ageTicks = [60, 600, 3600, 21_600, 86_400, 604_800, 2_592_000, 31_536_000] as const;

/** How old the groups of each rule are, and its TTL. */
function renderAges({ rules }: ChartCounts, links: Links | null): Html {
  const title = "Ages and TTLs";
  const rows = chooseRows(rules, ({ younger, older }) => sumOf(younger) + sumOf(older));
  if (rows.length === 0) return renderChart("ages", title, html`There are no groups with a known age.`, []);
  return renderChart(
    "ages",
    title,
    html`Groups by the time since their last push, on a logarithmic axis; each rule to its own scale. A good
    TTL lies well to the right of the groups that are alive.`,
    [
      ...rows.map(({ name, counts: { rule, younger, older }, query }) => {
        const expired = sumOf(older);
        const bars = younger.map((count, slot): Bar => {
          const late = older[slot] ?? 0;
          const words = [
            ...(count === 0 ? [] : [countOf(count, "group")]),
            ...(late === 0 ? [] : [`${countOf(late, "group")} over TTL`]),
          ];
          const ages = `${formatAge(ageAt(slot))} to ${formatAge(ageAt(slot + 1))}`;
          return {
            parts: [
              [count, "younger"],
              [late, "older"],
            ],
            title: words.length === 0 ? "" : `${ages}: ${words.join(", ")}`,
          };
        });
        const over =
          expired === 0 ? nothing : html`<span class="late">${formatCount(expired)} over TTL</span>`;
        return renderRow(
          renderName(name, linkToGroups(links, query && { ...query, sort: "age" })),
          html`${formatCount(sumOf(younger) + expired)}${over}`,
          renderPlot({
            name,
            bars,
            height: middle,
            grid: ageTicks.slice(1, -1).map(agePosition),
            over: rule === null ? nothing : renderTtl(rule),
          }),
        );
      }),
      renderAxis(ageTicks.map((age) => ({ at: agePosition(age), text: formatDuration(age) }))),
    ],
  );
}

/** A line at each TTL of a rule, with its name on the side that has room. */
function renderTtl(rule: Rule): Html {
  if (rule.action === "keep") return renderText("kept, no TTL", 1, 12, "left");
  const { ttlSeconds, vanished } = rule;
  const at = agePosition(ttlSeconds);
  const line = html`${renderLine("ttl", at, 3, middle)}
  ${renderText(`TTL ${formatDuration(ttlSeconds)}`, at, 12, at > 0.75 ? "left" : "right")}`;
  if (vanished === null) return line;
  const goneAt = agePosition(vanished.ttlSeconds);
  const text = `vanished ${formatDuration(vanished.ttlSeconds)}`;
  return html`${renderLine("ttl vanished", goneAt, 3, middle)}
  ${goneAt < 0.25 || (at > 0.75 && at < goneAt + 0.25) ? nothing : renderText(text, goneAt, 12, "left")}${line}`;
}

/** The latest sweeps, one column each, and what came of them. */
function renderSweeps(sweeps: readonly SweepMark[], now: number): Html {
  const title = "Latest sweeps";
  const [first, last] = [sweeps[0], sweeps.at(-1)];
  if (first === undefined || last === undefined)
    return renderChart("sweeps", title, html`There was no sweep since the start.`, []);
  const line = (
    name: string,
    value: string,
    partOf: (sweep: SweepMark) => readonly [number, string],
  ): Html => {
    const bars = sweeps.map((sweep): Bar => ({ parts: [partOf(sweep)], title: describeSweep(sweep) }));
    const before = Array.from({ length: shownSweeps - sweeps.length }, (): Bar => ({ parts: [], title: "" }));
    return renderRow(
      renderName(name, null),
      html`${value}`,
      renderPlot({ name, bars: [...before, ...bars], height: low }),
    );
  };
  const failed = sweeps.filter(({ failedGateways, failedDeletions }) => failedGateways + failedDeletions > 0);
  return renderChart(
    "sweeps",
    title,
    html`One column for each of ${countOf(sweeps.length, "sweep")}, the latest on the right.`,
    [
      line(
        last.dryRun ? "To delete" : "Deleted",
        last.dryRun
          ? `${formatCount(last.deleted)} now`
          : formatCount(sumOf(sweeps.map(({ dryRun, deleted }) => (dryRun ? 0 : deleted)))),
        ({ dryRun, deleted }) => [deleted, dryRun ? "planned" : "deleted"],
      ),
      line("Withheld", `${formatCount(last.withheld)} now`, ({ withheld }) => [withheld, "withheld"]),
      line("Failed", countOf(failed.length, "sweep"), (sweep) => [failed.includes(sweep) ? 1 : 0, "older"]),
      renderAxis([
        ...(sweeps.length < shownSweeps / 2
          ? []
          : [{ at: 1 - sweeps.length / shownSweeps, text: `${formatAge(now - first.at)} ago` }]),
        { at: 1, text: `${formatAge(now - last.at)} ago` },
      ]),
    ],
  );
}

function describeSweep(sweep: SweepMark): string {
  const { at, dryRun, deleted, withheld, failedGateways, failedDeletions } = sweep;
  const facts = [
    [deleted, `${formatCount(deleted)} ${dryRun ? "to delete" : "deleted"}`],
    [withheld, `${formatCount(withheld)} withheld`],
    [failedGateways, `${countOf(failedGateways, "gateway")} not readable`],
    [failedDeletions, `${countOf(failedDeletions, "deletion")} failed`],
  ] as const;
  const words = facts.flatMap(([count, text]) => (count === 0 ? [] : [text]));
  return `${formatMinute(at)}: ${words.join(", ") || "nothing to delete"}`;
}

/** Deleted groups by day; days of which nothing is known are empty. */
function renderDeletionDays({ deletionsByDay, deletionsSince }: ChartHistory, now: number): Html {
  const title = `Deleted in the last ${shownDays} days`;
  const today = Math.floor(now / daySeconds);
  const firstKnown = deletionsSince === null ? 0 : Math.floor(deletionsSince / daySeconds);
  const days = Array.from({ length: shownDays }, (_, index) => today - shownDays + 1 + index);
  const counts = days.map((day) => deletionsByDay.get(day) ?? 0);
  const since =
    deletionsSince === null
      ? nothing
      : html` since the start ${renderMoment(deletionsSince, now)}; only an archive knows earlier ones`;
  const total = sumOf(counts);
  if (total === 0) return renderChart("deleted", title, html`Nothing was deleted${since}.`, []);
  const bars = days.map((day, index): Bar => ({
    parts: [[counts[index] ?? 0, "deleted"]],
    title: day < firstKnown ? "" : `${dayOf(day * daySeconds)}: ${countOf(counts[index] ?? 0, "group")}`,
  }));
  const ticks = days.flatMap((day, index) =>
    (today - day) % 7 === 0
      ? [{ at: (index + 0.5) / shownDays, text: dayOf(day * daySeconds).slice(4) }]
      : [],
  );
  return renderChart("deleted", title, html`Groups by day (UTC)${since}.`, [
    renderRow(
      renderName("All rules", null),
      html`${formatCount(total)}`,
      renderPlot({ name: "All rules", bars, height: high, hasPeak: true }),
    ),
    renderAxis(ticks),
  ]);
}

interface Row {
  readonly name: string;
  readonly counts: RuleCounts;
  /** Selects its groups; null: no query does. */
  readonly query: Partial<ReportQuery> | null;
}

/** A chart with more rows is too high to be read; the smaller ones share the last. */
const maxRows = 8;

/** Those that have groups, in their order. */
function chooseRows(rules: readonly RuleCounts[], sizeOf: (counts: RuleCounts) => number): readonly Row[] {
  const used = rules.filter((counts) => sizeOf(counts) > 0);
  const bySize = used.toSorted((a, b) => sizeOf(b) - sizeOf(a));
  const small = new Set(used.length > maxRows ? bySize.slice(maxRows - 1) : []);
  const rows = used
    .filter((counts) => !small.has(counts))
    .map((counts): Row => {
      const { rule } = counts;
      if (rule === null) return { name: "no rule", counts, query: null };
      return { name: showText(rule.name), counts, query: { rule: rule.name } };
    });
  if (small.size === 0) return rows;
  return [...rows, { name: `${small.size} other rules`, counts: addUp([...small]), query: null }];
}

function linkToGroups(links: Links | null, query: Partial<ReportQuery> | null): string | null {
  return links === null || query === null ? null : `${links.to({ ...noFilter, ...query })}#groups`;
}

function renderName(name: string, href: string | null): Html {
  const text = html`<bdi title="${name}">${name}</bdi>`;
  return href === null ? text : html`<a href="${href}">${text}</a>`;
}

/** `14:00` in UTC. */
function hourOf(at: number): string {
  return formatMinute(at).slice(11);
}

/** `Mon 30 Nov` in UTC. */
function dayOf(at: number): string {
  const [weekday = "", day = "", month = ""] = new Date(at * 1000).toUTCString().split(/,? /);
  return `${weekday} ${Number(day)} ${month}`;
}
