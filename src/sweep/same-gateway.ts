import type { Evidence } from "./evidence.ts";

/** What answers is not the gateway that the plan is about, or not what it says now. */
export class AnotherGateway extends Error {
  override readonly name = "AnotherGateway";
}

/** By how much a process's start may seem to move: it is told by a clock that is being corrected. */
const correctionSeconds = 5;

/**
 * Behind one address there may be several gateways, and a gateway may be restarted in the middle of a sweep: what one of
 * them says is no evidence about another.
 * @param before when the process that answered before was started, Unix seconds; null: it did not tell
 * @throws {@link AnotherGateway}
 */
export function checkSameProcess(before: number | null, after: number | null): void {
  if (before === null || after === null || Math.abs(after - before) <= correctionSeconds) return;
  throw new AnotherGateway(
    "another process answers than the one the plan is about: the gateway was restarted, or several stand behind this address",
  );
}

/** `Date` has whole seconds, and is stamped before the answer has arrived. */
const toleranceSeconds = 3;

/**
 * The gateway's time goes on between two reads as the janitor's does; an answer for which it stood still is an old one, out
 * of a cache that does not say so.
 * @throws {@link AnotherGateway}
 */
export function checkTimeGoesOn(before: Evidence, after: Evidence): void {
  const elapsed = after.requestedAt - before.requestedAt;
  if (!(after.takenAt < before.takenAt + elapsed - toleranceSeconds)) return;
  throw new AnotherGateway(
    "the gateway's time did not go on between two reads: a cache stands in between, or its clock was put back",
  );
}
