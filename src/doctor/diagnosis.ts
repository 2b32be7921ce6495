import type { Clock } from "../core/time.ts";
import type { Group } from "../core/group.ts";
import type { SnapshotFacts } from "../core/report.ts";
import type { HealthProbe } from "../gateway/pace.ts";
import type { HttpClient } from "../http/client.ts";
import type { GatewayInfo } from "../gateway/status.ts";
import { formatLabels } from "../core/labels.ts";
import { renderCommand } from "../core/printable.ts";
import type { Culprit, Side } from "./culprit.ts";

export interface DiagnoseOptions {
  readonly name: string;
  readonly url: string;
  readonly client: HttpClient;
  readonly clock: Clock;
  /** Names of gauges whose values the rules need. */
  readonly gauges: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/** Why a gateway cannot serve everything it holds. A closed union, like the reasons of verdicts. */
export type FindingReason =
  | "duplicate_series"
  | "type_conflict"
  | "name_collision"
  | "gateway_family"
  | "invalid_series"
  | "empty_family"
  | "unexplained";

/** One thing that makes a gateway inconsistent or breaks its API, and the groups that cause it. */
export interface Finding {
  readonly reason: FindingReason;
  /** The metric it is about; null if unknown. */
  readonly family: string | null;
  /** In the gateway's own words, or ours where it has none. */
  readonly evidence: string;
  /** The sides of the conflict; a single side is wrong by itself. Empty: no group could be named. */
  readonly sides: readonly Side[];
  /** One of these ends it; the least loss comes first. A single one is certain; of several, a person has to choose. */
  readonly deletions: readonly Side[];
  /** Why there are no deletions; of no meaning if there are. */
  readonly why: string;
}

/** The groups whose deletion is certain to help. */
export function certainCulprits(findings: readonly Finding[]): readonly Culprit[] {
  return findings.flatMap(({ deletions: [first, ...others] }) => (others.length === 0 ? (first ?? []) : []));
}

/** What was found at a gateway at one moment. */
export interface Diagnosis {
  readonly name: string;
  readonly url: string;
  /** Why nothing could be examined; everything else is null or empty then. */
  readonly unreachable: GatewayFault | null;
  readonly status: GatewayInfo | null;
  readonly health: HealthProbe | null;
  readonly exposition: ExpositionState;
  readonly api: ApiState;
  readonly snapshot: Pick<SnapshotFacts, "takenAt" | "groups" | "sizeBytes" | "durationSeconds"> | null;
  /** As the API shows them; empty if it does not answer. */
  readonly groups: readonly Group[];
  readonly findings: readonly Finding[];
  readonly undeletable: readonly Undeletable[];
}

/** A group that the janitor never deletes, because it cannot be sure to name it. */
export interface Undeletable {
  readonly group: Group;
  readonly why: string;
  /** Of the DELETE that a person can send, below the gateway's prefix; null: there is none. */
  readonly path: string | null;
}

export interface GatewayFault {
  readonly code: string;
  readonly message: string;
}

/** `/metrics`, which Prometheus scrapes. `unknown`: it could not be read, which says nothing about the groups. */
export type ExpositionState =
  | { readonly state: "consistent" }
  | { readonly state: "inconsistent"; readonly complaints: number; readonly cutOff: boolean }
  | { readonly state: "unknown"; readonly fault: GatewayFault };

/** `/api/v1/metrics`, which the janitor reads. `broken`: the gateway closes the connection without an answer. */
export type ApiState =
  { readonly state: "answers" } | { readonly state: "broken" | "unknown"; readonly fault: GatewayFault };

/**
 * - `inconsistent`: `/metrics` or the API are broken by a group that the gateway holds
 * - `unknown`: it answers, but not everything that a judgement needs
 * - `unreachable`: it does not answer, or is no Pushgateway
 */
type Condition = "healthy" | "inconsistent" | "unknown" | "unreachable";

export function conditionOf({ unreachable, exposition, api, health }: Diagnosis): Condition {
  if (unreachable !== null) return "unreachable";
  if (exposition.state === "inconsistent" || api.state === "broken") return "inconsistent";
  const known = exposition.state === "consistent" && api.state === "answers" && health?.health === "healthy";
  return known ? "healthy" : "unknown";
}

/** Whether the gateway accepts pushes now, as far as is known without pushing. */
export type PushState = "accepted" | "refused" | "unchecked" | "unknown";

/**
 * A checked push is accepted if everything together could be served by `/metrics`: the very check that its 500 reports.
 * Only a push to an offending group that corrects it would be accepted.
 */
export function pushStateOf({ exposition, status }: Diagnosis): PushState {
  if (status === null) return "unknown";
  if (!status.checksConsistency) return "unchecked";
  if (exposition.state === "unknown") return "unknown";
  return exposition.state === "consistent" ? "accepted" : "refused";
}

/** Groups whose last push was refused. */
export function refusedGroups({ groups }: Diagnosis): readonly Group[] {
  return groups.filter(({ lastSuccessAt, lastFailureAt }) => (lastFailureAt ?? 0) > (lastSuccessAt ?? 0));
}

/** The flags with which `delete` reaches this gateway and may delete one group of it. */
export type DeleteFlagsOf = (diagnosis: Diagnosis) => readonly string[];

/** The `delete --exact` that deletes the group; null: no read of the gateway would show exactly this group. */
export function deleteCommand(
  { labels, isNamed }: Culprit,
  { api, exposition }: Diagnosis,
  flags: readonly string[],
): string | null {
  const isReadable = api.state === "answers" || exposition.state === "consistent";
  if (!isNamed || !isReadable) return null;
  const source = api.state === "answers" ? [] : ["--source=exposition"];
  return renderCommand(["delete", "--exact", formatLabels(labels), ...flags, ...source]);
}

/** The requests that delete a group, as commands to paste. */
export function curlCommands(url: string, paths: readonly string[]): readonly string[] {
  // Always quoted, so that it remains correct when edited.
  return paths.map((path) => `curl -X DELETE '${`${url}${path}`.replaceAll("'", "%27")}'`);
}
