import { ParseError } from "../core/errors.ts";
import { parseShard, parseShardIndex, type Shard } from "../core/shard.ts";
import type { SweepFlags } from "./flags.ts";
import type { Io } from "./io.ts";
import { parseFlag } from "./parse-flag.ts";
import { ConfigError } from "../config/config-error.ts";

/** Which gateways this process sweeps, and how many at once. */
export interface FleetFlags {
  readonly shard: Shard;
  /** Their names; null: all of the shard. */
  readonly only: readonly string[] | null;
  readonly concurrency: number;
}

/** Where Kubernetes puts the index of an Indexed Job's Pod. */
const indexVariable = "JOB_COMPLETION_INDEX";

/** @throws {@link ConfigError} */
export function readFleetFlags(flags: Partial<SweepFlags>, env: Io["env"]): FleetFlags {
  const { shard, only = null, "gateways.concurrency": concurrency } = flags;
  if (shard !== undefined && only !== null)
    throw new ConfigError("--only and --shard exclude each other: a name needs no shard");
  return {
    only,
    shard: shard === undefined ? { index: 0, count: 1 } : readShard(shard, env),
    concurrency: parseFlag("--gateways.concurrency", concurrency ?? "8", parseConcurrency),
  };
}

function readShard(text: string, env: Io["env"]): Shard {
  const { index, count } = parseFlag("--shard", text, parseShard);
  if (index !== null) return { index, count };
  const variable = env[indexVariable] ?? "";
  if (variable === "") {
    throw new ConfigError(
      `--shard=${text} takes the index from ${indexVariable}, which is not set: Kubernetes sets it in Indexed Jobs`,
    );
  }
  return { index: parseFlag(indexVariable, variable, (value) => parseShardIndex(value, count)), count };
}

const maxConcurrency = 1000;

function parseConcurrency(text: string): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= maxConcurrency) return value;
  throw new ParseError(`expected a whole number from 1 to ${maxConcurrency}, got ${JSON.stringify(text)}`);
}

/** `2/10`, for people. */
export function formatShard({ index, count }: Shard): string {
  return `${index}/${count}`;
}
