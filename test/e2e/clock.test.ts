import { describe, expect, it, onTestFinished } from "vitest";

import { cli } from "../support/cli.ts";
import { push } from "../support/push.ts";
import { startProxy } from "../support/proxy.ts";
import { installedGateways, startPushgateway } from "../support/pushgateway.ts";

const hour = 3600;
const now = (): number => Date.now() / 1000;

interface Entry {
  labels: { job: string };
  reason: string;
  outcome?: string;
}

interface Snapshot {
  outage_seconds: number;
}

interface Report {
  groups: Entry[];
  snapshot: Snapshot;
  notes: string[];
}

async function run(url: string, localNow: () => number, ...words: string[]): Promise<Report> {
  const flags = [`--gateway=${url}`, "--ttl=1h", "--output=json", "--log.level=error"];
  const clock = { now: localNow, monotonic: () => performance.now() / 1000 };
  const { stdout } = await cli([...words, ...flags], { clock });
  return (JSON.parse(stdout) as { gateways: [Report] }).gateways[0];
}

async function sweep(
  url: string,
  localNow: () => number,
  ...flags: string[]
): Promise<{ fates: Record<string, string>; snapshot: Snapshot; notes: readonly string[] }> {
  const { groups, snapshot, notes } = await run(url, localNow, "once", ...flags);
  const fates = groups.map(({ labels, reason, outcome }) => [labels.job, outcome ?? reason] as const);
  return { fates: Object.fromEntries(fates), snapshot, notes };
}

/** What the two clocks say at the nth request for groups of a sweep: the gateway's by its `Date`, null for none. */
type Clocks = (request: number) => readonly [gateway: number | "garbled" | "twice" | null, local: number];

describe("a group expires only if it has by both clocks:", () => {
  const day = 86_400;
  const right = { expired: "gone", nearly: "within_ttl", fresh: "within_ttl", future: "future_time" };
  const all = (fate: string): Record<string, string> =>
    Object.fromEntries(Object.keys(right).map((job) => [job, fate]));
  const stopped = { ...right, expired: "gateway_unhealthy" };
  const none = /^$/;
  const skewed = /ages count by the (gateway's|local) clock, the earlier one/;
  const unknown = /the time is not known, so nothing expires: .* need one readable Date header/;

  it.each<[string, Clocks, Record<string, string>, RegExp]>([
    ["both right", () => [0, 0], right, none],
    ["local a second ahead", () => [0, 1], right, none],
    ["local half a minute behind", () => [0, -30], right, none],
    ["local a year ahead", () => [0, 365 * day], right, skewed],
    ["local of 1970", () => [0, -now()], all("future_time"), skewed],
    ["gateway two hours ahead, local slow", () => [2 * hour, -8], { ...right, fresh: "future_time" }, skewed],
    ["gateway a year ahead", () => [365 * day, 0], right, skewed],
    [
      "gateway two minutes behind",
      () => [-120, 0],
      { ...all("future_time"), expired: "within_ttl", nearly: "within_ttl" },
      skewed,
    ],
    ["no Date, local a year ahead", () => [null, 365 * day], all("unknown_time"), unknown],
    ["a garbled Date", () => ["garbled", 0], all("unknown_time"), unknown],
    ["a Date sent twice", () => ["twice", 0], all("unknown_time"), unknown],
    ["local that does not work", () => [0, Number.NaN], all("unknown_time"), unknown],
    ["gateway stepping ahead in mid-sweep", (request) => [request > 1 ? day : 0, 0], right, none],
    ["local stepping ahead in mid-sweep", (request) => [0, request > 1 ? day : 0], right, none],
    ["gateway stepping back in mid-sweep", (request) => [request > 1 ? -day : 0, 0], stopped, none],
    ["local stepping back in mid-sweep", (request) => [0, request > 1 ? -day : 0], stopped, none],
    ["Date going away in mid-sweep", (request) => [request > 1 ? null : 0, 0], stopped, none],
    [
      "both put right in mid-sweep",
      (request) => (request > 1 ? [0, 0] : [day, day]),
      all("gateway_unhealthy"),
      none,
    ],
  ])("%s", async (_, clocks, expected, note) => {
    const gateway = await startPushgateway({
      groups: [
        { labels: { job: "expired" }, pushTime: now() - hour - 70 },
        { labels: { job: "nearly" }, pushTime: now() - hour + 70 },
        { labels: { job: "fresh" }, pushTime: now() },
        { labels: { job: "future" }, pushTime: now() + 100 },
      ],
    });
    onTestFinished(() => gateway.stop());
    let requests = 0;
    const proxy = await startProxy(gateway.url, async ({ method, path }, ask) => {
      if (method === "GET" && path.includes("metrics")) requests += 1;
      const answer = await ask();
      const [shift] = clocks(requests);
      const { date: _date, ...headers } = answer.headers;
      return { ...answer, headers: { ...headers, ...dateHeader(shift) } };
    });
    // The local clock is read before its request arrives at the proxy.
    const localNow = (): number => now() + clocks(requests + 1)[1];
    const { fates, notes } = await sweep(proxy.url, localNow, "--limits.max-outage=0s");
    expect(fates).toEqual(expected);
    expect(notes.filter((one) => /clock|time is not known/.test(one)).join()).toMatch(note);
  });

  function dateHeader(shift: number | "garbled" | "twice" | null): object {
    const date = (seconds: number): string => new Date((now() + seconds) * 1000).toUTCString();
    if (shift === null) return {};
    if (shift === "garbled") return { date: date(0).slice(5) };
    return { date: shift === "twice" ? [date(0), date(0)] : date(shift) };
  }
});

describe.each(installedGateways.map((gateway) => ({ gateway, name: gateway.name })))(
  "beside a Pushgateway $name",
  ({ gateway: installed }) => {
    it("does not hold it against a group that a push was lost when the gateway was killed", async () => {
      const groups = [
        { labels: { job: "pushes-again" }, pushTime: now() - hour + 5 },
        { labels: { job: "busy" }, pushTime: now() },
        { labels: { job: "expired-before" }, pushTime: now() - hour - 5 },
      ];
      const gateway = await startPushgateway({ gateway: installed, groups });
      onTestFinished(() => gateway.stop());
      expect((await push(gateway.url, { job: "pushes-again" }, "x 1\n")).status).toBe(200);
      await gateway.kill();
      await gateway.restart();
      const { groups: after } = await run(gateway.url, now, "report", "--at=+10m");
      expect(Object.fromEntries(after.map(({ labels, reason }) => [labels.job, reason]))).toEqual({
        "pushes-again": "push_may_be_lost",
        busy: "within_ttl",
        "expired-before": "ttl_expired",
      });
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
