import { describe, expect, it, onTestFinished } from "vitest";
import { Discovery } from "../../src/discovery/discovery.ts";
import {
  createDnsReader,
  type DnsSources,
  expandName,
  noSearchList,
  parseSearchList,
  type SearchList,
} from "../../src/discovery/read-dns.ts";
import { startDnsServer, type DnsAnswer, type DnsServer } from "../support/dns-server.ts";

const signal = new AbortController().signal;

function discover(
  server: DnsServer,
  places: Partial<DnsSources> = {},
  search: SearchList = noSearchList,
): Discovery {
  const read = createDnsReader(
    { names: ["gateways.test"], type: "A", port: 9091, ...places },
    { servers: [server.address], searchList: search, timeoutMs: 200, tries: 1 },
  );
  return new Discovery({
    mechanism: "dns",
    read,
    defaults: { scheme: "http", pathPrefix: "", allowLinkLocal: false },
  });
}

async function refresh(discovery: Discovery): Promise<readonly string[]> {
  await discovery.refresh(signal);
  return discovery
    .state()
    .gateways.map(({ url }) => url)
    .toSorted();
}

describe("DNS discovery", () => {
  it("finds gateways by A records, with the port of the configuration", async () => {
    const server = await startDnsServer({ "gateways.test": { A: ["10.0.0.1", "10.0.0.2"] } });
    expect(await refresh(discover(server))).toEqual(["http://10.0.0.1:9091", "http://10.0.0.2:9091"]);
  });

  it("finds gateways by AAAA records", async () => {
    const server = await startDnsServer({ "gateways.test": { AAAA: ["fd00:0:0:0:0:0:0:1"] } });
    expect(await refresh(discover(server, { type: "AAAA" }))).toEqual(["http://[fd00::1]:9091"]);
  });

  it("finds gateways by SRV records, each with its own port, whatever their priority; none where the service is not", async () => {
    const services = [
      { host: "a.test.", port: 1 },
      { host: "b.test.", port: 2, priority: 9 },
    ];
    const server = await startDnsServer({
      "_pg._tcp.test": { SRV: services },
      "_no._tcp.test": { SRV: [{ host: ".", port: 0 }] },
    });
    const discovery = discover(server, {
      names: ["_pg._tcp.test", "_no._tcp.test"],
      type: "SRV",
      port: null,
    });
    expect(await refresh(discovery)).toEqual(["http://a.test:1", "http://b.test:2"]);
    expect(discovery.state().problems).toEqual([]);
  });

  it.each<[string, DnsAnswer]>([
    ["does not exist", "NXDOMAIN"],
    ["has no such records", { AAAA: ["fd00:0:0:0:0:0:0:1"] }],
  ])("takes a name that %s for one without gateways: an answer", async (_, answer) => {
    const server = await startDnsServer({ "gateways.test": { A: ["10.0.0.1"] } });
    const discovery = discover(server);
    expect(await refresh(discovery)).toHaveLength(1);
    server.zone.set("gateways.test", answer);
    expect(await refresh(discovery)).toEqual([]);
    expect(discovery.state()).toMatchObject({ answered: true, problems: [] });
  });

  it.each<[DnsAnswer & string, string]>([
    ["SERVFAIL", "DNS gateways.test A: the server could not answer (SERVFAIL)"],
    ["REFUSED", "DNS gateways.test A: the server refuses to answer (REFUSED)"],
    ["silence", "DNS gateways.test A: no server answered in time"],
  ])("keeps what it knows of a name at %s, and reads the others", async (answer, problem) => {
    const server = await startDnsServer({
      "gateways.test": { A: ["10.0.0.1"] },
      "others.test": { A: ["10.0.1.1"] },
    });
    const discovery = discover(server, { names: ["gateways.test", "others.test"] });
    await refresh(discovery);
    server.zone.set("gateways.test", answer).set("others.test", { A: ["10.0.1.2"] });
    expect(await refresh(discovery)).toEqual(["http://10.0.0.1:9091", "http://10.0.1.2:9091"]);
    expect(discovery.state().problems).toEqual([`${problem}; its last good answer counts`]);
    const fresh = discover(server);
    expect(await refresh(fresh)).toEqual([]);
    expect(fresh.state()).toMatchObject({ answered: false, problems: [problem] });
  });

  it("completes short names by the search list, as Kubernetes wants them, and stops at the first that exists", async () => {
    const server = await startDnsServer({ "pg.prod.svc.cluster.local": { A: ["10.0.0.1"] } });
    const search = parseSearchList("search ns.svc.cluster.local svc.cluster.local\noptions ndots:5\n");
    expect(await refresh(discover(server, { names: ["pg.prod"] }, search))).toEqual(["http://10.0.0.1:9091"]);
    expect(server.asked).toEqual(["pg.prod.ns.svc.cluster.local", "pg.prod.svc.cluster.local"]);
  });

  it("does not know that a name does not exist while one of its completions has no answer", async () => {
    const server = await startDnsServer({ "pg.a": "SERVFAIL" });
    const discovery = discover(server, { names: ["pg"] }, parseSearchList("search a b"));
    expect(await refresh(discovery)).toEqual([]);
    expect(discovery.state()).toMatchObject({
      answered: false,
      problems: ["DNS pg.a A: the server could not answer (SERVFAIL)"],
    });
    expect(server.asked).toEqual(["pg.a", "pg.b", "pg"]);
  });

  it("refuses a target that is no host name, whoever answers it", async () => {
    const server = await startDnsServer({
      "gateways.test": {
        SRV: [
          { host: "u@evil", port: 1 },
          { host: "good", port: 2 },
        ],
      },
    });
    const discovery = discover(server, { type: "SRV", port: null });
    expect(await refresh(discovery)).toEqual(["http://good:2"]);
    expect(discovery.state().problems).toHaveLength(1);
  });

  it("ends at once when it is interrupted", async () => {
    const server = await startDnsServer({ "gateways.test": "silence" });
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const read = createDnsReader(
      { names: ["gateways.test"], type: "A", port: 1 },
      { servers: [server.address], searchList: noSearchList, timeoutMs: 3_600_000 },
    );
    const discovery = new Discovery({
      mechanism: "dns",
      read,
      defaults: { scheme: "http", pathPrefix: "", allowLinkLocal: false },
    });
    const asking = discovery.refresh(stop.signal);
    setImmediate(() => stop.abort());
    expect(await asking).toBe(false);
  });
});

describe("the search list", () => {
  it.each<[string, SearchList, readonly string[]]>([
    ["a.", { domains: ["x"], ndots: 1 }, ["a."]],
    ["a", { domains: ["x", "y"], ndots: 1 }, ["a.x", "a.y", "a"]],
    ["a.b", { domains: ["x"], ndots: 1 }, ["a.b", "a.b.x"]],
    ["a.b", { domains: ["x"], ndots: 5 }, ["a.b.x", "a.b"]],
    ["a", noSearchList, ["a"]],
  ])("makes of %s, with %j, %j", (name, search, names) => {
    expect(expandName(name, search)).toEqual(names);
  });

  it.each<[string, SearchList]>([
    ["", noSearchList],
    ["nameserver 10.0.0.10\nsearch a.b. c\noptions timeout:1 ndots:5", { domains: ["a.b", "c"], ndots: 5 }],
    ["search a\ndomain b c", { domains: ["b"], ndots: 1 }],
    ["# search a\noptions ndots:x\nsearch .", noSearchList],
  ])("is read from %j", (text, search) => {
    expect(parseSearchList(text)).toEqual(search);
  });
});
