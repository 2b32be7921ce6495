import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";

import { expect, onTestFinished } from "vitest";

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
 * is not limited but looked at, because not every machine lets a test limit it.
 */
export async function startBoundedService(argv: readonly string[]): Promise<BoundedService> {
  const service = await startService(argv, { env: { NODE_OPTIONS: "--max-old-space-size=256" } });
  const watch = new Worker(watchHealth, { eval: true, workerData: `${service.url}/-/healthy` });
  onTestFinished(() => void watch.terminate());
  return {
    ...service,
    async expectWell() {
      const slowest = new Promise<number>((resolve) => watch.once("message", resolve));
      watch.postMessage("stop", []);
      const slowestSeconds = await slowest;
      const ended = service.process.exitCode ?? service.process.signalCode;
      if (ended !== null) console.error(service.stderr().slice(-5000));
      expect(ended).toBeNull();
      expect(peakMemoryMb(service.process.pid), "MB of resident memory").toBeLessThan(limitMb);
      expect(slowestSeconds, "seconds for /-/healthy").toBeLessThan(1);
    },
  };
}

/** The most that the process ever had resident. */
function peakMemoryMb(pid = 0): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

/** In a thread of its own, because that of the test is busy with being hostile. */
const watchHealth = `
const { parentPort, workerData } = require("node:worker_threads");
const { get } = require("node:http");
let slowestSeconds = 0;
function ask() {
  const askedAt = performance.now();
  const answered = (error) => {
    slowestSeconds = Math.max(slowestSeconds, error ? Infinity : (performance.now() - askedAt) / 1000);
    setTimeout(ask, 20);
  };
  get(workerData, { agent: false }, (response) => response.resume().once("close", () => answered())).once("error", answered);
}
parentPort.once("message", () => parentPort.postMessage(slowestSeconds));
ask();
`;
