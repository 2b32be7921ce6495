import { formatAge } from "../core/duration.ts";
import { outdatedSince } from "../core/known-state.ts";
import {
  countVerdicts,
  type GatewayReport,
  type GatewayStatus,
  type KnownSince,
  type ReportEntry,
  type SnapshotFacts,
  type Totals,
} from "../core/report.ts";
import { formatTime } from "../core/time.ts";
import type { Outcome } from "../core/verdict.ts";
import { adviseOnError } from "./advice.ts";
import { countOf, showText } from "./text.ts";
import { countWithheld, type WithheldView } from "./withheld.ts";

/** One gateway without its groups. */
export interface GatewayView {
  readonly name: string;
  readonly url: string;
  readonly status: GatewayStatus;
  /** Nothing was deleted, and nothing was to be: a dry run, or a read before the first sweep. */
  readonly planOnly: boolean;
  /** null: not told, as outside of a service. */
  readonly known: KnownSince | null;
  /** The snapshot is older than the last sweep, which could not read the gateway. */
  readonly outdated: boolean;
  readonly snapshot: SnapshotFacts | null;
  readonly consistent: boolean | null;
  readonly durationSeconds: number;
  readonly totals: Totals;
  /** How many groups had which outcome. */
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** `14 groups`, `8 kept`, `6 to delete`, and then the circumstances; none if it could not be read. */
  readonly facts: readonly string[];
  /** What the decisions rest on, where it is out of the ordinary: `1h of outage not counted`. */
  readonly circumstances: readonly string[];
  readonly error: { readonly code: string; readonly message: string; readonly advice: string | null } | null;
  readonly withheld: readonly WithheldView[];
  readonly notes: readonly string[];
}

export function viewGateway(report: GatewayReport, dryRun: boolean): GatewayView {
  const { name, url, status, known, snapshot, consistent, durationSeconds, entries, error, notes } = report;
  const planOnly = dryRun || known?.lastSweptAt === null;
  const totals = countVerdicts(entries);
  const outcomes = countOutcomes(entries);
  const circumstances = snapshot === null ? [] : describeCircumstances(snapshot);
  const deletions = planOnly ? `${totals.delete} to delete` : describeOutcomes(outcomes);
  const counts = snapshot === null ? [] : describeCounts(snapshot, totals, deletions);
  return {
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
    outcomes,
    facts: [...counts, ...circumstances],
    circumstances,
    error:
      error === null
        ? null
        : { code: error.code, message: showText(error.message), advice: adviseOnError(error.code) },
    withheld: countWithheld(entries),
    notes: notes.map(showText),
  };
}

function describeCounts({ groups }: SnapshotFacts, totals: Totals, deletions: string): readonly string[] {
  const withheld = totals.withhold > 0 ? [`${totals.withhold} withheld`] : [];
  return [countOf(groups, "group"), `${totals.keep} kept`, ...withheld, deletions];
}

function describeCircumstances(snapshot: SnapshotFacts): readonly string[] {
  const { outageSeconds, clockSkewSeconds, takenAt, plannedFor } = snapshot;
  const facts: string[] = [];
  if (outageSeconds > 0) facts.push(`${formatAge(outageSeconds)} of outage not counted`);
  if (clockSkewSeconds !== null && clockSkewSeconds !== 0) {
    const direction = clockSkewSeconds > 0 ? "ahead" : "behind";
    facts.push(`this clock is ${formatAge(Math.abs(clockSkewSeconds))} ${direction}`);
  }
  if (plannedFor !== undefined && takenAt !== null) {
    const ahead = formatAge(plannedFor - takenAt);
    facts.push(`as of ${formatTime(plannedFor)} (in ${ahead}), if nobody pushes until then`);
  }
  return facts;
}

function countOutcomes(entries: readonly ReportEntry[]): Readonly<Record<Outcome, number>> {
  const counts = { gone: 0, gone_already: 0, pushed_again: 0, still_there: 0, failed: 0 };
  for (const { outcome } of entries) if (outcome !== undefined) counts[outcome] += 1;
  return counts;
}

/** For example `12 deleted, 1 still there`. */
function describeOutcomes(counts: Readonly<Record<Outcome, number>>): string {
  return [`${counts.gone} deleted`, ...describeTrouble(counts)].join(", ");
}

/** Of the deletions, those that did not end with the group gone. */
export function describeTrouble(counts: Readonly<Record<Outcome, number>>): readonly string[] {
  const { gone_already: goneAlready, pushed_again: pushedAgain, still_there: stillThere, failed } = counts;
  return [
    ...(goneAlready > 0 ? [`${goneAlready} gone already`] : []),
    ...(pushedAgain > 0 ? [`${pushedAgain} pushed again`] : []),
    ...(stillThere > 0 ? [`${stillThere} still there`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
}
