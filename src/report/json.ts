import { timeOrNever } from "../core/group.ts";
import { stringifyPrintable } from "../core/json.ts";
import { labelsToObject } from "../core/labels.ts";
import type { GatewayReport, ReportEntry, SweepReport } from "../core/report.ts";
import { countGroups, type RuleTotals, type Totals } from "../core/totals.ts";
import { countRules } from "./rule-totals.ts";
import { formatTime } from "../core/time.ts";

/** Grows when a field changes its meaning or goes; new fields do not count. */
const schemaVersion = 1;

/** A gateway's own groups, still without any: nothing else of that name stands at this depth, and no text has line breaks of its own. */
const noGroups = '\n      "groups": []';

/** Renders a report as JSON with `schema_version` 1: times RFC 3339 in UTC, what is unknown is null. */
export function renderJson(report: SweepReport): Generator<string> {
  return renderSelected(
    report,
    {},
    report.gateways.map((gateway) => [gateway, gateway.entries]),
  );
}

/**
 * As {@link renderJson}, with some of the groups only. Group by group, because all of them together may be large.
 * @param facts further ones about the whole
 */
export function* renderSelected(
  report: SweepReport,
  facts: object,
  shown: readonly (readonly [GatewayReport, readonly ReportEntry[]])[],
): Generator<string> {
  const gateways = shown.map(([gateway]) => gatewayToJson(gateway, report.rules));
  const parts = stringifyPrintable({ ...sweepToJson(report), ...facts, gateways }, 2).split(noGroups);
  for (const [index, part] of parts.entries()) {
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
    yield `${index === 0 ? "" : ","}\n${stringifyPrintable(entryToJson(entry), 2)}`.replaceAll(
      "\n",
      "\n        ",
    );
  }
  yield "\n      ]";
}

/** The sweep without its gateways. */
function sweepToJson({ startedAt, finishedAt, dryRun }: SweepReport): object {
  return {
    schema_version: schemaVersion,
    started_at: formatTime(startedAt),
    finished_at: formatTime(finishedAt),
    dry_run: dryRun,
  };
}

/** A gateway without its groups; the totals are of all of them. */
function gatewayToJson(report: GatewayReport, rules: readonly string[]): object {
  const { name, url, status, error, snapshot, entries, reappeared, notes, known } = report;
  return {
    name,
    url,
    status,
    ...(error === null ? {} : { error }),
    ...(known === undefined
      ? {}
      : { last_swept_at: formatTime(known.lastSweptAt), last_read_at: formatTime(known.lastReadAt) }),
    snapshot:
      snapshot === null
        ? null
        : {
            taken_at: formatTime(snapshot.takenAt),
            ...(snapshot.plannedFor === undefined ? {} : { planned_for: formatTime(snapshot.plannedFor) }),
            groups: snapshot.groups,
            bytes: snapshot.sizeBytes,
            source: snapshot.source,
            clock_skew_seconds: snapshot.clockSkewSeconds,
            outage_seconds: snapshot.outageSeconds,
          },
    totals: totalsToJson(countGroups(entries)),
    rules: countRules({ gateways: [report], rules }).map(ruleToJson),
    reappeared: reappeared.map(({ rule, groups }) => ({ rule, groups: groups.map(labelsToObject) })),
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

function entryToJson({
  group,
  verdict,
  rule,
  ageSeconds,
  ttlSeconds,
  expiresAt,
  outcome,
}: ReportEntry): object {
  return {
    labels: labelsToObject(group.labels),
    verdict: verdict.verdict,
    reason: verdict.reason,
    rule: rule?.name ?? null,
    age_seconds: ageSeconds,
    ttl_seconds: ttlSeconds,
    expires_at: formatTime(expiresAt),
    last_success_at: formatTime(timeOrNever(group.lastSuccessAt)),
    last_failure_at: formatTime(timeOrNever(group.lastFailureAt)),
    series: group.series,
    ...(group.nativeHistograms.length === 0 ? {} : { native_histograms: group.nativeHistograms }),
    ...(outcome === undefined ? {} : { outcome }),
  };
}
