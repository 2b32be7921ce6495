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
export type ReadSource = "api" | "exposition";

export interface DeadlyReads {
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

/** Why a read has to wait; null: it need not. A gateway that dies of the cheaper read dies of the other one, too. */
export function findPostponement(
  memory: ReadMemory,
  source: ReadSource,
  now: number,
): { readonly inARow: number; readonly seconds: number } | null {
  const { api, exposition } = memory;
  const worst = source === "exposition" || exposition.postponedUntil > api.postponedUntil ? exposition : api;
  return worst.postponedUntil > now ? { inARow: worst.inARow, seconds: worst.postponedUntil - now } : null;
}
