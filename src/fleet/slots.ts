import { wrapRequests, type Gateway } from "../gateway/gateway.ts";

/**
 * A limited number of permissions to work at the same time, given in the order in which they were asked for. By hand, because p-limit
 * cannot give a slot back before the work has ended.
 */
export function createSlots(count: number) {
  const waiting: (() => void)[] = [];
  let free = count;
  return {
    /** Resolves when a slot is free. The result gives it back; calling it again is harmless. */
    async take(): Promise<() => void> {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      let isTaken = true;
      return () => {
        if (!isTaken) return;
        isTaken = false;
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      };
    },
  };
}

const maxPatienceSeconds = 5;

/**
 * How long a gateway may be silent before its slot goes to another one: a gateway that hangs costs only a socket. A small part
 * of its timeout, or slots would be taken for as long as without this.
 */
export function patienceSeconds(timeoutSeconds: number): number {
  return Math.min(maxPatienceSeconds, timeoutSeconds / 12);
}

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
] as const satisfies readonly (keyof Gateway)[];

/** The same gateway, with a call whenever one of its answers is overdue. Its answer is awaited all the same. */
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
