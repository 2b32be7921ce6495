import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { wait } from "../../src/cli/system-clock.ts";
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/load.ts";
import type { SweepReport } from "../../src/core/report.ts";
import { noSearchList } from "../../src/discovery/read-dns.ts";
import { Service } from "../../src/service/service.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";

import { entry, gatewayReport, sweepReport, unreadGateway } from "../support/reports.ts";

const build = { version: "1", revision: "1", nodeVersion: "v20" };

function configWith(schedule: string, rule = "all"): Config {
  const text = `schedule: "${schedule}"\npushgateways: [{ name: g, url: "http://g" }]\nrules: [{ name: ${rule}, matchers: [], ttl: 1h }]\n`;
  const result = parseConfig(text, "janitor.yml");
  if (!result.ok) throw new Error("a bad configuration");
  return result.config;
}

const emptyReport: SweepReport = { startedAt: 0, finishedAt: 0, dryRun: false, rules: [], gateways: [] };

interface Scene {
  readonly service: Service;
  readonly sweptWith: Config[];
  readonly readWith: Config[];
  readonly log: () => string;
  readonly metrics: ReturnType<typeof createMetrics>;
  /** What the next reload finds. */
  next: () => Promise<Config>;
  sweep: () => Promise<SweepReport>;
  readGroup: () => Promise<string | null>;
  read: () => Promise<SweepReport>;
}

function scene(config: Config, jitterSeconds = 0): Scene {
  let log = "";
  const sweptWith: Config[] = [];
  const metrics = createMetrics(build);
  const readWith: Config[] = [];
  const made: Scene = {
    sweptWith,
    readWith,
    log: () => log,
    metrics,
    next: () => Promise.resolve(config),
    sweep: () => Promise.resolve(emptyReport),
    read: () => Promise.resolve(emptyReport),
    readGroup: () => Promise.resolve(null),
    service: new Service({
      config,
      waitsBecause: null,
      load: () => made.next(),
      readGroup: () => made.readGroup(),
      fleet: {
        shard: { index: 0, count: 1 },
        dns: { searchList: noSearchList },
        world: { env: {}, wait: () => Promise.resolve(), stop: new AbortController().signal },
      },
      sweep: (current) => {
        (current.dryRun ? readWith : sweptWith).push(current);
        return current.dryRun ? made.read() : made.sweep();
      },
      jitterSeconds,
      metrics,
      log: createLogger("debug", "logfmt", (line) => (log += line)),
      now: () => Date.now() / 1000,
      wait,
    }),
  };
  return made;
}

describe("the service", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: new Date("2026-11-24T12:00:30.000Z") });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("sweeps when it is due, with the configuration that is in force then", async () => {
    const { service, sweptWith, ...rest } = scene(configWith("*/5 * * * *", "before"));
    await service.start();
    expect(service.state().nextSweepAt).toBe(Date.parse("2026-11-24T12:05:00Z") / 1000);
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    expect(sweptWith.map(({ rules }) => rules[0]?.name)).toEqual(["before"]);
    expect(rest.log()).toContain("Configuration loaded");
    await service.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("takes another schedule with a reload", async () => {
    const one = scene(configWith("0 0 1 1 *"));
    await one.service.start();
    one.next = () => Promise.resolve(configWith("* * * * *", "after"));
    expect(await one.service.reload("test")).toEqual({ ok: true, message: "configuration reloaded" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(one.sweptWith.map(({ rules }) => rules[0]?.name)).toEqual(["after"]);
    await one.service.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("keeps a sweep that waits for its jitter when a reload does not change the schedule", async () => {
    const one = scene(configWith("*/5 * * * *"), 240);
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    await one.service.start();
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    expect(one.sweptWith).toEqual([]);
    await one.service.reload("test");
    await vi.advanceTimersByTimeAsync(2 * 60_000);
    expect(one.sweptWith.length).toBe(1);
    vi.mocked(Math.random).mockRestore();
    await one.service.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("keeps the old schedule, and all else, when a reload brings one that cannot be applied", async () => {
    const one = scene(configWith("*/5 * * * *", "before"));
    await one.service.start();
    const never = { ...configWith("* * * * *", "after"), schedule: "0 3 8 * 1#1" };
    one.next = () => Promise.resolve(never);
    expect(await one.service.reload("test")).toMatchObject({ ok: false });
    expect(one.service.state().configProblem).toContain("Could not find next matching date");
    expect(await one.metrics.render()).toContain("config_last_reload_successful 0");
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    expect(one.sweptWith.map(({ rules }) => rules[0]?.name)).toEqual(["before"]);
    one.next = () => Promise.resolve(configWith("* * * * *", "after"));
    expect(await one.service.reload("test")).toMatchObject({ ok: true });
    expect(one.service.state().configProblem).toBe(null);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(one.sweptWith.map(({ rules }) => rules[0]?.name)).toEqual(["before", "after"]);
    await one.service.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("stopped during a reload begins no other schedule, and has no timer left", async () => {
    const one = scene(configWith("0 0 1 1 *"));
    await one.service.start();
    let loaded: (value: Config) => void = () => {};
    one.next = () => new Promise((resolve) => (loaded = resolve));
    const reload = one.service.reload("test");
    await vi.advanceTimersByTimeAsync(0);
    await one.service.stop();
    loaded(configWith("* * * * *"));
    await reload;
    expect(vi.getTimerCount()).toBe(0);
    expect(one.service.state().nextSweepAt).toBe(null);
  });

  it("forgets all sweeps that wait for their jitter when it is stopped", async () => {
    const one = scene(configWith("* * * * *"), 3600);
    vi.spyOn(Math, "random").mockReturnValue(0.9);
    await one.service.start();
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    await one.service.stop();
    vi.mocked(Math.random).mockRestore();
    expect(vi.getTimerCount()).toBe(0);
    expect(one.sweptWith).toEqual([]);
  });

  it("continues after a sweep or a reload that failed by a bug", async () => {
    const one = scene(configWith("* * * * *"));
    await one.service.start();
    one.sweep = () => Promise.reject(new Error("bug one"));
    one.next = () => Promise.reject(new Error("bug two"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await one.service.reload("test")).toMatchObject({ ok: false });
    expect(one.log()).toContain("bug one");
    expect(one.log()).toContain("bug two");
    one.sweep = () => Promise.resolve(emptyReport);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(one.service.state().known).toEqual(emptyReport);
    await one.service.stop();
  });

  describe("at its start", () => {
    const gateway = { name: "g", url: "http://g" };
    const readable = sweepReport([gatewayReport([], gateway)], { dryRun: true });
    const unreadable = sweepReport([unreadGateway("unreachable", gateway)], { dryRun: true });

    it("reads the gateways without a sweep", async () => {
      const one = scene(configWith("0 0 1 1 *"));
      one.read = () => Promise.resolve(readable);
      await one.service.start();
      await vi.advanceTimersByTimeAsync(3_600_000);
      expect(one.readWith.length).toBe(1);
      expect(one.service.state()).toMatchObject({
        known: { gateways: [{ name: "g", status: "ok" }] },
        lastSweepAt: null,
        dryRun: false,
      });
      expect(one.log()).toContain('msg="Gateway read"');
      expect(one.log()).not.toContain("Sweep");
      expect(one.log()).not.toMatch(/level=(warn|error)|deleted/);
      await one.service.stop();
      expect(vi.getTimerCount()).toBe(0);
    });

    it("reads one group for a client, one at a time and not again at once, but not from a large answer", async () => {
      const one = scene(configWith("0 0 1 1 *"));
      const kept = entry({ verdict: "keep", reason: "within_ttl" });
      const of = (sizeBytes: number): SweepReport => {
        const { snapshot, ...rest } = gatewayReport([kept], gateway);
        const facts = snapshot === null ? null : { ...snapshot, sizeBytes };
        return sweepReport([{ ...rest, snapshot: facts }], { dryRun: true });
      };
      one.read = () => Promise.resolve(of(1e6));
      await one.service.start();
      await vi.advanceTimersByTimeAsync(1000);
      const ask = (): Promise<object> => one.service.groupText("g", kept.group.key);
      let answer: (text: string) => void = () => {};
      one.readGroup = () => new Promise((resolve) => (answer = resolve));
      const first = ask();
      expect(await ask()).toMatchObject({ status: 503 });
      await vi.advanceTimersByTimeAsync(2000);
      answer("up 1");
      expect(await first).toEqual({ status: 200, text: "up 1" });
      await vi.advanceTimersByTimeAsync(17_000);
      expect(await ask()).toMatchObject({ status: 503 });
      await vi.advanceTimersByTimeAsync(2000);
      one.read = () => Promise.resolve(of(1e7));
      await one.service.dryRun();
      expect(await ask()).toMatchObject({ status: 403 });
      await one.service.stop();
    });

    it("tries a gateway that it cannot read again, ever less often, and only once makes it known", async () => {
      const one = scene(configWith("0 0 1 1 *"));
      one.read = () => Promise.resolve(unreadable);
      await one.service.start();
      await vi.advanceTimersByTimeAsync(3_600_000);
      // After 0, 5, 15, 35, 75, 155 and 315 s, then every five minutes.
      expect(one.readWith.length).toBe(17);
      expect(one.log().match(/level=info msg="Gateway not readable yet"/g)).toHaveLength(1);
      expect(one.log()).not.toMatch(/level=(warn|error)/);
      one.read = () => Promise.resolve(readable);
      await vi.advanceTimersByTimeAsync(3_600_000);
      expect(one.readWith.length).toBe(18);
      await one.service.stop();
    });

    it("does not read a gateway that a sweep has tried", async () => {
      const one = scene(configWith("* * * * *"));
      one.read = () => Promise.resolve(unreadable);
      one.sweep = () => Promise.resolve(unreadable);
      await one.service.start();
      await vi.advanceTimersByTimeAsync(29_000);
      expect(one.readWith.length).toBe(3);
      await vi.advanceTimersByTimeAsync(3_600_000);
      expect(one.readWith.length).toBe(3);
      expect(one.sweptWith).toHaveLength(60);
      await one.service.stop();
    });

    it("reads a gateway that a reload brings, and no other", async () => {
      const one = scene(configWith("0 0 1 1 *"));
      one.read = () => Promise.resolve(readable);
      await one.service.start();
      await vi.advanceTimersByTimeAsync(0);
      const config = configWith("0 0 1 1 *");
      const [first] = config.pushgateways;
      if (first === undefined) throw new Error("no gateway");
      const pushgateways = [first, { ...first, name: "h", url: "http://h" }];
      one.next = () => Promise.resolve({ ...config, pushgateways });
      await one.service.reload("test");
      await vi.advanceTimersByTimeAsync(0);
      expect(one.readWith.map((read) => read.pushgateways.map(({ name }) => name))).toEqual([["g"], ["h"]]);
      await one.service.stop();
    });
  });
});
