import type { Gateway } from "../gateway/gateway.ts";

const maxPatienceSeconds = 5;

/**
 * How long a gateway may be silent before its place is better used by another: one that hangs costs nothing here but a
 * socket. A small part of its timeout, or the places would be taken for as long as without.
 */
export function patienceSeconds(timeoutSeconds: number): number {
  return Math.min(maxPatienceSeconds, timeoutSeconds / 12);
}

/** The same gateway, and a call whenever one of its answers is overdue; it is waited for all the same. */
export function watchPatience(gateway: Gateway, seconds: number, onOverdue: () => void): Gateway {
  const watched =
    <Args extends readonly unknown[], T>(ask: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      const timer = setTimeout(onOverdue, seconds * 1000);
      try {
        return await ask(...args);
      } finally {
        clearTimeout(timer);
      }
    };
  return {
    ...gateway,
    status: watched((...args) => gateway.status(...args)),
    freshStartTime: watched((...args) => gateway.freshStartTime(...args)),
    probeDeletion: watched((...args) => gateway.probeDeletion(...args)),
    openSnapshot: watched((...args) => gateway.openSnapshot(...args)),
    openExposition: watched((...args) => gateway.openExposition(...args)),
    pushTimes: watched((...args) => gateway.pushTimes(...args)),
    deleteGroup: watched((...args) => gateway.deleteGroup(...args)),
    pushGroup: watched((...args) => gateway.pushGroup(...args)),
    probeHealth: watched((...args) => gateway.probeHealth(...args)),
  };
}
