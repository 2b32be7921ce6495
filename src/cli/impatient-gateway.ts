import { wrapRequests, type Gateway } from "../gateway/gateway.ts";

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
