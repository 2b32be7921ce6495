import { describe, expect, it, onTestFinished } from "vitest";

import { cli } from "../support/cli.ts";
import { installedGateways, startPushgateway } from "../support/pushgateway.ts";

const hour = 3600;

interface Entry {
  labels: { job: string };
  reason: string;
  outcome?: string;
}

interface Snapshot {
  clock_skew_seconds: number;
  outage_seconds: number;
}

async function sweep(
  url: string,
  localNow: () => number,
  ...flags: string[]
): Promise<{ fates: Record<string, string>; snapshot: Snapshot }> {
  const { stdout } = await cli(
    ["once", `--gateway=${url}`, "--ttl=1h", "--output=json", "--log.level=error", ...flags],
    { clock: { now: localNow, monotonic: () => performance.now() / 1000 } },
  );
  const [report] = (JSON.parse(stdout) as { gateways: { groups: Entry[]; snapshot: Snapshot }[] }).gateways;
  const fates = report!.groups.map(({ labels, reason, outcome }) => [labels.job, outcome ?? reason] as const);
  return { fates: Object.fromEntries(fates), snapshot: report!.snapshot };
}

describe.each(installedGateways.map((gateway) => ({ gateway, name: gateway.name })))(
  "beside a Pushgateway $name",
  ({ gateway: installed }) => {
    const year = 365 * 86_400;
    const now = (): number => Date.now() / 1000;

    it.each<[string, () => number]>([
      ["a year ahead", () => now() + year],
      ["a year behind", () => now() - year],
      ["a minute ahead", () => now() + 60],
      ["a second ahead", () => now() + 1],
      ["frozen long ago", () => 1_000_000_000],
      ["frozen in the far future", () => 9_000_000_000],
      [
        "stepping to and fro",
        (() => {
          let step = 0;
          return () => now() + ((step += 1) % 2 === 0 ? year : -year);
        })(),
      ],
      ["that is broken", () => Number.NaN],
    ])("a local clock %s deletes what the gateway's time would, and nothing else", async (_, localNow) => {
      const gateway = await startPushgateway({
        gateway: installed,
        groups: [
          { labels: { job: "expired" }, pushTime: now() - hour - 10 },
          { labels: { job: "nearly" }, pushTime: now() - hour + 10 },
          { labels: { job: "fresh" }, pushTime: now() },
          { labels: { job: "future" }, pushTime: now() + 100 },
        ],
      });
      onTestFinished(() => gateway.stop());
      const { fates } = await sweep(gateway.url, localNow, "--limits.max-outage=0s");
      expect(fates).toEqual({
        expired: "gone",
        nearly: "within_ttl",
        fresh: "within_ttl",
        future: "future_time",
      });
    });

    it("says how far the local clock is off, and nothing when it is not", async () => {
      const gateway = await startPushgateway({ gateway: installed });
      onTestFinished(() => gateway.stop());
      expect((await sweep(gateway.url, now)).snapshot.clock_skew_seconds).toBe(0);
      expect((await sweep(gateway.url, () => now() + 100)).snapshot.clock_skew_seconds).toBeCloseTo(100, -1);
      expect((await sweep(gateway.url, () => now() - 100)).snapshot.clock_skew_seconds).toBeCloseTo(-100, -1);
    });

    it("does not hold the time in which the gateway was down against its groups", async () => {
      const groups = [
        { labels: { job: "last-before" }, pushTime: now() - 2 * hour },
        { labels: { job: "shortly-before" }, pushTime: now() - 2.5 * hour },
        { labels: { job: "long-before" }, pushTime: now() - 5 * hour },
      ];
      const gateway = await startPushgateway({ gateway: installed, groups });
      onTestFinished(() => gateway.stop());
      // It was started just now, and the newest push before is two hours old: so long it may have been down.
      const short = await sweep(gateway.url, now, "--dry-run", "--limits.max-outage=1h15m");
      expect(short.snapshot.outage_seconds).toBe(4500);
      expect(short.fates).toEqual({
        "last-before": "within_ttl",
        "shortly-before": "ttl_expired",
        "long-before": "ttl_expired",
      });
      const { fates, snapshot } = await sweep(gateway.url, now);
      expect(snapshot.outage_seconds).toBeCloseTo(2 * hour, -2);
      expect(fates).toEqual({
        "last-before": "within_ttl",
        "shortly-before": "within_ttl",
        "long-before": "gone",
      });
    });
  },
);
