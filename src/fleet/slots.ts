import { wrapRequests, type Gateway } from "../gateway/gateway.ts";

/** A limited number of places for work that goes on at the same time; who comes when all are taken waits, in order. */
export interface Slots {
  /** Resolves when there is one. The result gives it back; harmless when called again. */
  take(): Promise<() => void>;
}

export function createSlots(count: number): Slots {
  const waiting: (() => void)[] = [];
  let free = count;

  const giveBack = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };

  return {
    async take() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      let taken = true;
      return () => {
        if (taken) giveBack();
        taken = false;
      };
    },
  };
}

const maxPatienceSeconds = 5;

/**
 * How long a gateway may be silent before its place is better used by another: one that hangs costs nothing here but a
 * socket. A small part of its timeout, or the places would be taken for as long as without.
 */
export function patienceSeconds(timeoutSeconds: number): number {
  return Math.min(maxPatienceSeconds, timeoutSeconds / 12);
}

/** All but `close`: each takes a place among those that are under way. */
const requests = [
  "status",
  "freshStartTime",
  "probeDeletion",
  "openSnapshot",
  "openExposition",
  "pushTimes",
  "deleteGroup",
  "pushGroup",
  "probeHealth",
] as const;

/** The same gateway, and a call whenever one of its answers is overdue; it is waited for all the same. */
export function watchPatience(gateway: Gateway, seconds: number, onOverdue: () => void): Gateway {
  return wrapRequests(gateway, requests, async (send) => {
    const timer = setTimeout(onOverdue, seconds * 1000);
    try {
      return await send();
    } finally {
      clearTimeout(timer);
    }
  });
}
