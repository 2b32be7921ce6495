/** The gateway's time at the start of a request, and how far the local clock is from it. */
export interface GatewayTime {
  /** Unix seconds. */
  readonly now: number;
  /** Local minus gateway time; 0 when they agree as far as can be told, null without a `Date` header. */
  readonly clockSkewSeconds: number | null;
}

/** `Date` has whole seconds and the answer takes its time: less than this is no skew. */
const tellableSkewSeconds = 2;

/**
 * Tells the gateway's time by its `Date` header, because the push times were stamped by the same clock: whatever the
 * local clock does, no group looks older than it is. The header is stamped when the answer is ready and is cut to whole
 * seconds, so the result is early by up to a second: never late.
 * @param elapsedSeconds from the start of the request to the arrival of the headers, on a monotonic clock
 * @param localNow local wall time at the start of the request; used only without a (readable) header
 */
export function gatewayTimeAtStart(
  dateHeader: string | undefined,
  elapsedSeconds: number,
  localNow: number,
): GatewayTime {
  const stampedAt = dateHeader === undefined ? Number.NaN : Date.parse(dateHeader) / 1000;
  if (!Number.isFinite(stampedAt)) return { now: localNow, clockSkewSeconds: null };
  const now = stampedAt - elapsedSeconds;
  const skew = localNow - now;
  return { now, clockSkewSeconds: Math.abs(skew) > tellableSkewSeconds ? skew : 0 };
}
