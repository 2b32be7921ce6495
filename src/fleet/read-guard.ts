import {
  afterAnswer,
  afterPause,
  afterRead,
  afterSilence,
  findPostponement,
  noReads,
  type ReadMemory,
  type ReadSource,
} from "../core/deadly-reads.ts";
import { formatAge } from "../core/duration.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { RequestError } from "../http/request-error.ts";
import type { Logger } from "../telemetry/logger.ts";

/** The same gateway for one sweep, with reads that are refused while they are postponed. */
export type GuardReads = (gateway: Gateway, configured: ReadSource | "auto") => Gateway;

/** Remembers over all sweeps which gateways die of being read, and keeps them from being read at every schedule. */
export function createReadGuard({
  monotonic,
  log,
}: {
  readonly monotonic: () => number;
  readonly log: Logger;
}): GuardReads {
  const memories = new Map<string, ReadMemory>();

  return (gateway, configured) => {
    const { name, url } = gateway;
    const key = `${name} ${url}`;
    const memory = (): ReadMemory => memories.get(key) ?? noReads;
    const remember = (next: ReadMemory): void => void memories.set(key, next);
    remember(afterPause(memory()));

    const noteFailure = (error: unknown, source: ReadSource): void => {
      const interrupted = error instanceof RequestError && error.code === "aborted";
      if (!interrupted) remember(afterRead(memory(), source, false));
    };
    const refusePostponed = (source: ReadSource): void => {
      const postponement = findPostponement(memory(), source, monotonic());
      if (postponement === null) return;
      const { inARow, seconds } = postponement;
      const request = { method: "GET", url: `${url}${source === "api" ? "/api/v1/metrics" : "/metrics"}` };
      throw new RequestError(
        "read_postponed",
        request,
        `not read: the last ${inARow} reads each ended with a restart of the gateway, as when it runs out of memory. ` +
          `Not read again for ${formatAge(Math.ceil(seconds / 60) * 60)}. ${adviceFor(configured)}`,
      );
    };
    const guard =
      (source: ReadSource, open: Gateway["openSnapshot"]): Gateway["openSnapshot"] =>
      async (options) => {
        refusePostponed(source);
        const noting = async <T>(work: Promise<T>): Promise<T> => {
          try {
            return await work;
          } catch (error) {
            noteFailure(error, source);
            throw error;
          }
        };
        const opened = await noting(open(options));
        return {
          ...opened,
          async read(visit) {
            await noting(opened.read(visit));
            remember(afterRead(memory(), source, true));
          },
        };
      };

    return {
      ...gateway,
      async status(signal) {
        try {
          const status = await gateway.status(signal);
          const before = memory();
          if (status.startedAt !== null) remember(afterAnswer(before, status.startedAt, monotonic()));
          logNewPostponement(before, memory(), name, log);
          return status;
        } catch (error) {
          remember(afterSilence(memory()));
          throw error;
        }
      },
      openSnapshot: guard("api", (options) => gateway.openSnapshot(options)),
      openExposition: guard("exposition", (options) => gateway.openExposition(options)),
    };
  };
}

function adviceFor(configured: ReadSource | "auto"): string {
  return configured === "api"
    ? "`source: auto` reads /metrics first, which takes far less memory there."
    : "Give it more memory.";
}

function logNewPostponement(before: ReadMemory, after: ReadMemory, gateway: string, log: Logger): void {
  for (const source of ["api", "exposition"] as const) {
    const { inARow, postponedUntil } = after[source];
    if (postponedUntil > before[source].postponedUntil && inARow > 1)
      log.warn("Gateway restarts when it is read, reads are postponed", { gateway, source, reads: inARow });
  }
}
