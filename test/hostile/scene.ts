import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect, onTestFinished } from "vitest";

import { Hosts } from "../soak/hosts.ts";
import { cli } from "../support/cli.ts";
import { startProxy, type Between } from "../support/proxy.ts";
import { getJson } from "../support/push.ts";
import { startPushgateway, type Pushgateway } from "../support/pushgateway.ts";
import { testFolder, writeConfig } from "../support/service.ts";

const ttlSeconds = 3;

export const now = (): number => Date.now() / 1000;

/** A real gateway that hosts push to, some of them vanishing, and a proxy that the janitor reaches it through. */
export interface Scene {
  readonly gateway: Pushgateway;
  readonly configFile: string;
  /** Ends the pushes of the living; nobody lives any more then. */
  endPushing(): Promise<void>;
  /** Resolves when nothing is left on the gateway. */
  everythingGone(): Promise<void>;
  /** DELETEs of living groups, DELETEs of groups that cannot be restored, and what `restore` complains about. */
  losses(): Promise<Losses>;
}

interface SentDelete {
  readonly instance: string;
  readonly at: number;
}

interface Losses {
  readonly living: readonly SentDelete[];
  readonly unrestorable: readonly SentDelete[];
  readonly restore: string | null;
}

export const nothing: Losses = { living: [], unrestorable: [], restore: null };

export async function startScene(random: () => number, between: Between): Promise<Scene> {
  const folder = testFolder();
  const gateway = await startPushgateway({ stateFile: join(folder, "state") });
  onTestFinished(() => gateway.stop());
  const deletes: SentDelete[] = [];
  const proxy = await startProxy(gateway.url, (request, ask) => {
    const [, instance] = /\/instance\/(host-\d+)$/.exec(request.path) ?? [];
    if (request.method === "DELETE" && instance !== undefined) deletes.push({ instance, at: now() });
    return between(request, ask);
  });
  const hosts = new Hosts({ url: gateway.url, random, jobs: ["batch"], population: 30, now });
  const archive = join(folder, "archive");
  const configFile = writeConfig(`
schedule: "* * * * * *"
pushgateways: [{ name: g, url: "${proxy.url}", timeout: 5s }]
archive: { dir: "${archive}" }
limits: { max_delete_ratio: 1 }
rules: [{ name: all, matchers: ['job="batch"'], ttl: ${ttlSeconds}s }]
`);
  const stop = new AbortController();
  const pushing = (async () => {
    while (!stop.signal.aborted) {
      await hosts.round();
      await sleep(300);
    }
  })();

  return {
    gateway,
    configFile,
    async endPushing() {
      stop.abort();
      await pushing;
      hosts.vanish();
    },
    async everythingGone() {
      await expect.poll(() => hosts.onGateway(), { timeout: 120_000, interval: 500 }).toEqual(new Set());
    },
    async losses() {
      console.log(`${hosts.all.size} hosts, ${hosts.pushes} pushes, ${deletes.length} DELETEs`);
      const living = deletes.filter(({ instance, at }) => {
        const lastPushAt = hosts.all.get(instance)?.pushedAt.findLast((pushedAt) => pushedAt <= at) ?? 0;
        return at - lastPushAt < ttlSeconds;
      });
      const empty = await startPushgateway();
      onTestFinished(() => empty.stop());
      const { exitCode, stderr } = await cli(["restore", archive, "--all", `--gateway=${empty.url}`]);
      const { data } = await getJson<{ data: { labels: { instance: string } }[] }>(
        empty.url,
        "/api/v1/metrics",
      );
      const restored = new Set(data.map(({ labels }) => labels.instance));
      const unrestorable = deletes.filter(({ instance }) => !restored.has(instance));
      return { living, unrestorable, restore: exitCode === 0 ? null : stderr };
    },
  };
}
