import type { Diagnosis } from "./diagnosis.ts";
import type { Culprit } from "./remedy.ts";

/** All that `doctor` found out about one gateway, and did to it. */
export interface DoctorReport {
  readonly diagnosis: Diagnosis;
  /** null: without `--heal`, or there was nothing to heal. Then `diagnosis` is the look before. */
  readonly healing: Healing | null;
  /** null: without `--probe`. */
  readonly probe: PushProbe | null;
  /** null: no rules, or what has expired could not be told: no groups were read, or not what time it is at the gateway. */
  readonly cleaning: Cleaning | null;
}

export interface Healing {
  readonly steps: readonly HealStep[];
  /** The look after the last step. */
  readonly after: Diagnosis;
}

/**
 * What became of one group that `--heal` was to delete.
 * - `deleted`: the gateway does not complain about it any more
 * - `gone_already`, `pushed_again`: it is not what the diagnosis saw, and was left alone
 * - `would_be_lost`: it has metrics that no archive keeps, and nobody said that they may go
 * - `archive_failed`: it could not be written to the archive
 * - `failed`: its deletion was not accepted, or nobody could look what became of it
 * - `still_there`: the gateway accepted the deletion, but goes on complaining
 */
export type HealFate =
  "deleted" | "gone_already" | "pushed_again" | "would_be_lost" | "archive_failed" | "failed" | "still_there";

export interface HealStep {
  readonly culprit: Culprit;
  readonly fate: HealFate;
  /** Whether its metrics can be put back from the archive. */
  readonly archived: boolean;
  /** What went wrong, if something did. */
  readonly message: string | null;
}

/** A push of the doctor's own. */
export interface PushProbe {
  readonly accepted: boolean;
  /** The middle one of those that were made. */
  readonly durationSeconds: number;
  /** What the gateway said against it, or against the deletion of the probe. */
  readonly message: string | null;
}

/** What the rules would do to the groups. */
export interface Cleaning {
  /** Also those that a limit would withhold. */
  readonly expired: number;
}
