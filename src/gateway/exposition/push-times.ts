import type { Clock } from "../../core/time.ts";
import { failureTimeName, successTimeName } from "../../core/group.ts";
import { createLabels, type Labels } from "../../core/labels.ts";
import { AnswerBudget, costOf } from "../budget.ts";
import type { HttpClient } from "../../http/client.ts";
import { parseFiniteNumber } from "../../core/numbers.ts";
import { BadLine, labelText, openExposition, type ExpositionRequest } from "./read-samples.ts";
import type { ProcessFacts, Snapshot } from "../snapshot.ts";

/** The push times of groups, by {@link expositionKey}. Unix seconds; null: unreadable. */
export interface PushTimes extends Pick<Snapshot, "requestedAt" | "clocks" | "durationSeconds"> {
  readonly process: ProcessFacts;
  /** Those that were asked for; null: all groups. */
  readonly wanted: WantedKeys;
  readonly success: ReadonlyMap<string, number | null>;
  /** Longer keys are over budget, and replaced by hashes. */
  readonly maxKeyLength: number;
  /** As pushed: unlike in the API there is no time stamp that exposes forged ones. */
  readonly failure: ReadonlyMap<string, number | null>;
}

export type WantedKeys = ReadonlySet<string> | null;

/**
 * A group's key in the exposition, where every series has an `instance`, empty if its group has none. Two groups that differ only by
 * that make the gateway inconsistent, and it answers 500.
 */
export function expositionKey(labels: Labels): string {
  return labelText(labels.has("instance") ? labels : createLabels([...labels, ["instance", ""]]));
}

/**
 * Reads only the push times. All others than the wanted ones cost next to nothing.
 * @throws `RequestError` also while the gateway is inconsistent: then it answers 500
 */
export async function readPushTimes(
  client: HttpClient,
  clock: Clock,
  { path, wanted, signal }: Omit<ExpositionRequest, "names"> & { readonly wanted: WantedKeys },
): Promise<PushTimes> {
  const open = await openExposition(client, clock, {
    path,
    names: [successTimeName, failureTimeName],
    signal,
  });
  const success = new Map<string, number | null>();
  const failure = new Map<string, number | null>();
  const budget = new AnswerBudget(open.request, (maxKeyLength) => {
    let freedBytes = 0;
    for (const times of [success, failure]) {
      for (const [key, time] of times) {
        if (key.length <= maxKeyLength) continue;
        const shortKey = budget.shorten(key);
        times.delete(key);
        times.set(shortKey, time);
        freedBytes += costOf(key) - costOf(shortKey);
      }
    }
    return freedBytes;
  });
  const { process } = await open.read(({ name, labels, value }) => {
    if (labels === null || wanted?.has(labels) === false) return;
    const key = budget.shorten(labels);
    // A pusher can give the failure time more series; those with more labels match no group.
    const times = name === successTimeName ? success : failure;
    const isNew = !times.has(key);
    // Names that are equal after escaping: this could be the time of either group.
    if (name === successTimeName && !isNew) throw new BadLine(`a group is listed twice: ${key}`);
    times.set(key, parseFiniteNumber(value()));
    if (isNew) budget.spend(costOf(key));
  });
  const { maxKeyLength } = budget;
  const { requestedAt, clocks } = open;
  const durationSeconds = clock.monotonic() - requestedAt;
  return { requestedAt, durationSeconds, clocks, wanted, success, failure, maxKeyLength, process };
}
