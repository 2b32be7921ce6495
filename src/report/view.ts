import { formatAge } from "../core/duration.ts";
import {
  isReadSinceSweep,
  outdatedSince,
  type GatewayError,
  type GatewayReport,
  type KnownSince,
  type SnapshotFacts,
  type ReportEntry,
  type SweepReport,
} from "../core/report.ts";
import { formatTime } from "../core/time.ts";
import { countGroups, type Totals, countByRule, type RuleTotals } from "../core/totals.ts";
import { withholdReasons, type WithholdReason, type Outcome, type Verdict } from "../core/verdict.ts";
import { adviseOnError, adviseOnWithheld } from "./advice.ts";
import { timeOrNever } from "../core/group.ts";
import { formatShortLabels, type Labels } from "../core/labels.ts";
import type { FailedQuery } from "../core/liveness.ts";
import { countOf } from "../core/printable.ts";
import { showText } from "./text.ts";

/** One gateway without its groups, as every renderer shows it. All texts are safe to print, but not to put into markup. */
export interface GatewayView extends Pick<
  GatewayReport,
  "name" | "url" | "status" | "snapshot" | "consistent" | "durationSeconds" | "notes"
> {
  /** As it is, to ask for its groups. */
  readonly id: string;
  /** Nothing was deleted, and nothing was to be: a dry run, or a read without a sweep. */
  readonly planOnly: boolean;
  /** null: outside of a service. */
  readonly known: KnownSince | null;
  /** The snapshot is older than the last sweep, which could not read the gateway. */
  readonly outdated: boolean;
  readonly totals: Totals;
  /** `14 groups`, `8 kept`, `6 to delete`; none if it could not be read. */
  readonly facts: readonly string[];
  /** Unusual facts that the decisions rest on, sentences. */
  readonly circumstances: readonly string[];
  readonly error: {
    readonly code: string;
    readonly message: string;
    /** The message without the command that it ends with. */
    readonly what: string;
    /** "": none. */
    readonly command: string;
    readonly advice: string | null;
  } | null;
  /** Groups that have expired and stay, by the limit or the doubt that is the reason. */
  readonly withheld: readonly {
    readonly reason: WithholdReason;
    readonly groups: number;
    readonly advice: string;
  }[];
}

export function viewGateway(report: GatewayReport, dryRun: boolean): GatewayView {
  const { name, url, status, known, snapshot, consistent, durationSeconds, entries, error } = report;
  const { failedQueries, notes } = report;
  const planOnly = dryRun || isReadSinceSweep(report);
  const totals = countGroups(entries);
  const circumstances = snapshot === null ? [] : describeCircumstances(snapshot);
  const counts = snapshot === null ? [] : describeCounts(snapshot, totals, planOnly);
  return {
    id: name,
    name: showText(name),
    url: showText(url),
    status,
    planOnly,
    known: known ?? null,
    outdated: outdatedSince(report) !== null,
    snapshot,
    consistent,
    durationSeconds,
    totals,
    facts: counts,
    circumstances,
    error: error && viewError(error),
    withheld: withholdReasons
      .filter((reason) => totals.reasons[reason] > 0)
      .map((reason) => ({ reason, groups: totals.reasons[reason], advice: adviseOnWithheld(reason) })),
    notes: [...failedQueries.map(describeFailedQuery), ...notes].map(showText),
  };
}

function viewError({ code, message, command = "" }: GatewayError): NonNullable<GatewayView["error"]> {
  const what = message.endsWith(command) ? message.slice(0, message.length - command.length) : message;
  return { code, message: showText(message), what: showText(what), command, advice: adviseOnError(code) };
}

function describeFailedQuery({ rule, message }: FailedQuery): string {
  return `rule ${rule}: every host counts as alive, because Prometheus did not say which hosts it knows: ${message}`;
}

function describeCounts({ groups }: SnapshotFacts, totals: Totals, planOnly: boolean): readonly string[] {
  const { verdicts, deleted } = totals;
  return [
    countOf(groups, "group"),
    `${verdicts.keep} kept`,
    ...(verdicts.withhold > 0 ? [`${verdicts.withhold} withheld`] : []),
    ...(planOnly ? [`${verdicts.delete} to delete`] : [`${deleted} deleted`, ...describeTrouble(totals)]),
  ];
}

/** The planned deletions that did not simply end with the group gone by a DELETE. */
export function describeTrouble({ outcomes }: Totals): readonly string[] {
  const troubles = [
    [outcomes.pushed_again, "of them pushed again"],
    [outcomes.gone_already, "gone already"],
    [outcomes.still_there, "still there"],
    [outcomes.failed, "failed"],
  ] as const;
  return troubles.flatMap(([count, words]) => (count > 0 ? [`${count} ${words}`] : []));
}

function describeCircumstances({ outage, takenAt, plannedFor }: SnapshotFacts): readonly string[] {
  const facts: string[] = [];
  if (outage !== null && outage.seconds >= 1) {
    const [from, to] = [outage.endedAt - outage.seconds, outage.endedAt].map(formatSecond);
    facts.push(
      `Ages do not include ${formatAge(outage.seconds)}, from ${from} to ${to} UTC, when the gateway was down or may have lost pushes (docs/guarantees.md#restarts).`,
    );
  }
  if (plannedFor !== undefined && takenAt !== null) {
    const ahead = formatAge(plannedFor - takenAt);
    facts.push(
      `This is the state at ${formatSecond(plannedFor)} UTC, in ${ahead}, if nobody pushes until then.`,
    );
  }
  return facts;
}

/** `2027-01-15 08:00:00` in UTC. */
function formatSecond(seconds: number): string {
  return formatTime(seconds).slice(0, 19).replace("T", " ");
}

/** The moment that a report is about, Unix seconds: `in 3h` counts from it. */
export function momentOf(snapshot: SnapshotFacts | null): number | null {
  return snapshot?.plannedFor ?? snapshot?.takenAt ?? null;
}

/** One group, as every renderer shows it. All but `labels` is safe to print, but not to put into markup. */
export interface Row extends Pick<ReportEntry, "ageSeconds" | "ttlSeconds" | "ttlSource" | "expiresAt"> {
  /** As they are: see {@link showLabels}. null: a pushed metric hides them. */
  readonly labels: Labels | null;
  readonly verdict: Verdict["verdict"];
  readonly reason: Verdict["reason"];
  /** The outcome, or else the verdict, in words. */
  readonly fate: string;
  readonly outcome: Outcome | null;
  readonly rule: string | null;
  /** The age as a part of the TTL, from 0 to beyond 1. null: no TTL, or no age. */
  readonly ttlUsed: number | null;
  /** Unix seconds; null: never, or unknown. Like `lastFailureAt`. */
  readonly lastSuccessAt: number | null;
  readonly lastFailureAt: number | null;
  /** null: unknown. */
  readonly series: number | null;
}

export const fates: Readonly<Record<Verdict["verdict"] | Outcome, string>> = {
  delete: "delete",
  withhold: "withheld",
  keep: "keep",
  gone: "deleted",
  gone_already: "gone already",
  pushed_again: "pushed again",
  still_there: "still there",
  failed: "failed",
};

export function viewRow(entry: ReportEntry): Row {
  const { group, verdict, rule, ageSeconds, ttlSeconds, ttlSource, expiresAt, outcome } = entry;
  return {
    labels: group.obstacle === "unreadable_labels" ? null : group.labels,
    verdict: verdict.verdict,
    reason: verdict.reason,
    fate: fates[outcome ?? verdict.verdict],
    outcome: outcome ?? null,
    rule: rule === null ? null : showText(rule.name),
    ageSeconds,
    ttlSeconds,
    ttlSource,
    ttlUsed: ageSeconds === null || ttlSeconds === null ? null : Math.max(0, ageSeconds) / ttlSeconds,
    expiresAt,
    lastSuccessAt: timeOrNever(group.lastSuccessAt),
    lastFailureAt: timeOrNever(group.lastFailureAt),
    series: group.series,
  };
}

/** An age in whole seconds for programs. It is rounded up: it exceeds a TTL of whole seconds if and only if the exact age does. */
export function wholeAge(ageSeconds: number | null): number | null {
  return ageSeconds === null ? null : Math.ceil(ageSeconds);
}

/** Shown instead of labels that are not known. */
export const hiddenLabels = "(labels hidden by a pushed metric)";

/** Safe to print, and cut to a length that can be read. */
export function showLabels(labels: Row["labels"]): string {
  return labels === null ? hiddenLabels : formatShortLabels(labels);
}

/** Totals per rule over all gateways whose groups are known; none while those of none are. */
export function countRules({
  gateways,
  rules,
}: Pick<SweepReport, "gateways" | "rules">): readonly RuleTotals[] {
  if (gateways.every(({ snapshot }) => snapshot === null)) return [];
  return countByRule(
    gateways.flatMap(({ entries }) => entries),
    rules,
  );
}
