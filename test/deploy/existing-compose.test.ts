import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";

import { blocksOf } from "../docs/pages.ts";
import { mayLackDockerCompose, runDockerCompose } from "../support/docker-compose.ts";
import { freePort } from "../support/free-port.ts";
import { mayLackPrometheus, startPrometheus } from "../support/prometheus-server.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { startService, testFolder } from "../support/service.ts";

/** What somebody has before the janitor comes. */
const composeFile = `version: '3.7'
services:
  prometheus:
    image: prom/prometheus
    volumes: ["./prometheus.yml:/etc/prometheus/prometheus.yml"]
    ports: ["9090:9090"]
  application:
    image: example/application
    ports: ["8080:8080"]
  pushgateway:
    image: prom/pushgateway
    ports: ["9091:9091"]
`;

const [override = "", janitorYml = "", scrapeConfig = ""] = blocksOf("docs/one-machine.md", "yaml");

describe.skipIf(mayLackDockerCompose)("the snippet for an existing compose file", () => {
  it("has ten lines, and adds the janitor to it and nothing else", () => {
    expect(override.trimEnd().split("\n")).toHaveLength(10);
    const folder = testFolder();
    writeFileSync(join(folder, "docker-compose.yml"), composeFile);
    const config = () => {
      const { stdout } = runDockerCompose(["--project-directory", folder, "config", "--format=json"]);
      return JSON.parse(stdout) as { services: Record<string, object>; volumes?: object };
    };
    const before = config();
    writeFileSync(join(folder, "docker-compose.override.yml"), override);
    const { services, volumes } = config();
    const { "pushgateway-janitor": janitor, ...others } = services;
    expect(others).toEqual(before.services);
    expect(Object.keys(volumes!)).toEqual(["pushgateway-janitor"]);
    expect(janitor).toMatchObject({
      volumes: [{ source: join(folder, "pushgateway-janitor") }, { type: "volume" }],
    });
  });
});

describe.skipIf(mayLackPrometheus)("the janitor beside what is there", { timeout: 120_000 }, () => {
  it("ends the series of an old group, and is scraped itself", async () => {
    const now = Date.now() / 1000;
    const gateway = await startPushgateway({
      groups: [
        { labels: { job: "batch", instance: "old-1" }, pushTime: now - 40 * 86_400 },
        { labels: { job: "batch", instance: "web-2" }, pushTime: now - 600 },
      ],
    });
    onTestFinished(() => gateway.stop());
    const folder = testFolder();
    const address = `127.0.0.1:${await freePort()}`;
    const prometheusYml = join(folder, "prometheus.yml");
    writeFileSync(
      prometheusYml,
      "global: { scrape_interval: 1s }\n" +
        scrapeConfig.replace("pushgateway-janitor:9717", address) +
        `  - job_name: pushgateway\n    honor_labels: true\n    static_configs: [{ targets: ["${new URL(gateway.url).host}"] }]\n`,
    );
    const prometheus = await startPrometheus(prometheusYml);
    const known = async () =>
      (await prometheus.query('sort_desc(push_time_seconds{job="batch"})')).map(
        ({ metric }) => metric["instance"],
      );
    await expect.poll(known, { timeout: 30_000 }).toEqual(["web-2", "old-1"]);

    // The image has the command `run`, and the folder of janitor.yml as its own.
    const own = join(folder, "pushgateway-janitor");
    mkdirSync(own);
    const text = janitorYml
      .replace("http://pushgateway:9091", gateway.url)
      .replace("/var/lib/pushgateway-janitor", join(folder, "archive"));
    writeFileSync(join(own, "janitor.yml"), text);
    const janitor = await startService([`--web.listen-address=${address}`, "--config.poll-interval=50ms"], {
      cwd: own,
    });
    expect(parse(text)).toMatchObject({ dry_run: true });
    await janitor.post("/-/sweep");
    expect(await known()).toEqual(["web-2", "old-1"]);
    writeFileSync(join(own, "janitor.yml"), text.replace(/^dry_run.*\n/m, ""));
    await janitor.shows(
      'msg="Configuration loaded" gateways=1 discoveries=0 shard=0/1 rules=1 dry_run=false',
    );
    // Half of two groups is what the limits allow.
    expect(await janitor.post("/-/sweep")).toMatchObject({ status: 200 });
    await expect.poll(known, { timeout: 30_000 }).toEqual(["web-2"]);
    const up = async () => (await prometheus.query('up{job="pushgateway-janitor"}'))[0]?.value[1];
    await expect.poll(up, { timeout: 30_000 }).toBe("1");
  });
});
