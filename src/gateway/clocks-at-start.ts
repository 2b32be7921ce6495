import type { Clocks } from "../core/time.ts";

/**
 * What the gateway's clock said at the start of a request, by the `Date` header of its answer: the push times were stamped by the
 * same clock. The header is stamped when the answer is ready and is cut to whole seconds, so the result is
 * early by up to a second: never late.
 * @param dateHeader as received: one that was sent twice is a list, and says nothing
 * @param elapsedSeconds from the start of the request to the arrival of the headers, on a monotonic clock
 * @param local what the local clock said at the start of the request, Unix seconds
 */
export function clocksAtStart(
  dateHeader: string | readonly string[] | undefined,
  elapsedSeconds: number,
  local: number,
): Clocks {
  const stampedAt = typeof dateHeader === "string" ? parseHttpDate(dateHeader) : null;
  return { gateway: stampedAt === null ? null : stampedAt - elapsedSeconds, local };
}

/** Only the one format that may be sent, which is what `toUTCString` writes: `Date.parse` alone takes `1` for a year. */
function parseHttpDate(text: string): number | null {
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toUTCString() === text ? date.getTime() / 1000 : null;
}
