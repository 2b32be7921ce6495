import { describe, expect, it } from "vitest";

import { Fleet } from "../../src/fleet/fleet.ts";
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/load.ts";
import { shardOf, type Shard } from "../../src/core/shard.ts";
import { noSearchList } from "../../src/discovery/read-dns.ts";
import { startDnsServer, type DnsServer } from "../support/dns-server.ts";

function configWith(text: string): Config {
  const result = parseConfig(`${text}\nrules: [{ name: all, matchers: [], ttl: 1d }]\n`, "janitor.yml");
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
  return result.config;
}

interface Waiting {
  readonly seconds: number;
  /** As if they had passed. */
  readonly end: () => void;
}

function fleetOf(
  config: Config,
  server: DnsServer,
  { shard = { index: 0, count: 1 }, before }: { shard?: Shard; before?: Fleet } = {},
) {
  const waiting: Waiting[] = [];
  const refreshed: string[] = [];
  const options = {
    shard,
    dns: {
      servers: [server.address],
      searchList: noSearchList,
      timeoutMs: 500,
      tries: 1,
    },
    world: {
      env: {},
      stop: new AbortController().signal,
      wait: (seconds: number, signal: AbortSignal) =>
        new Promise<void>((resolve) => {
          waiting.push({ seconds, end: resolve });
          signal.addEventListener("abort", () => resolve(), { once: true });
        }),
    },
    onRefreshed: (mechanism: string, succeeded: boolean) => void refreshed.push(`${mechanism} ${succeeded}`),
  };
  return { fleet: new Fleet(config, options, before), waiting, refreshed };
}

const byDns = `
pushgateways: [{ name: listed, url: "http://listed:9091", timeout: 7s }]
dns_sd_configs:
  - names: [pg.test]
    type: A
    port: 9091
    refresh_interval: 42s
    gateway: { scheme: https, path_prefix: /p/, source: auto, timeout: 9s, basic_auth: { username: me, password: hunter2 } }
`;

describe("the fleet of a configuration", () => {
  it("is the listed gateways, and the discovered ones with the settings of their discovery", async () => {
    const server = await startDnsServer({ "pg.test": { A: ["10.0.0.1"] } });
    const { fleet, refreshed } = fleetOf(configWith(byDns), server);
    expect(fleet.state()).toMatchObject({ total: 1, answered: true });
    const { gateways, total, found, problems } = await fleet.current();
    expect(gateways).toMatchObject([
      { name: "listed", url: "http://listed:9091", timeoutSeconds: 7, http: { basicAuth: null } },
      {
        name: "10.0.0.1:9091",
        url: "https://10.0.0.1:9091/p",
        source: "auto",
        timeoutSeconds: 9,
        http: { basicAuth: { username: { secret: expect.anything() as unknown } } },
      },
    ]);
    const ofDns = { gateways: 1, succeeded: true };
    expect([total, found.get("dns"), problems, refreshed]).toEqual([2, ofDns, [], ["dns true"]]);
  });

  it("does not ask a discovery again for a sweep", async () => {
    const server = await startDnsServer({ "pg.test": { A: ["10.0.0.1"] } });
    const { fleet } = fleetOf(configWith(byDns), server);
    await fleet.current();
    await fleet.current();
    expect(server.asked).toEqual(["pg.test"]);
  });

  it("asks at its interval until it is stopped", async () => {
    const server = await startDnsServer({ "pg.test": { A: ["10.0.0.1"] } });
    const { fleet, waiting, refreshed } = fleetOf(configWith(byDns), server);
    const stop = new AbortController();
    const following = fleet.follow(stop.signal);
    await expect.poll(() => waiting.length).toBe(1);
    expect(waiting[0]?.seconds).toBe(42);
    server.zone.set("pg.test", "SERVFAIL");
    waiting[0]?.end();
    await expect.poll(() => waiting.length).toBe(2);
    expect(refreshed).toEqual(["dns true", "dns false"]);
    expect(fleet.state().gateways).toHaveLength(2);
    stop.abort();
    await following;
    expect(server.asked).toHaveLength(2);
  });

  it("keeps the gateways of the previous fleet, but not of names that are no longer asked", async () => {
    const server = await startDnsServer({ "pg.test": { A: ["10.0.0.1"] } });
    const { fleet: before } = fleetOf(configWith(byDns), server);
    await before.current();
    const same = configWith(byDns.replace("/p/", "/q").replace("hunter2", "hunter3"));
    const others = configWith(byDns.replace("pg.test", "other.test"));
    expect(
      fleetOf(same, server, { before })
        .fleet.state()
        .gateways.map(({ url }) => url),
    ).toEqual(["http://listed:9091", "https://10.0.0.1:9091/q"]);
    expect(fleetOf(others, server, { before }).fleet.state().total).toBe(1);
  });

  it("is distributed over the shards by name, listed and discovered gateways alike, without a rest", async () => {
    const addresses = Array.from({ length: 30 }, (_, index) => `10.0.0.${index}`);
    const server = await startDnsServer({ "pg.test": { A: addresses } });
    const all: string[] = [];
    for (const index of [0, 1, 2]) {
      const { gateways, total } = await fleetOf(configWith(byDns), server, {
        shard: { index, count: 3 },
      }).fleet.current();
      expect(total).toBe(31);
      for (const { name } of gateways) expect(shardOf(name, 3)).toBe(index);
      all.push(...gateways.map(({ name }) => name));
    }
    expect(all.toSorted()).toEqual(["listed", ...addresses.map((address) => `${address}:9091`)].toSorted());
  });
});
