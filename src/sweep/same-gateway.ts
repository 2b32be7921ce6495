import { agreedNow, agreementSeconds } from "../core/clocks.ts";
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
 * What had expired when the plan was made still has by both clocks if time has passed by them as it has here. An answer for
 * which the gateway's time stood still is an old one, out of a cache that does not say so.
 * @throws {@link AnotherGateway}
 */
export function checkTimePassed(planned: Evidence, now: Evidence): void {
  const elapsed = now.requestedAt - planned.requestedAt;
  const passed = (before: number | null, after: number | null, tolerance: number): boolean =>
    before !== null && after !== null && after - before >= elapsed - tolerance;
  if (now.clocks.gateway === null) {
    throw new AnotherGateway("an answer has no readable Date header, which those before it had");
  }
  if (!passed(planned.clocks.gateway, now.clocks.gateway, toleranceSeconds)) {
    throw new AnotherGateway(
      "the gateway's time did not pass between two reads: a cache answers, or its clock was put back",
    );
  }
  if (!passed(agreedNow(planned.clocks), agreedNow(now.clocks), agreementSeconds)) {
    throw new AnotherGateway("the local clock was put back after the plan was made");
  }
}
