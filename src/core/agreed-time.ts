import type { Group } from "./group.ts";

/** Clocks that differ by less agree: the gateway's time is only known to the second. */
const agreementSeconds = 2;

/**
 * The time by which ages are told: the gateway's, unless nothing but a `Date` header says that it is later than the local
 * clock. Then it may be a proxy's clock that is wrong, and all groups would look older than they are. A push that lies
 * ahead of the local clock proves that the local one is behind: its time was stamped by the gateway itself.
 * @param gatewayNow by the `Date` header, Unix seconds
 * @param localNow Unix seconds; a clock that does not work counts as none
 */
export function agreeOnNow(groups: readonly Group[], gatewayNow: number, localNow: number): number {
  if (!Number.isFinite(localNow) || gatewayNow <= localNow + agreementSeconds) return gatewayNow;
  const localIsBehind = groups.some(
    ({ lastSuccessAt }) =>
      lastSuccessAt !== null &&
      lastSuccessAt > localNow + agreementSeconds &&
      lastSuccessAt <= gatewayNow + agreementSeconds,
  );
  return localIsBehind ? gatewayNow : localNow;
}
