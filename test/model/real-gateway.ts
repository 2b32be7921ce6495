import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { systemClock, wait } from "../../src/cli/system-clock.ts";
import { send } from "../support/http.ts";
import { deleteGroup, getJson, push } from "../support/push.ts";
import { startPushgateway, type InstalledGateway } from "../support/pushgateway.ts";
import { persistenceFile } from "../support/state-file.ts";
import { toSeeds, type ModelGateway, type StoredTimes } from "./model-gateway.ts";
import { keyOfRecord, type LabelRecord } from "./truth.ts";
import type { LocalClock, Time } from "./virtual-time.ts";

/** Real time: it passes by itself, and only the janitor's wall clock can be set. */
export function realTime(): Time {
  let local: LocalClock = { offsetSeconds: 0 };
  return {
    gatewayNow: () => Date.now() / 1000,
    clock: {
      now: () => ("frozenAt" in local ? local.frozenAt : Date.now() / 1000 + local.offsetSeconds),
      monotonic: () => systemClock.monotonic(),
    },
    waitOf: () => wait,
    setLocalClock: (next) => void (local = next),
    advance: () => {},
  };
}

interface ApiGroup {
  readonly labels: LabelRecord;
  readonly push_time_seconds: { readonly metrics: readonly { readonly value: string }[] };
}

/** A real gateway. Its time cannot be set, but a state file that is older than it was is as good as a long time down. */
export async function startRealGateway(installed: InstalledGateway): Promise<ModelGateway> {
  const folder = mkdtempSync(join(tmpdir(), "janitor-model-state-"));
  const stateFile = join(folder, "state");
  const gateway = await startPushgateway({ gateway: installed, stateFile, groups: [] });
  let startedAt = Date.now() / 1000;

  const read = async (): Promise<ReadonlyMap<string, StoredTimes>> => {
    const { data } = await getJson<{ data: readonly ApiGroup[] }>(gateway.url, "/api/v1/metrics");
    const success = (group: ApiGroup): number => Number(group.push_time_seconds.metrics[0]?.value);
    return new Map(data.map((group) => [keyOfRecord(group.labels), { success: success(group) }]));
  };

  const self: ModelGateway = {
    url: gateway.url,
    startedAt: () => startedAt,
    onDelete: () => {},
    onAnswered: (key) => self.onDelete(key),
    async push(labels, body, replace) {
      const { status } = await push(gateway.url, labels, body, { method: replace ? "PUT" : "POST" });
      return { accepted: status === 200, at: Date.now() / 1000 };
    },
    async remove(labels) {
      await deleteGroup(gateway.url, labels);
      await until(async () => !(await read()).has(keyOfRecord(labels)));
    },
    aged(group, downSeconds) {
      // A forged time may be older than it can get.
      const older = (time: number): number => (time === 0 ? 0 : Math.max(1, time - downSeconds));
      return { ...group, success: older(group.success), failure: older(group.failure) };
    },
    async reopen(groups) {
      await gateway.kill();
      writeFileSync(stateFile, persistenceFile(toSeeds(groups)));
      await gateway.restart();
      startedAt = Date.now() / 1000;
    },
    async stored(expected) {
      await until(async () => (await read()).size === expected.size);
      return read();
    },
    refusesEverybody: async () => (await send(gateway.url, { path: "/metrics" })).status === 500,
    async close() {
      await gateway.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return self;
}

/** A real gateway answers before it has done what it was asked. What does not come to pass is for others to tell. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100 && !(await condition()); tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
}
