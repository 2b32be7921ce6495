import { RequestError } from "../http/request-error.ts";
import { wrapRequests, type Gateway } from "../gateway/gateway.ts";
import { rateLimitPatienceSeconds } from "../gateway/pace.ts";
import type { SweepContext } from "./sweep-context.ts";

const shortestWaitSeconds = 0.5;

const reads = [
  "status",
  "freshStartTime",
  "openSnapshot",
  "openExposition",
  "pushTimes",
  "probeDeletion",
] as const;

/**
 * The same gateway, whose reads are tried again as a rate limit in front of it asks for (429, or 503 with `Retry-After`). Not its
 * DELETEs: what was read before the wait is too old for them.
 */
export function waitOutLimits({ gateway, wait, stop, log }: SweepContext): Gateway {
  return wrapRequests(gateway, reads, async (send) => {
    for (let waitedSeconds = 0; ;) {
      try {
        return await send();
      } catch (error) {
        if (!(error instanceof RequestError) || error.retryAfterSeconds === null) throw error;
        const seconds = Math.max(shortestWaitSeconds, error.retryAfterSeconds);
        waitedSeconds += seconds;
        if (waitedSeconds > rateLimitPatienceSeconds) throw error;
        log.debug("A rate limit asks to wait", { gateway: gateway.name, seconds, err: error.message });
        await wait(seconds, stop);
        // After a stop once more: what `stop` also cuts off ends as interrupted.
        if (stop.aborted) return await send();
      }
    }
  });
}
