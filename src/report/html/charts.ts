import { formatAge, formatDuration } from "../../core/duration.ts";
import type { SweepReport } from "../../core/report.ts";
import type { Rule } from "../../core/rule.ts";
import { addUp, ageAt, agePosition, countForCharts, spanFrom, sumOf } from "../chart-counts.ts";
import type { ChartCounts, RuleCounts } from "../chart-counts.ts";
import { noFilter, type ReportQuery } from "../query.ts";
import { showText } from "../text.ts";
import { countOf, formatCount, formatMinute, renderMoment, type Links } from "./parts.ts";
import { renderAxis, renderChart, renderLine, renderRow, renderText, type Bar } from "./plot.ts";
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
  const byHour = unit === "hours";
  const [id, period] = [`expiring-${unit}`, byHour ? "24 hours" : "7 days"];
  const title = `Expiring in the next ${period}`;
  const rows = chooseRows(rules, (counts) => sumOf(counts[unit]));
  if (rows.length === 0) {
    const next =
      nextExpiryAt === null ? nothing : html` The next group does ${renderMoment(nextExpiryAt, now)}.`;
    return renderChart(id, title, html`Nothing expires in the next ${period}.${next}`, []);
  }
  if (rows.length > 1) rows.unshift({ name: "All rules", counts: addUp(rules), query: {} });
  const { slots, slotSeconds, startsAt } = spanFrom(now, unit);
  const starts = Array.from({ length: slots }, (_, slot) => startsAt + slot * slotSeconds);
  // Hours are labelled where they begin, days in their middle.
  const ticks = starts.flatMap((at, slot) => {
    if (!byHour) return { at: (slot + 0.5) / slots, text: dayOf(at).slice(0, -4) };
    return (at / slotSeconds) % 6 === 0 ? { at: slot / slots, text: hourOf(at) } : [];
  });
  const lines = rows.map(({ name, counts, query }, index) => {
    const linkTo = (from: number, until: number): string | null =>
      linkToGroups(links, query && { ...query, expiresFrom: Math.max(from, now), expiresUntil: until });
    return renderRow({
      name,
      href: linkTo(now, startsAt + slots * slotSeconds),
      value: html`${formatCount(sumOf(counts[unit]))}`,
      bars: starts.map((from, slot): Bar => {
        const count = counts[unit][slot] ?? 0;
        const until = from + slotSeconds;
        const when = byHour ? `${hourOf(from)} to ${hourOf(until)}` : dayOf(from);
        const title = count === 0 ? "" : `${when}: ${countOf(count, "group")}`;
        return { parts: [[count, "younger"]], title, href: linkTo(from, until) };
      }),
      height: index === 0 ? high : low,
      hasPeak: index === 0,
      grid: byHour ? ticks.map(({ at }) => at) : [],
    });
  });
  const note = html`Groups by ${byHour ? "hour" : "day"} (UTC), if nobody pushes until then; each rule to its
  own scale.`;
  return renderChart(id, title, note, [...lines, renderAxis(ticks)]);
}

const ageTicks = [60, 600, 3600, 21_600, 86_400, 604_800, 2_592_000, 31_536_000].map((age) => ({
  at: agePosition(age),
  text: formatDuration(age),
}));

/** How old the groups of each rule are, and its TTL. */
function renderAges({ rules }: ChartCounts, links: Links | null): Html {
  const title = "Ages and TTLs";
  const rows = chooseRows(rules, ({ younger, older }) => sumOf(younger) + sumOf(older));
  if (rows.length === 0) return renderChart("ages", title, html`There are no groups with a known age.`, []);
  const lines = rows.map(({ name, counts: { rule, younger, older }, query }) => {
    const late = sumOf(older);
    return renderRow({
      name,
      href: linkToGroups(links, query && { ...query, sort: "age" }),
      value: html`${formatCount(sumOf(younger) + late)}${
        late === 0 ? nothing : html`<span class="late">${formatCount(late)} over TTL</span>`
      }`,
      bars: younger.map((inTime, slot): Bar => {
        const over = older[slot] ?? 0;
        const words = [
          ...(inTime === 0 ? [] : [countOf(inTime, "group")]),
          ...(over === 0 ? [] : [`${countOf(over, "group")} over TTL`]),
        ];
        const ages = `${formatAge(ageAt(slot))} to ${formatAge(ageAt(slot + 1))}`;
        const title = words.length === 0 ? "" : `${ages}: ${words.join(", ")}`;
        return {
          parts: [
            [inTime, "younger"],
            [over, "older"],
          ],
          title,
        };
      }),
      height: middle,
      grid: ageTicks.map(({ at }) => at),
      over: rule === null ? nothing : renderTtl(rule),
    });
  });
  const note = html`Groups by the time since their last push, on a logarithmic axis; each rule to its own
  scale. A good TTL lies well to the right of the groups that are alive.`;
  return renderChart("ages", title, note, [...lines, renderAxis(ageTicks)]);
}

/** A line at each TTL of a rule, with its name on the side that has room. */
function renderTtl(rule: Rule): Html {
  if (rule.action === "keep") return renderText("kept, no TTL", 1, 12, "left");
  const at = agePosition(rule.ttlSeconds);
  const text = renderText(`TTL ${formatDuration(rule.ttlSeconds)}`, at, 12, at > 0.75 ? "left" : "right");
  const line = html`${renderLine("ttl", at, 3, middle)}${text}`;
  if (rule.vanished === null) return line;
  const { ttlSeconds } = rule.vanished;
  const goneAt = agePosition(ttlSeconds);
  const hasRoom = goneAt > 0.25 && (at <= 0.75 || at > goneAt + 0.25);
  const goneText = renderText(`vanished ${formatDuration(ttlSeconds)}`, goneAt, 12, "left");
  return html`${renderLine("ttl vanished", goneAt, 3, middle)}${hasRoom ? goneText : nothing}${line}`;
}

/** The latest sweeps, one column each, and their results. */
function renderSweeps(sweeps: readonly SweepMark[], now: number): Html {
  const title = "Latest sweeps";
  const last = sweeps.at(-1);
  if (last === undefined) return renderChart("sweeps", title, html`There was no sweep since the start.`, []);
  const before = Array.from({ length: shownSweeps - sweeps.length }, (): Bar => ({ parts: [], title: "" }));
  const line = (name: string, value: string, part: (sweep: SweepMark) => readonly [number, string]): Html =>
    renderRow({
      name,
      href: null,
      value: html`${value}`,
      bars: [...before, ...sweeps.map((sweep) => ({ parts: [part(sweep)], title: describeSweep(sweep) }))],
      height: low,
    });
  const isFailed = (sweep: SweepMark): boolean => sweep.failedGateways + sweep.failedDeletions > 0;
  const total = sumOf(sweeps.map(({ dryRun, deleted }) => (dryRun ? 0 : deleted)));
  return renderChart("sweeps", title, html`One column for each, the latest on the right.`, [
    line(
      last.dryRun ? "To delete" : "Deleted",
      last.dryRun ? `${formatCount(last.deleted)} now` : formatCount(total),
      ({ dryRun, deleted }) => [deleted, dryRun ? "planned" : "deleted"],
    ),
    line("Withheld", `${formatCount(last.withheld)} now`, ({ withheld }) => [withheld, "withheld"]),
    line("Failed", countOf(sweeps.filter(isFailed).length, "sweep"), (sweep) => [
      isFailed(sweep) ? 1 : 0,
      "older",
    ]),
    renderAxis([
      { at: 0, text: `${shownSweeps} sweeps ago` },
      { at: 1, text: `${formatAge(now - last.at)} ago` },
    ]),
  ]);
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
  const since =
    deletionsSince === null
      ? nothing
      : html` since the start ${renderMoment(deletionsSince, now)}; only an archive knows earlier ones`;
  const firstDay = Math.floor(now / daySeconds) - shownDays + 1;
  const days = Array.from({ length: shownDays }, (_, index) => {
    const at = (firstDay + index) * daySeconds;
    const isKnown = at + daySeconds > (deletionsSince ?? 0);
    return { at, isKnown, count: deletionsByDay.get(firstDay + index) ?? 0 };
  });
  const total = sumOf(days.map(({ count }) => count));
  if (total === 0) return renderChart("deleted", title, html`Nothing was deleted${since}.`, []);
  const ticks = days.flatMap(({ at }, index) =>
    (shownDays - 1 - index) % 7 === 0 ? { at: (index + 0.5) / shownDays, text: dayOf(at).slice(4) } : [],
  );
  return renderChart("deleted", title, html`Groups by day (UTC)${since}.`, [
    renderRow({
      name: "All rules",
      href: null,
      value: html`${formatCount(total)}`,
      bars: days.map(({ at, isKnown, count }) => ({
        parts: [[count, "deleted"]],
        title: isKnown ? `${dayOf(at)}: ${countOf(count, "group")}` : "",
      })),
      height: high,
      hasPeak: true,
    }),
    renderAxis(ticks),
  ]);
}

interface RuleRow {
  readonly name: string;
  readonly counts: RuleCounts;
  /** Selects its groups; null: no query does. */
  readonly query: Partial<ReportQuery> | null;
}

/** A chart with more rows is too high to be read; the smaller ones share the last. */
const maxRows = 8;

/** The rules that have groups, in their order. */
function chooseRows(rules: readonly RuleCounts[], sizeOf: (counts: RuleCounts) => number): RuleRow[] {
  const used = rules.filter((counts) => sizeOf(counts) > 0);
  const bySize = used.toSorted((a, b) => sizeOf(b) - sizeOf(a));
  const small = new Set(used.length > maxRows ? bySize.slice(maxRows - 1) : []);
  const rows = used.flatMap((counts): RuleRow | [] => {
    const { rule } = counts;
    if (small.has(counts)) return [];
    if (rule === null) return { name: "no rule", counts, query: null };
    return { name: showText(rule.name), counts, query: { rule: rule.name } };
  });
  if (small.size > 0)
    rows.push({ name: `${small.size} other rules`, counts: addUp([...small]), query: null });
  return rows;
}

function linkToGroups(links: Links | null, query: Partial<ReportQuery> | null): string | null {
  return links === null || query === null ? null : links.to({ ...noFilter, ...query });
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
