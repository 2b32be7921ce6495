import { formatAge } from "../core/duration.ts";
import {
  outdatedSince,
  type GatewayReport,
  type GatewayStatus,
  type KnownSince,
  type SnapshotFacts,
} from "../core/report.ts";
import { formatTime } from "../core/time.ts";
import { countGroups, type Totals } from "../core/totals.ts";
import { withholdReasons, type WithholdReason } from "../core/verdict.ts";
import { adviseOnError, adviseOnWithheld } from "./advice.ts";
import { countOf } from "../core/printable.ts";
import { showText } from "./text.ts";

/** Groups that have expired and stay, because of one limit or doubt. */
interface WithheldView {
  readonly reason: WithholdReason;
  readonly groups: number;
  readonly advice: string;
}

/** One gateway without its groups. */
export interface GatewayView {
  readonly name: string;
  readonly url: string;
  readonly status: GatewayStatus;
  /** Nothing was deleted, and nothing was to be: a dry run, or a read before the first sweep. */
  readonly planOnly: boolean;
  /** null: outside of a service. */
  readonly known: KnownSince | null;
  /** The snapshot is older than the last sweep, which could not read the gateway. */
  readonly outdated: boolean;
  readonly snapshot: SnapshotFacts | null;
  readonly consistent: boolean | null;
  readonly durationSeconds: number;
  readonly totals: Totals;
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
  const totals = countGroups(entries);
  const circumstances = snapshot === null ? [] : describeCircumstances(snapshot);
  const deletions = planOnly ? `${totals.verdicts.delete} to delete` : describeDeletions(totals);
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
    facts: [...counts, ...circumstances],
    circumstances,
    error:
      error === null
        ? null
        : { code: error.code, message: showText(error.message), advice: adviseOnError(error.code) },
    withheld: viewWithheld(totals),
    notes: notes.map(showText),
  };
}

/** What is withheld, by reason. */
function viewWithheld({ reasons }: Totals): readonly WithheldView[] {
  return withholdReasons
    .filter((reason) => reasons[reason] > 0)
    .map((reason) => ({ reason, groups: reasons[reason], advice: adviseOnWithheld(reason) }));
}

function describeCounts(
  { groups }: SnapshotFacts,
  { verdicts }: Totals,
  deletions: string,
): readonly string[] {
  const withheld = verdicts.withhold > 0 ? [`${verdicts.withhold} withheld`] : [];
  return [countOf(groups, "group"), `${verdicts.keep} kept`, ...withheld, deletions];
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

/** For example `12 deleted, 1 still there`. */
function describeDeletions(totals: Totals): string {
  return [`${totals.deleted} deleted`, ...describeTrouble(totals)].join(", ");
}

/** Of the planned deletions, those that did not end with the group gone by a DELETE, and gone only. */
export function describeTrouble({ outcomes }: Totals): readonly string[] {
  const { gone_already: goneAlready, pushed_again: pushedAgain, still_there: stillThere, failed } = outcomes;
  return [
    ...(pushedAgain > 0 ? [`${pushedAgain} of them pushed again`] : []),
    ...(goneAlready > 0 ? [`${goneAlready} gone already`] : []),
    ...(stillThere > 0 ? [`${stillThere} still there`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
}
