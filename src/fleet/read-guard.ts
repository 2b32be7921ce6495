import { formatAge } from "../core/duration.ts";
import type { Clock } from "../core/time.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { RequestError } from "../http/request-error.ts";
import type { Logger } from "../telemetry/logger.ts";

/** The same gateway for one sweep, with reads that are refused while they are postponed. */
export type GuardReads = (gateway: Gateway, configured: ReadSource | "auto") => Gateway;

/** Remembers over all sweeps which gateways die of being read, and keeps them from being read at every schedule. */
export function createReadGuard(clock: Pick<Clock, "monotonic">, log: Logger): GuardReads {
  const memories = new Map<string, ReadMemory>();

  return (gateway, configured) => {
    const { name, url } = gateway;
    const key = `${name} ${url}`;
    let memory = afterPause(memories.get(key) ?? noReads);
    const remember = (next: ReadMemory): void => {
      memory = next;
      memories.set(key, next);
    };

    const guard =
      (source: ReadSource, open: Gateway["openSnapshot"]): Gateway["openSnapshot"] =>
      async (options) => {
        const postponement = findPostponement(memory, source, clock.monotonic());
        if (postponement !== null) throw postponed(url, source, configured, postponement);
        const noteFailure = (error: unknown): never => {
          const isInterrupted = error instanceof RequestError && error.code === "aborted";
          if (!isInterrupted) remember(afterRead(memory, source, false));
          throw error;
        };
        const opened = await open(options).catch(noteFailure);
        return {
          ...opened,
          async read(visit) {
            const facts = await opened.read(visit).catch(noteFailure);
            remember(afterRead(memory, source, true));
            return facts;
          },
        };
      };

    return {
      ...gateway,
      async status(signal) {
        try {
          const status = await gateway.status(signal);
          const before = memory;
          if (status.startedAt !== null) remember(afterAnswer(before, status.startedAt, clock.monotonic()));
          logNewPostponement(before, memory, name, log);
          return status;
        } catch (error) {
          remember(afterSilence(memory));
          throw error;
        }
      },
      openSnapshot: guard("api", (options) => gateway.openSnapshot(options)),
      openExposition: guard("exposition", (options) => gateway.openExposition(options)),
    };
  };
}

function postponed(
  gatewayUrl: string,
  source: ReadSource,
  configured: ReadSource | "auto",
  { inARow, seconds }: Postponement,
): RequestError {
  const advice =
    configured === "api"
      ? "`source: auto` reads /metrics first, which takes far less memory there."
      : "Give it more memory.";
  const url = `${gatewayUrl}${source === "api" ? "/api/v1/metrics" : "/metrics"}`;
  return new RequestError(
    "read_postponed",
    { method: "GET", url },
    `not read: the last ${inARow} reads each ended with a restart of the gateway, as when it runs out of memory. ` +
      `Not read again for ${formatAge(Math.ceil(seconds / 60) * 60)}. ${advice}`,
  );
}

function logNewPostponement(before: ReadMemory, after: ReadMemory, gateway: string, log: Logger): void {
  for (const source of ["api", "exposition"] as const) {
    const { inARow, postponedUntil } = after[source];
    if (postponedUntil > before[source].postponedUntil && inARow > 1)
      log.warn("Gateway restarts when it is read, reads are postponed", { gateway, source, reads: inARow });
  }
}

/**
 * What a service remembers of its reads of one gateway, to find out whether it dies of them: out of memory at every read, and
 * restarted by its supervisor. It shows with the next answer that a process gives to a request for its status.
 */
export interface ReadMemory {
  /** When the process that answered last was started, Unix seconds of the gateway's clock; null: none answered yet. */
  readonly startedAt: number | null;
  /** The last read since that answer; null: none. */
  readonly lastRead: { readonly source: ReadSource; readonly ok: boolean } | null;
  readonly api: DeadlyReads;
  readonly exposition: DeadlyReads;
}

/** What was read: the exposition costs the gateway about half as much as the API. */
type ReadSource = "api" | "exposition";

interface DeadlyReads {
  /** Reads in a row that ended with another process. */
  readonly inARow: number;
  /** Seconds on the monotonic clock; before it, no read. */
  readonly postponedUntil: number;
}

export const noReads: ReadMemory = {
  startedAt: null,
  lastRead: null,
  api: { inARow: 0, postponedUntil: 0 },
  exposition: { inARow: 0, postponedUntil: 0 },
};

/** One may be an accident. */
const tolerated = 1;
const firstPauseSeconds = 600;
const longestPauseSeconds = 3600;

/** A read has ended. One that failed before a process answered again stays the suspect, whatever is tried after it. */
export function afterRead(memory: ReadMemory, source: ReadSource, ok: boolean): ReadMemory {
  return memory.lastRead?.ok === false ? memory : { ...memory, lastRead: { source, ok } };
}

/** The status could not be asked: a read right before it may have ended the process, though it succeeded. */
export function afterSilence(memory: ReadMemory): ReadMemory {
  return memory.lastRead === null ? memory : { ...memory, lastRead: { ...memory.lastRead, ok: false } };
}

/** A sweep begins: a restart since a read that succeeded has other reasons. */
export function afterPause(memory: ReadMemory): ReadMemory {
  const { lastRead } = memory;
  return lastRead?.ok === true
    ? { ...memory, lastRead: null, [lastRead.source]: noReads[lastRead.source] }
    : memory;
}

/**
 * A process has answered.
 * @param startedAt when it was started, as in {@link ReadMemory}
 * @param now seconds on the monotonic clock
 */
export function afterAnswer(memory: ReadMemory, startedAt: number, now: number): ReadMemory {
  const { lastRead, startedAt: before } = memory;
  const answered = { ...memory, startedAt, lastRead: null };
  if (lastRead === null || before === null) return answered;
  // A process that is older than the last one is no restart: there are several behind one address.
  if (startedAt <= before) return { ...answered, [lastRead.source]: noReads[lastRead.source] };
  const inARow = memory[lastRead.source].inARow + 1;
  const pauseSeconds =
    inARow <= tolerated
      ? 0
      : Math.min(longestPauseSeconds, firstPauseSeconds * 2 ** (inARow - tolerated - 1));
  return { ...answered, [lastRead.source]: { inARow, postponedUntil: now + pauseSeconds } };
}

interface Postponement {
  readonly inARow: number;
  /** From now on. */
  readonly seconds: number;
}

/** Why a read has to wait; null: it need not. A gateway that dies of the cheaper read dies of the other one, too. */
export function findPostponement(
  { api, exposition }: ReadMemory,
  source: ReadSource,
  now: number,
): Postponement | null {
  const worst = source === "exposition" || exposition.postponedUntil > api.postponedUntil ? exposition : api;
  return worst.postponedUntil > now ? { inARow: worst.inARow, seconds: worst.postponedUntil - now } : null;
}
