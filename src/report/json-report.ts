import { countAgesByJob } from "../core/ages.ts";
import { timeOrNever } from "../core/group.ts";
import { stringifyPrintable } from "../core/json.ts";
import { labelsToObject } from "../core/labels.ts";
import type { GatewayReport, ReportEntry, SweepReport } from "../core/report.ts";
import { formatTime } from "../core/time.ts";
import { countGroups, type RuleTotals, type Totals } from "../core/totals.ts";
import { ageFields } from "./ages.ts";
import { defaultQuery, maxPerPage, type QueryProblem, type ReportQuery } from "./query.ts";
import { askedGateways, pageOf, selectEntries, type GroupPage, type PrintSelection } from "./select.ts";
import { countRules, wholeAge } from "./view.ts";

/** Grows when a field changes its meaning or goes; new fields do not count. */
const schemaVersion = 1;

/**
 * Renders a report as JSON with `schema_version` 1: times RFC 3339 in UTC, unknown values are null.
 * @param ages whether to add the ages of each job
 */
export function renderJson(
  report: SweepReport,
  selection: PrintSelection = {},
  ages = false,
): Generator<string> {
  const shown = report.gateways.map(
    (gateway) => [gateway, selectEntries(gateway.entries, selection)] as const,
  );
  const jobsOf = ({ entries }: GatewayReport): readonly object[] =>
    countAgesByJob(selectEntries(entries, { match: selection.match })).map(ageFields);
  return renderParts(report, {}, shown, ages ? jobsOf : undefined);
}

/**
 * Renders the groups that a query selected, as {@link renderJson} does, and where they are: `matched` groups on `pages` pages. Every
 * gateway asked for is there, with the totals of the whole sweep, even if none of its groups are.
 */
export function renderApiReport(
  report: SweepReport,
  query: ReportQuery,
  { groups, matched, pages }: GroupPage,
): Generator<string> {
  const shown = new Map<GatewayReport, ReportEntry[]>(
    askedGateways(report.gateways, query).map((gateway) => [gateway, []]),
  );
  for (const { gateway, entry } of groups) shown.get(gateway)?.push(entry);
  return renderParts(report, { page: query.page, pages, per_page: query.perPage, matched }, [...shown]);
}

/** Of a notification: many receivers take a body of a megabyte, with its gateways and indentation. */
const maxGroupsBytes = 700_000;

/**
 * As {@link renderApiReport}: the first page of the groups that are deleted or withheld, for a notification. It has fewer groups if
 * their labels are long.
 */
export function renderWithoutKept(report: SweepReport): string {
  const groups = report.gateways.flatMap((gateway) =>
    gateway.entries.flatMap((entry) => (entry.verdict.verdict === "keep" ? [] : [{ gateway, entry }])),
  );
  let bytes = 0;
  const tooMany = groups.slice(0, maxPerPage).findIndex(({ entry }) => {
    bytes += Buffer.byteLength(stringifyPrintable(entryToJson(entry)));
    return bytes > maxGroupsBytes;
  });
  const query: ReportQuery = { ...defaultQuery, perPage: tooMany === -1 ? maxPerPage : Math.max(1, tooMany) };
  return [...renderApiReport(report, query, pageOf(groups, query))].join("");
}

/** Renders why a query cannot be answered. */
export function renderQueryProblem({ code, parameter, message, offset }: QueryProblem): string {
  return `${stringifyPrintable({ error: { code, parameter, message, offset } }, 2)}\n`;
}

/** Where a gateway's groups go: no other key of this name is as deep, and no text contains a line break. */
const noGroups = '\n      "groups": []';

/** Group by group, because all of them together may be large. */
function* renderParts(
  { startedAt, finishedAt, dryRun, rules }: SweepReport,
  paging: object,
  shown: readonly (readonly [GatewayReport, readonly ReportEntry[]])[],
  jobsOf?: (gateway: GatewayReport) => readonly object[],
): Generator<string> {
  const whole = {
    schema_version: schemaVersion,
    started_at: formatTime(startedAt),
    finished_at: formatTime(finishedAt),
    dry_run: dryRun,
    ...paging,
    gateways: shown.map(([gateway]) => gatewayToJson(gateway, rules, jobsOf?.(gateway))),
  };
  for (const [index, part] of stringifyPrintable(whole, 2).split(noGroups).entries()) {
    if (index > 0) yield* renderGroups(shown[index - 1]?.[1] ?? []);
    yield part;
  }
  yield "\n";
}

function* renderGroups(entries: readonly ReportEntry[]): Generator<string> {
  if (entries.length === 0) {
    yield noGroups;
    return;
  }
  yield noGroups.slice(0, -1);
  for (const [index, entry] of entries.entries()) {
    const separator = index === 0 ? "\n" : ",\n";
    yield (separator + stringifyPrintable(entryToJson(entry), 2)).replaceAll("\n", "\n        ");
  }
  yield "\n      ]";
}

/** A gateway without its groups; the totals are of all of them. */
function gatewayToJson(
  report: GatewayReport,
  rules: readonly string[],
  jobs: readonly object[] | undefined,
): object {
  const { name, url, status, error, snapshot, entries, reappeared, failedQueries, notes, known } = report;
  return {
    name,
    url,
    status,
    ...(error !== null && { error }),
    ...(known !== undefined && {
      last_swept_at: formatTime(known.lastSweptAt),
      last_read_at: formatTime(known.lastReadAt),
    }),
    snapshot: snapshot && {
      taken_at: formatTime(snapshot.takenAt),
      ...(snapshot.plannedFor !== undefined && { planned_for: formatTime(snapshot.plannedFor) }),
      groups: snapshot.groups,
      bytes: snapshot.sizeBytes,
      source: snapshot.source,
      clock_skew_seconds: snapshot.clockSkewSeconds,
      outage_seconds: snapshot.outage?.seconds ?? 0,
      outage_ended_at: formatTime(snapshot.outage?.endedAt ?? null),
    },
    totals: totalsToJson(countGroups(entries)),
    rules: countRules({ gateways: [report], rules }).map(ruleToJson),
    ...(jobs !== undefined && { jobs }),
    reappeared: reappeared.map(({ rule, groups }) => ({ rule, groups: groups.map(labelsToObject) })),
    failed_queries: failedQueries.map(({ rule, message }) => ({ rule, message })),
    notes,
    groups: [],
  };
}

function ruleToJson({ rule, ...totals }: RuleTotals): object {
  const nextExpiryAt = formatTime(totals.nextExpiryAt);
  return { rule, groups: totals.groups, ...totalsToJson(totals), next_expiry_at: nextExpiryAt };
}

function totalsToJson({ verdicts, expired, deleted }: Totals): object {
  return { ...verdicts, expired, deleted };
}

function entryToJson(entry: ReportEntry): object {
  const { group, verdict, rule, ageSeconds, ttlSeconds, ttlSource, expiresAt, outcome } = entry;
  return {
    labels: labelsToObject(group.labels),
    verdict: verdict.verdict,
    reason: verdict.reason,
    rule: rule?.name ?? null,
    age_seconds: wholeAge(ageSeconds),
    ttl_seconds: ttlSeconds,
    ttl_source: ttlSource,
    expires_at: formatTime(expiresAt),
    last_success_at: formatTime(timeOrNever(group.lastSuccessAt)),
    last_failure_at: formatTime(timeOrNever(group.lastFailureAt)),
    series: group.series,
    ...(group.nativeHistograms.length > 0 && { native_histograms: group.nativeHistograms }),
    ...(outcome !== undefined && { outcome }),
  };
}
