import type { RateLimit } from "../../config/web-config.ts";

/**
 * Lets `burst` requests pass at once, and one more each interval.
 * @param now seconds of a clock that only goes forward
 */
export function createTokenBucket(
  { intervalSeconds, burst }: RateLimit,
  now: () => number,
): { take(): boolean } {
  let tokens = burst;
  let filledAt = now();
  return {
    take() {
      const time = now();
      tokens = Math.min(burst, tokens + (time - filledAt) / intervalSeconds);
      filledAt = time;
      if (tokens < 1) return false;
      tokens--;
      return true;
    },
  };
}
