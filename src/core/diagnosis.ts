import type { Group } from "./group.ts";
import type { Remedy, Side } from "./remedy.ts";

/** Why a gateway cannot serve everything it holds. A closed union, like the reasons of verdicts. */
export const findingReasons = [
  "duplicate_series",
  "type_conflict",
  "name_collision",
  "gateway_family",
  "invalid_series",
  "empty_family",
  "unexplained",
] as const;

export type FindingReason = (typeof findingReasons)[number];

/** One thing that makes a gateway inconsistent or breaks its API, and which groups do it. */
export interface Finding {
  readonly reason: FindingReason;
  /** The metric it is about; null if unknown. */
  readonly family: string | null;
  /** In the gateway's own words, or ours where it has none. */
  readonly evidence: string;
  /** Who stands against whom; a single side is wrong by itself. Empty: nobody could be named. */
  readonly sides: readonly Side[];
  readonly remedy: Remedy;
}

/** What one look at a gateway showed. */
export interface Diagnosis {
  readonly name: string;
  readonly url: string;
  /** Why there was nothing to look at; everything else is null or empty then. */
  readonly unreachable: GatewayFault | null;
  readonly status: GatewayFacts | null;
  /** `/-/healthy`. */
  readonly health: {
    readonly healthy: boolean;
    readonly durationSeconds: number;
    /** URL, status and remedy; null: healthy. */
    readonly problem: string | null;
  } | null;
  readonly exposition: ExpositionState;
  readonly api: ApiState;
  readonly look: Look | null;
  /** As the API told them; empty if it did not. */
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

export interface GatewayFacts {
  readonly version: string;
  /** Unix seconds; null: it does not tell. */
  readonly startedAt: number | null;
  readonly utf8Names: boolean;
  /** Whether pushes are checked against everything: the default. */
  readonly checksConsistency: boolean;
}

/** `/metrics`, what Prometheus scrapes. `unknown`: it could not be read, which says nothing about the groups. */
export type ExpositionState =
  | { readonly state: "consistent" }
  | { readonly state: "inconsistent"; readonly complaints: number; readonly cutOff: boolean }
  | { readonly state: "unknown"; readonly fault: GatewayFault };

/** `/api/v1/metrics`, what the janitor reads. `broken`: the gateway closes the connection without an answer. */
export type ApiState =
  | { readonly state: "answers" }
  | { readonly state: "broken"; readonly fault: GatewayFault }
  | { readonly state: "unknown"; readonly fault: GatewayFault };

/** What reading all groups cost. */
export interface Look {
  /** The time that ages count by, at its start, Unix seconds; null: not known. */
  readonly takenAt: number | null;
  readonly groups: number;
  readonly sizeBytes: number;
  readonly durationSeconds: number;
}

/**
 * - `inconsistent`: `/metrics` or the API are broken by what the gateway holds
 * - `unknown`: it answers, but not everything that a judgement needs
 * - `unreachable`: it does not answer, or is no Pushgateway
 */
export type Condition = "healthy" | "inconsistent" | "unknown" | "unreachable";

export function conditionOf({ unreachable, exposition, api, health }: Diagnosis): Condition {
  if (unreachable !== null) return "unreachable";
  if (exposition.state === "inconsistent" || api.state === "broken") return "inconsistent";
  const known = exposition.state === "consistent" && api.state === "answers" && health?.healthy === true;
  return known ? "healthy" : "unknown";
}

/** Whether the gateway takes pushes now, as far as can be told without pushing. */
export type PushState = "accepted" | "refused" | "unchecked" | "unknown";

/**
 * A checked push is accepted if everything together could be served by `/metrics`: the very check that its 500 reports.
 * Only a push to an offending group that puts it right would get through.
 */
export function pushStateOf({ exposition, status }: Diagnosis): PushState {
  if (status === null) return "unknown";
  if (!status.checksConsistency) return "unchecked";
  if (exposition.state === "unknown") return "unknown";
  return exposition.state === "consistent" ? "accepted" : "refused";
}
