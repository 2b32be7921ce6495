import { agreedNow, agreementSeconds } from "../core/time.ts";
import type { ProcessFacts } from "../gateway/snapshot.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { EvidenceRead } from "./evidence.ts";

/**
 * Another gateway answers than the one of the plan, or a cache does. Nothing more may be deleted. The message says what to do.
 */
export class AnotherGateway extends Error {
  override readonly name = "AnotherGateway";
}

/**
 * How many times the status is read before the first DELETE, each over a fresh connection. A second gateway that gets one request in
 * ten stays hidden once in 160 sweeps; every later read checks again, and counts the DELETEs.
 */
const freshConnections = 48;
const parallelConnections = 8;

/**
 * Makes sure that every connection reaches the process of the plan.
 * @throws {@link AnotherGateway}, `RequestError`
 */
export async function checkOneProcess(
  gateway: Gateway,
  startTime: string,
  signal: AbortSignal,
): Promise<void> {
  const seen = await askStartTimes(gateway, freshConnections, signal);
  if (seen.some((one) => one !== startTime)) throw describeOthers([startTime, ...seen]);
}

/**
 * Finds out, after two reads were answered by different processes, whether the gateway was restarted or several take turns.
 * @returns the error to throw
 * @throws `RequestError`
 */
export async function identifyOthers(
  gateway: Gateway,
  known: readonly string[],
  signal: AbortSignal,
): Promise<AnotherGateway> {
  return describeOthers([...known, ...(await askStartTimes(gateway, freshConnections / 4, signal))]);
}

/** @param startTimes in the order of their answers */
function describeOthers(startTimes: readonly string[]): AnotherGateway {
  const changes = startTimes.filter((one, index) => index > 0 && one !== startTimes[index - 1]).length;
  // A restart is a single change.
  if (changes <= 1)
    return new AnotherGateway("the gateway was restarted during the sweep: the next sweep reads it again");
  return new AnotherGateway(
    `several gateways behind one address: ${new Set(startTimes).size} processes take turns in answering. What one of them ` +
      "holds says nothing about the others: configure each gateway by an address of its own",
  );
}

async function askStartTimes(
  gateway: Gateway,
  count: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const seen: string[] = [];
  let asked = 0;
  const askSome = async (): Promise<void> => {
    while (asked < count) {
      asked += 1;
      seen.push(await gateway.freshStartTime(signal));
    }
  };
  await Promise.all(Array.from({ length: parallelConnections }, askSome));
  return seen;
}

/** client_golang adds hundredths to the boot time in whole seconds, which changes by seconds when the clock is corrected. */
const bootTimeSteps = [-2, -1, 0, 1, 2];
/** Start times are doubles of 1.8e9 seconds that were written as decimals and parsed again. */
const roundingSeconds = 0.001;

/**
 * Whether two expositions can come from one process, whose counters increase between them. A value that only one of them has proves
 * nothing.
 * @returns `other`: different processes. `repeated`: the second answer is not newer than the first, as from a cache.
 */
export function compareProcesses(before: ProcessFacts, after: ProcessFacts): "same" | "other" | "repeated" {
  const { startedAt, allocations } = after;
  if (before.startedAt !== null && startedAt !== null) {
    const moved = startedAt - before.startedAt;
    if (bootTimeSteps.every((step) => Math.abs(moved - step) > roundingSeconds)) return "other";
  }
  if (before.allocations === null || allocations === null || allocations > before.allocations) return "same";
  return allocations === before.allocations ? "repeated" : "other";
}

/** `Date` has whole seconds, and is stamped before the answer arrives. */
const toleranceSeconds = 3;

/**
 * Makes sure that as much time has passed by both clocks as here, so that what had expired by the plan still has. If the gateway's time
 * has stopped, the answer comes from a cache that does not say so.
 * @throws {@link AnotherGateway}
 */
export function checkTimePassed(planned: EvidenceRead, now: EvidenceRead): void {
  const elapsed = now.requestedAt - planned.requestedAt;
  const passed = (before: number | null, after: number | null, tolerance: number): boolean =>
    before !== null && after !== null && after - before >= elapsed - tolerance;
  if (now.clocks.gateway === null) {
    throw new AnotherGateway("an answer has no readable Date header, which those before it had");
  }
  if (!passed(planned.clocks.gateway, now.clocks.gateway, toleranceSeconds)) {
    throw staleAnswer("the gateway's time did not pass between two reads");
  }
  if (!passed(agreedNow(planned.clocks), agreedNow(now.clocks), agreementSeconds)) {
    throw new AnotherGateway("the local clock was put back after the plan was made");
  }
}

export function staleAnswer(what: string): AnotherGateway {
  return new AnotherGateway(
    `${what}: a cache answers instead of the gateway, or its clock was put back. Reach the gateway without the cache`,
  );
}
