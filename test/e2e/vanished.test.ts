import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

import { cli } from "../support/cli.ts";
import { freePort } from "../support/free-port.ts";
import { mayLackPrometheus, startPrometheus, type PrometheusServer } from "../support/prometheus-server.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { getJson } from "../support/push.ts";
import { startScriptedPrometheus, vectorOf, type Answer } from "../support/scripted-prometheus.ts";
import { never, startService, writeConfig } from "../support/service.ts";
import type { SeedGroup } from "../support/state-file.ts";

const hour = 3600;
const day = 24 * hour;

type LabelPairs = Readonly<Record<string, string>>;

function group(labels: LabelPairs, ageSeconds: number, rest: Partial<SeedGroup> = {}): SeedGroup {
  const gauge = { name: "app_up", type: "gauge" as const, samples: [{ value: 1 }] };
  return { labels, pushTime: Date.now() / 1000 - ageSeconds, metrics: [gauge], ...rest };
}

const host = (instance: string, ageSeconds = 2 * hour): SeedGroup =>
  group({ job: "batch", instance }, ageSeconds);

async function startGateway(groups: readonly SeedGroup[]): Promise<string> {
  const gateway = await startPushgateway({ groups });
  onTestFinished(() => gateway.stop());
  return gateway.url;
}

interface Setting {
  readonly gateway: string;
  readonly prometheus: string;
  /** Of the rule for hosts, its `vanished` included. */
  readonly rule?: string;
  readonly schedule?: string;
}

const vanished = `vanished: { query: 'up{job="node"}', label: instance, ttl: 1h }`;

function configure({ gateway, prometheus, rule = vanished, schedule = "0 * * * *" }: Setting): string {
  return writeConfig(`
schedule: ${schedule}
pushgateways: [{ name: g, url: "${gateway}" }]
prometheus: { url: "${prometheus}", timeout: 1s, min_uptime: 0s }
# The gateway of a test has just started: its groups would be given the time before that.
limits: { max_outage: 0s }
rules:
  - { name: hosts, matchers: ['job="batch"'], ttl: 30d, ${rule} }
  - { name: rest, matchers: [], ttl: 30d }
`);
}

interface JsonReport {
  readonly gateways: readonly {
    readonly failed_queries: readonly { readonly rule: string; readonly message: string }[];
    readonly groups: readonly { labels: LabelPairs; verdict: string; reason: string; rule: string | null }[];
  }[];
}

/** Runs a command and says what became of each group, by instance or job, and which queries failed. */
async function judge(command: "once" | "report", config: string) {
  const { stdout, stderr, exitCode } = await cli([command, `--config.file=${config}`, "--output=json"]);
  if (stdout === "") throw new Error(stderr);
  const [gateway] = (JSON.parse(stdout) as JsonReport).gateways;
  const verdicts = Object.fromEntries(
    gateway!.groups.map(({ labels, verdict, reason }) => [
      labels["instance"] ?? labels["job"],
      `${verdict} ${reason}`,
    ]),
  );
  return { exitCode, verdicts, failed: gateway!.failed_queries, stderr };
}

async function instancesOn(url: string): Promise<readonly string[]> {
  const { data } = await getJson<{ data: { labels: LabelPairs }[] }>(url, "/api/v1/metrics");
  return data.map(({ labels }) => labels["instance"] ?? labels["job"] ?? "").toSorted();
}

describe.skipIf(mayLackPrometheus)("vanished, with a real Prometheus", { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "vanished-"));
  const stops: (() => unknown)[] = [];
  let prometheus: PrometheusServer;
  let exporter: string;
  let nobody: string;

  /**
   * Changes what service discovery finds, and waits until Prometheus knows these hosts, and no other. It takes changes every five
   * seconds, so that the tests share what they can.
   */
  async function discover(up: readonly string[], down: readonly string[] = []): Promise<void> {
    const targets = [...up.map((name) => [name, exporter]), ...down.map((name) => [name, nobody])];
    const file = JSON.stringify(
      targets.map(([instance, address]) => ({ targets: [address], labels: { instance } })),
    );
    writeFileSync(join(folder, "next"), file);
    renameSync(join(folder, "next"), join(folder, "targets.json"));
    const known = async () =>
      (await prometheus.query('up{job="node"}')).map(
        ({ metric, value: [, value] }) => `${metric["instance"]} ${value}`,
      );
    const expected = [...up.map((name) => `${name} 1`), ...down.map((name) => `${name} 0`)];
    await expect.poll(known, { timeout: 30_000 }).toEqual(expect.arrayContaining(expected));
    await expect.poll(known, { timeout: 30_000 }).toHaveLength(expected.length);
  }

  const names = Array.from({ length: 40 }, (_, index) => `host-${index}`);
  const living = ["web-1", ...names.slice(0, 19)];

  beforeAll(async () => {
    const server = createServer((_, response) => response.end("exporter_up 1\n")).listen(0, "127.0.0.1");
    await once(server, "listening");
    stops.push(
      () => server.close(),
      () => server.closeAllConnections(),
    );
    exporter = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    nobody = `127.0.0.1:${await freePort()}`;
    writeFileSync(join(folder, "targets.json"), "[]");
    const settings = `
global: { scrape_interval: 1s }
scrape_configs:
  - { job_name: node, file_sd_configs: [{ files: [targets.json], refresh_interval: 1s }] }
`;
    writeFileSync(join(folder, "prometheus.yml"), settings);
    writeFileSync(join(folder, "empty.yml"), "global: {}\n");
    prometheus = await startPrometheus(join(folder, "prometheus.yml"), (stop) => stops.push(stop));
  });

  afterAll(async () => {
    for (const stop of stops) await stop();
    rmSync(folder, { recursive: true });
  });

  it("deletes the groups of a host that has left service discovery, and nothing else", async () => {
    const gateway = await startGateway([
      host("web-1"),
      host("web-2"),
      host("web-down"),
      host("web-2-new", hour / 2),
      group({ job: "batch" }, 2 * hour),
      group({ job: "other", instance: "web-3" }, 2 * hour),
    ]);
    const config = configure({ gateway, prometheus: prometheus.url });
    await discover([...living, "web-2"], ["web-down"]);
    const kept = "keep within_ttl";
    const alive = { "web-1": kept, "web-down": kept, "web-2-new": kept, batch: kept, "web-3": kept };
    expect((await judge("once", config)).verdicts).toEqual({ ...alive, "web-2": kept });

    await discover(living, ["web-down"]);
    const expected = { ...alive, "web-2": "delete host_vanished" };
    expect((await judge("report", config)).verdicts).toEqual(expected);
    expect(await instancesOn(gateway)).toContain("web-2");
    expect(await judge("once", config)).toMatchObject({ exitCode: 0, verdicts: expected });
    expect(await instancesOn(gateway)).toEqual(Object.keys(alive).toSorted());
  });

  it("withholds the deletions when half of all hosts vanish at once", async () => {
    const gateway = await startGateway(names.map((name) => host(name)));
    const config = configure({ gateway, prometheus: prometheus.url });
    await discover(living, ["web-down"]);
    const { exitCode, verdicts } = await judge("once", config);
    expect(exitCode).toBe(20);
    expect(Object.values(verdicts).filter((one) => one === "withhold max_delete_ratio")).toHaveLength(21);
    expect(await instancesOn(gateway)).toHaveLength(40);
  });

  it("deletes nothing because of a Prometheus that is slow, has lost its data, or is down", async () => {
    const gateway = await startGateway([host("web-1"), host("web-2")]);
    const config = configure({ gateway, prometheus: prometheus.url });
    await discover(living, ["web-down"]);
    expect((await judge("report", config)).verdicts["web-2"]).toBe("delete host_vanished");

    const both = { "web-1": "keep within_ttl", "web-2": "keep within_ttl" };
    prometheus.pause();
    const slow = await judge("once", config);
    prometheus.resume();
    expect(slow).toMatchObject({ exitCode: 0, verdicts: both });
    expect(slow.failed).toMatchObject([{ rule: "hosts" }]);
    expect(slow.stderr).toMatch(/level=warn .*alive/);

    await prometheus.restartEmpty(join(folder, "empty.yml"));
    const empty = await judge("once", config);
    expect(empty).toMatchObject({ exitCode: 0, verdicts: both });
    expect(empty.failed).toMatchObject([{ rule: "hosts" }]);
    expect(empty.stderr).toMatch(/level=warn .*alive/);

    await prometheus.stop();
    const down = await judge("once", config);
    expect(down).toMatchObject({ exitCode: 0, verdicts: both });
    expect(down.failed).toMatchObject([{ rule: "hosts" }]);
    expect(down.stderr).toMatch(/level=warn .*alive/);
    expect(await instancesOn(gateway)).toEqual(["web-1", "web-2"]);
  });
});

/** What Prometheus may answer that says nothing about hosts, and what the note says about it. */
const lies: readonly [what: string, answer: Answer, said: RegExp][] = [
  ["breaks off", (response) => response.destroy(), /./],
  ["answers HTML", (response) => response.end("<html>log in</html>"), /./],
  ["answers nothing", (response) => response.end(), /./],
  ["is cut off", (response) => response.end(vectorOf([{ instance: "web-1" }]).slice(0, -20)), /./],
  [
    "refuses the query",
    (response) =>
      response.writeHead(422).end('{"status":"error","errorType":"execution","error":"query timed out"}'),
    /query timed out/,
  ],
  [
    "does not understand the query",
    (response) =>
      response
        .writeHead(400)
        .end('{"status":"error","errorType":"bad_data","error":"1:4: parse error: unexpected end"}'),
    /1:4: parse error: unexpected end/,
  ],
  ["is starting", (response) => response.writeHead(503).end("Service Unavailable"), /503/],
  ["wants a login", (response) => response.writeHead(401).end("Unauthorized"), /401/],
  ["redirects", (response) => response.writeHead(302, { Location: "/login" }).end(), /302|redirect/],
  ["says success without data", (response) => response.end('{"status":"success"}'), /./],
  [
    "answers a scalar",
    (response) => response.end('{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}'),
    /scalar/,
  ],
  [
    "answers a matrix",
    (response) =>
      response.end(
        '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"instance":"web-1"},"values":[[1,"1"]]}]}}',
      ),
    /matrix/,
  ],
  [
    "answers with warnings, as for a part of its stores",
    (response) => response.end(vectorOf([{ instance: "web-1" }], { warnings: ["store s3 is unavailable"] })),
    /store s3 is unavailable/,
  ],
  ["knows no host", (response) => response.end(vectorOf([])), /./],
  ["answers series without the label", (response) => response.end(vectorOf([{ job: "node" }])), /instance/],
  [
    "answers series whose label is empty",
    (response) => response.end(vectorOf([{ instance: "" }])),
    /instance/,
  ],
  [
    "answers labels that are no text",
    (response) =>
      response.end(
        '{"status":"success","data":{"resultType":"vector","result":[{"metric":{"instance":1},"value":[1,"1"]}]}}',
      ),
    /./,
  ],
];

describe("vanished, with a Prometheus that is wrong", () => {
  it.each(lies)("deletes nothing when it %s, and says so in report and log", async (_, answer, said) => {
    const gateway = await startGateway([host("web-1"), host("web-2")]);
    const prometheus = await startScriptedPrometheus(answer);
    const { exitCode, verdicts, failed, stderr } = await judge(
      "once",
      configure({ gateway, prometheus: prometheus.url }),
    );
    expect(verdicts).toEqual({ "web-1": "keep within_ttl", "web-2": "keep within_ttl" });
    expect(exitCode).toBe(0);
    expect(failed).toEqual([{ rule: "hosts", message: expect.stringMatching(said) as string }]);
    expect(stderr).toMatch(/level=warn .*alive/);
    expect(stderr).toMatch(said);
    expect(await instancesOn(gateway)).toEqual(["web-1", "web-2"]);
  });

  it("judges by the series that have the label, when others have not", async () => {
    const gateway = await startGateway([host("web-1"), host("web-2")]);
    const prometheus = await startScriptedPrometheus((response) =>
      response.end(vectorOf([{ job: "a" }, { instance: "" }, { instance: "web-1" }])),
    );
    const { verdicts } = await judge("report", configure({ gateway, prometheus: prometheus.url }));
    expect(verdicts).toEqual({ "web-1": "keep within_ttl", "web-2": "delete host_vanished" });
  });

  it("finds hosts under other names of the label", async () => {
    const gateway = await startGateway([host("web-1"), host("web-2")]);
    const prometheus = await startScriptedPrometheus((response) =>
      response.end(vectorOf([{ node: "web-1", instance: "web-2" }])),
    );
    const rule = "vanished: { query: up, label: { group: instance, series: node }, ttl: 1h }";
    const { verdicts } = await judge("report", configure({ gateway, prometheus: prometheus.url, rule }));
    expect(verdicts).toEqual({ "web-1": "keep within_ttl", "web-2": "delete host_vanished" });
  });

  it("judges no group without the label of the rule", async () => {
    const gateway = await startGateway([host("web-1"), host("web-2")]);
    const prometheus = await startScriptedPrometheus((response) =>
      response.end(vectorOf([{ hostname: "web-1" }])),
    );
    const rule = "vanished: { query: up, label: hostname, ttl: 1h }";
    const { verdicts } = await judge("once", configure({ gateway, prometheus: prometheus.url, rule }));
    expect(verdicts).toEqual({ "web-1": "keep within_ttl", "web-2": "keep within_ttl" });
  });

  it("is asked anew for every sweep of run, which counts what fails and what was deleted", async () => {
    const gateway = await startGateway([host("web-1"), host("web-2")]);
    let known: readonly LabelPairs[] | null = [{ instance: "web-1" }, { instance: "web-2" }];
    const prometheus = await startScriptedPrometheus((response) =>
      known === null ? response.writeHead(503).end("overloaded") : response.end(vectorOf(known)),
    );
    const config = configure({ gateway, prometheus: prometheus.url, schedule: never });
    const service = await startService([`--config.file=${config}`]);
    const sweep = async (): Promise<readonly string[]> => {
      expect((await service.post("/-/sweep")).status).toBe(200);
      return instancesOn(gateway);
    };
    expect(await sweep()).toEqual(["web-1", "web-2"]);

    known = null;
    expect(await sweep()).toEqual(["web-1", "web-2"]);
    const failures = 'vanished_query_failures_total{gateway="g",rule="hosts"}';
    expect(Number(await service.metric(failures))).toBe(1);
    expect((await service.ask("/")).body).toContain("HTTP 503");

    known = [{ instance: "web-1" }];
    expect(await sweep()).toEqual(["web-1"]);
    expect(await service.metric('deletes_total{gateway="g",rule="hosts"}')).toBe("1");
    expect(Number(await service.metric(failures))).toBe(1);
    expect(JSON.parse((await service.ask("/api/v1/report")).body)).toMatchObject({
      gateways: [
        {
          totals: { expired: 1, deleted: 1 },
          groups: expect.arrayContaining([
            expect.objectContaining({ reason: "host_vanished", outcome: "gone", ttl_source: "vanished" }),
          ]) as unknown,
        },
      ],
    });
  });

  it("asks each query once in a sweep, however many rules have it", async () => {
    const gateway = await startGateway([host("web-1"), host("web-2")]);
    const prometheus = await startScriptedPrometheus((response, query) =>
      response.end(vectorOf([{ instance: query === "up" ? "web-1" : "web-2" }])),
    );
    const rules = Array.from(
      { length: 3000 },
      (_, index) =>
        `  - { name: r${index}, matchers: ['job="batch"', 'x!="${index}"', 'instance="web-${index}"'], ttl: 30d, vanished: { query: ${index === 1 ? "other" : "up"}, label: instance, ttl: 1h } }`,
    );
    const config = writeConfig(
      `pushgateways: [{ name: g, url: "${gateway}" }]\nprometheus: { url: "${prometheus.url}", min_uptime: 0s }\nlimits: { max_outage: 0s }\nrules:\n${rules.join("\n")}\n`,
    );
    const { verdicts } = await judge("once", config);
    expect(verdicts).toEqual({ "web-1": "delete host_vanished", "web-2": "delete host_vanished" });
    expect(prometheus.queries.toSorted()).toEqual(["other", "up"]);
  });
});

describe.each(["api", "exposition"])("TTLs that groups set themselves, read from the %s", (source) => {
  it("count if they make sense, and else as the longest of their rule", async () => {
    const declare = (instance: string, values: readonly number[], labels: LabelPairs = {}): SeedGroup => {
      const samples = values.map((value, index) =>
        values.length === 1 ? { value } : { labels: { n: String(index) }, value },
      );
      const metrics = [{ name: "push_ttl_seconds", type: "gauge" as const, samples }];
      return group(
        { job: "declared", instance, ...labels },
        20 * day,
        values.length === 0 ? {} : { metrics },
      );
    };
    const gateway = await startGateway([
      declare("hour", [3600]),
      declare("nan", [Number.NaN]),
      declare("negative", [-3600]),
      declare("infinite", [Number.POSITIVE_INFINITY]),
      // The exposition does not show whose series these are: that leaves all gauges of the job in doubt.
      declare("two", [3600, 60], { job: "two" }),
      declare("label", [], { ttl: "2h" }),
      declare("seconds", [], { ttl: "7200" }),
      declare("minus", [], { ttl: "-5" }),
      declare("word", [], { ttl: "soon" }),
      declare("gauge-first", [Number.NaN], { ttl: "2h" }),
    ]);
    const config = writeConfig(`
pushgateways: [{ name: g, url: "${gateway}", source: ${source} }]
limits: { max_outage: 0s }
rules:
  - name: declared
    matchers: []
    ttl: 7d
    ttl_metric: { name: push_ttl_seconds, min: 5m, max: 30d }
    ttl_label: { name: ttl, min: 5m, max: 30d }
`);
    const { verdicts } = await judge("once", config);
    const deleted = Object.keys(verdicts).filter((name) => verdicts[name] === "delete ttl_expired");
    expect(deleted.toSorted()).toEqual(["hour", "label", "seconds"]);
    const kept = Object.values(verdicts).filter((verdict) => verdict === "keep within_ttl");
    expect(kept).toHaveLength(7);
  });
});
