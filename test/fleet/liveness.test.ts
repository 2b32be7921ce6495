import { describe, expect, it, vi } from "vitest";

import { ConfigError } from "../../src/config/config.ts";
import type { KnownHosts } from "../../src/core/liveness.ts";
import type { Rule } from "../../src/core/rule.ts";
import { createLivenessReader } from "../../src/fleet/liveness.ts";
import type { Prometheus } from "../../src/prometheus/prometheus.ts";
import { createLogger } from "../../src/telemetry/logger.ts";

function rule(name: string, query: string | null, seriesLabel = "instance"): Rule {
  return {
    name,
    matchers: [],
    action: "delete",
    ttlSeconds: 86_400,
    since: "last_activity",
    keepLatest: null,
    ttlMetric: null,
    ttlLabel: null,
    vanished: query === null ? null : { query, groupLabel: "instance", seriesLabel, ttlSeconds: 60 },
  };
}

function scene(answer: (query: string) => KnownHosts = () => ({ ok: true, hosts: new Set(["web-1"]) })) {
  let now = 0;
  let log = "";
  let underWay = 0;
  let most = 0;
  const queryHosts = vi.fn(async (query: string, _label: string, _signal?: AbortSignal) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise(setImmediate);
    underWay -= 1;
    return answer(query);
  });
  const close = vi.fn(() => Promise.resolve());
  const connect = vi.fn(() => Promise.resolve({ queryHosts, close } as Partial<Prometheus> as Prometheus));
  const liveness = createLivenessReader({
    connect,
    monotonic: () => now,
    log: createLogger("debug", "logfmt", (line) => (log += line)),
  });
  const { signal } = new AbortController();
  return {
    read: (...rules: Rule[]) => liveness.read(rules, signal),
    close: () => liveness.close(),
    pass: (seconds: number) => void (now += seconds),
    asked: () => queryHosts.mock.calls.map(([query, label]) => `${query} by ${label}`),
    mostAtOnce: () => most,
    log: () => log,
    connect,
    closed: close,
  };
}

describe("what Prometheus knows about hosts", () => {
  it("is asked once for each query and label, whatever the number of rules and gateways", async () => {
    const { read, asked } = scene();
    const rules = [
      rule("a", "up"),
      rule("b", "up"),
      rule("c", "up", "host"),
      rule("d", "up > 0"),
      rule("e", null),
    ];
    const [first, second] = await Promise.all([read(...rules), read(...rules)]);
    expect(asked()).toEqual(["up by instance", "up by host", "up > 0 by instance"]);
    expect([...first.keys()]).toEqual(["a", "b", "c", "d"]);
    expect(second).toEqual(first);
  });

  it("is reused for a minute, and then asked again", async () => {
    const { read, asked, pass } = scene();
    await read(rule("a", "up"));
    pass(60);
    await read(rule("a", "up"));
    expect(asked()).toHaveLength(1);
    pass(0.1);
    await read(rule("a", "up"));
    expect(asked()).toHaveLength(2);
  });

  it("is asked by a few queries at once", async () => {
    const { read, mostAtOnce, asked } = scene();
    await read(...Array.from({ length: 30 }, (_, index) => rule(`r${index}`, `up > ${index}`)));
    expect(asked()).toHaveLength(30);
    expect(mostAtOnce()).toBe(4);
  });

  it("logs a query that fails once, with its rules and the message", async () => {
    const { read, log, pass } = scene(() => ({ ok: false, message: "http://p: HTTP 503" }));
    const known = await read(rule("a", "up"), rule("b", "up"));
    pass(61);
    await read(rule("a", "up"));
    expect(known.get("b")).toEqual({ ok: false, message: "http://p: HTTP 503" });
    expect(log().match(/Hosts count as alive, as their query failed/g)).toHaveLength(1);
    expect(log()).toContain('rules="a, b" err="http://p: HTTP 503"');
  });

  it("logs no more than twenty messages, whatever a server says to each query", async () => {
    let count = 0;
    const { read, log } = scene(() => ({ ok: false, message: `http://p: HTTP 400: ${(count += 1)}` }));
    const rules = Array.from({ length: 30 }, (_, index) => rule(`r${index}`, `up > ${index}`));
    const known = await read(...rules);
    await read(...rules);
    expect(known.get("r29")).toMatchObject({ ok: false, message: "http://p: HTTP 400: 30" });
    expect(log().trim().split("\n")).toHaveLength(21);
    expect(log()).toMatch(/More queries for hosts failed; the report names them"\n$/);
  });

  it("is not asked again by the next gateway when it was silent for over a minute", async () => {
    const { read, asked, pass } = scene(() => {
      pass(300);
      return { ok: false, message: "http://p: no answer within 300 s" };
    });
    await read(rule("a", "up"));
    pass(60);
    await read(rule("a", "up"));
    expect(asked()).toHaveLength(1);
    pass(1);
    await read(rule("a", "up"));
    expect(asked()).toHaveLength(2);
  });

  it("is asked no other query for a minute after it was silent four times in a row", async () => {
    let isSilent = true;
    const { read, asked, pass } = scene((query) => {
      if (!isSilent || query === "up > 2") return { ok: true, hosts: new Set(["web-1"]) };
      pass(30);
      return { ok: false, message: "http://p: no answer within 30 s" };
    });
    const rules = Array.from({ length: 30 }, (_, index) => rule(`r${index}`, `up > ${index}`));
    const known = await read(...rules);
    expect(asked().length).toBeGreaterThan(4);
    expect(asked().length).toBeLessThan(12);
    expect(known.get("r2")).toMatchObject({ ok: true });
    expect(known.get("r29")).toEqual({ ok: false, message: "http://p: no answer within 30 s" });
    pass(61);
    isSilent = false;
    expect((await read(...rules)).get("r29")).toMatchObject({ ok: true });
  });

  it("is nothing while a file of its settings cannot be read, and is asked again", async () => {
    const { read, connect, pass } = scene();
    connect.mockRejectedValueOnce(new ConfigError("secret: there is no such file"));
    expect((await read(rule("a", "up"))).get("a")).toEqual({
      ok: false,
      message: "secret: there is no such file",
    });
    pass(61);
    expect((await read(rule("a", "up"))).get("a")).toMatchObject({ ok: true });
  });

  it("opens no connection for rules that do not ask, and closes the one that it opened", async () => {
    const unused = scene();
    expect(await unused.read(rule("a", null))).toEqual(new Map());
    await unused.close();
    expect(unused.connect).not.toHaveBeenCalled();
    const used = scene();
    await used.read(rule("a", "up"));
    await used.close();
    expect(used.closed).toHaveBeenCalledTimes(1);
  });
});
