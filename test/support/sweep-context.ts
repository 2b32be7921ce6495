import { systemClock, wait } from "../../src/cli/system-clock.ts";
import type { Clock } from "../../src/core/time.ts";
import type { GatewayReport } from "../../src/core/report.ts";
import { createGateway, type Gateway } from "../../src/gateway/gateway.ts";
import type { GatewayInfo } from "../../src/gateway/status.ts";
import type { SweepContext } from "../../src/sweep/sweep-context.ts";

/** A gateway client as the commands make it. */
export function gatewayAt(url: string, timeoutSeconds = 30, clock: Clock = systemClock): Gateway {
  return createGateway("test", { url, timeoutSeconds }, clock);
}

/** What a gateway of today says of itself. */
export const gatewayInfo: GatewayInfo = {
  startTime: "1",
  startedAt: 1,
  hasApi: true,
  utf8Names: false,
  checksConsistency: true,
  expositionPath: "/metrics",
  version: "1.11.0",
};

/** What a sweep works with: this machine's clock, no archive, silence. */
export function sweepContext(gateway: Gateway, rest: Partial<SweepContext> = {}): SweepContext {
  const silent = (): void => {};
  return {
    gateway,
    source: "api",
    archive: null,
    clock: systemClock,
    wait,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    metrics: { observeDelete: silent },
    progress: silent,
    stop: new AbortController().signal,
    abort: new AbortController().signal,
    ...rest,
  };
}

/** What became of each group, by its job: the outcome, or the reason why it was not deleted. */
export function fatesByJob({ entries }: GatewayReport): Record<string, string> {
  return Object.fromEntries(
    entries.map(({ group, verdict, outcome }) => [group.labels.get("job") ?? "", outcome ?? verdict.reason]),
  );
}
