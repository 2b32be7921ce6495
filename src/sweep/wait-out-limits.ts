import { GatewayError } from "../gateway/gateway-error.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { SweepContext } from "./sweep-context.ts";

/** How long one request waits for a rate limit in all, seconds: longer is left to the next sweep. */
const patienceSeconds = 60;
const shortestWaitSeconds = 0.5;

/**
 * The same gateway, whose reads are tried again as a rate limit in front of it asks for (429, or 503 with `Retry-After`). Not its
 * DELETEs: what was read before the wait is too old for them.
 */
export function waitOutLimits({ gateway, wait, stop, log }: SweepContext): Gateway {
  const patient =
    <Args extends readonly unknown[], T>(ask: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      for (let waitedSeconds = 0; ;) {
        try {
          return await ask(...args);
        } catch (error) {
          if (!(error instanceof GatewayError) || error.retryAfterSeconds === null) throw error;
          const seconds = Math.max(shortestWaitSeconds, error.retryAfterSeconds);
          waitedSeconds += seconds;
          if (waitedSeconds > patienceSeconds) throw error;
          log.debug("A rate limit asks to wait", { gateway: gateway.name, seconds, err: error.message });
          await wait(seconds, stop);
          if (stop.aborted) throw error;
        }
      }
    };
  return {
    ...gateway,
    status: patient((...args) => gateway.status(...args)),
    freshStartTime: patient((...args) => gateway.freshStartTime(...args)),
    openSnapshot: patient((...args) => gateway.openSnapshot(...args)),
    openExposition: patient((...args) => gateway.openExposition(...args)),
    pushTimes: patient((...args) => gateway.pushTimes(...args)),
    probeDeletion: patient((...args) => gateway.probeDeletion(...args)),
  };
}
