import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "vitest";

import { startService, type RunningService } from "./service.ts";

/** The limit of the manifests in config/kubernetes. */
const limitMb = 512;

/** `run` under that limit. */
export interface BoundedService extends RunningService {
  /** Expects that it lives, never took more memory than the limit, and answered `/-/healthy` within a second throughout. */
  expectWell(): Promise<void>;
}

/**
 * Starts `run` with the heap that Node gives itself in a container of 512 MiB, and asks after its health all the time. Resident memory
 * is not limited but looked at, because not every machine lets a test limit it; a service over the limit is killed.
 */
export async function startBoundedService(argv: readonly string[]): Promise<BoundedService> {
  const service = await startService(argv, { env: { NODE_OPTIONS: "--max-old-space-size=256" } });
  const { pid = 0 } = service.process;
  let over = false;
  let slowestSeconds = 0;
  const stop = new AbortController();
  const watching = (async () => {
    while (!stop.signal.aborted && service.process.exitCode === null) {
      const askedAt = performance.now();
      await service.ask("/-/healthy", { timeoutMs: 10_000 }).catch(() => {});
      slowestSeconds = Math.max(slowestSeconds, (performance.now() - askedAt) / 1000);
      over ||= peakMemoryMb(pid) > limitMb;
      if (over) service.process.kill("SIGKILL");
      await sleep(50);
    }
  })();
  return {
    ...service,
    async expectWell() {
      stop.abort();
      await watching;
      const ended = service.process.exitCode ?? service.process.signalCode;
      if (ended !== null) console.error(service.stderr().slice(-5000));
      expect({ over, ended }).toEqual({ over: false, ended: null });
      expect(slowestSeconds).toBeLessThan(1);
    },
  };
}

/** The most that the process ever had resident; 0 when it is gone. */
export function peakMemoryMb(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
  } catch {
    return 0;
  }
}
