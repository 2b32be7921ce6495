import type { Clock } from "../core/time.ts";
import type { Wait } from "../gateway/pace.ts";
import type { Environment } from "../http/proxy.ts";

/** What the fleet uses of the outside world besides the network and files. */
export interface World {
  readonly clock: Clock;
  readonly wait: Wait;
  readonly env: Environment;
  /** Finish what is in flight, begin nothing new. */
  readonly stop: AbortSignal;
  /** Cut off what is in flight, too. */
  readonly abort: AbortSignal;
}
