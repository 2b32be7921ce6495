import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { cli } from "../support/cli.ts";
import { freePort } from "../support/free-port.ts";
import { getJson } from "../support/http.ts";
import {
  mayLackPrometheus,
  startPrometheus,
  type PrometheusServer,
  type Sample,
} from "../support/prometheus-server.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { startService, testFolder, type RunningService } from "../support/service.ts";
import { readStackFile, stackFolder } from "./stack-files.ts";

const vanishings = 4;
const livingHosts = ["database", "mailer"];

/** A script of the stack, killed with the test. Returns what it has said so far. */
function startScript(name: string, env: Readonly<Record<string, string>>): () => string {
  const child = spawn(process.execPath, [join(stackFolder, name)], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  return () => output;
}

interface RuleGroups {
  readonly data: { readonly groups: readonly { readonly rules: readonly { readonly health: string }[] }[] };
}

interface Stack {
  readonly prometheus: PrometheusServer;
  readonly janitor: RunningService;
  /** The folder. */
  readonly archive: string;
  /** The hosts that have gone by now. */
  vanished(): readonly string[];
}

/** The stack of compose.yaml from the same files, with other addresses, and faster. */
async function startStack(): Promise<Stack> {
  const folder = testFolder();
  const place = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const gateway = await startPushgateway();
  onTestFinished(() => gateway.stop());
  const application = startScript("hosts/application.mjs", { LISTEN: "127.0.0.1:0" });
  await expect.poll(application, { timeout: 20_000 }).toMatch(/^listens on /);
  // Each of them is to know the others, so that some addresses are settled before anybody listens there.
  const [janitorAddress, hostsAddress] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const prometheus = await startPrometheus(
    place(
      "prometheus.yml",
      readStackFile("prometheus/prometheus.yml", {
        "/etc/prometheus-rules": join(stackFolder, "../prometheus"),
        "scrape_interval: 5s": "scrape_interval: 1s",
        "evaluation_interval: 5s": "evaluation_interval: 1s",
        "refresh_interval: 5s": "refresh_interval: 1s",
        "pushgateway:9091": new URL(gateway.url).host,
        "janitor:9717": janitorAddress,
        "hosts:9100": hostsAddress,
        "application:8080": application().replace("listens on ", "").trim(),
      }),
    ),
  );
  const config = place(
    "janitor.yml",
    readStackFile("janitor/janitor.yml", {
      "http://pushgateway:9091": gateway.url,
      "http://prometheus:9090": prometheus.url,
      "/var/lib/pushgateway-janitor": join(folder, "archive"),
      '"*/10 * * * * *"': '"* * * * * *"',
      // Long enough for a busy machine on which Prometheus finds a new host late.
      "ttl: 30s": "ttl: 5s",
    }),
  );
  const janitor = await startService([`--config.file=${config}`, `--web.listen-address=${janitorAddress}`]);
  const scraped = async () =>
    (await prometheus.query("up == 1")).map(({ metric }) => metric["job"] ?? "").toSorted();
  await expect
    .poll(scraped, { timeout: 60_000 })
    .toEqual(["application", "pushgateway", "pushgateway-janitor"]);
  const hosts = startScript("hosts/hosts.mjs", {
    LISTEN: hostsAddress,
    PUSHGATEWAY: gateway.url,
    PUSH_EVERY: "500ms",
    HOST_EVERY: "1s",
    HOST_LIVES: "3s",
  });
  const vanished = (): readonly string[] =>
    [...hosts().matchAll(/^(\S+) vanishes$/gm)].map(([, host]) => host!);
  return { prometheus, janitor, archive: join(folder, "archive"), vanished };
}

describe("the stack to try it", { timeout: 180_000 }, () => {
  it.skipIf(mayLackPrometheus)(
    "makes the series of vanished hosts disappear from Prometheus, and never those of living ones",
    async () => {
      const { prometheus, janitor, archive, vanished } = await startStack();
      const known = (host: string) =>
        prometheus.samples(`batch_jobs_done{job="batch",instance="${host}"}[10m]`);
      // A scrape that fails shows no host at all: that must not pass for a sweep.
      const absent = (host: string) =>
        prometheus.query(`up{job="pushgateway"} == 1 unless on() {instance="${host}"}`);
      for (let done = 0; done < vanishings; done += 1) {
        await expect.poll(() => vanished().length, { timeout: 60_000 }).toBeGreaterThan(done);
        const host = vanished()[done]!;
        expect(livingHosts).not.toContain(host);
        await expect.poll(() => known(host), { timeout: 60_000 }).toHaveLength(1);
        await expect.poll(() => absent(host), { timeout: 60_000, interval: 200 }).toHaveLength(1);
      }
      for (const host of livingHosts) await expectNoGap(prometheus, host);

      const { data } = await getJson<RuleGroups>(prometheus.url, "/api/v1/rules");
      const rules = data.groups.flatMap((group) => group.rules);
      expect(rules.length).toBeGreaterThan(0);
      expect(rules.filter(({ health }) => health === "err")).toEqual([]);

      const batch = '{gateway="stack",rule="batch-hosts"}';
      expect(Number(await janitor.metric(`deletes_total${batch}`))).toBeGreaterThanOrEqual(vanishings);
      expect(await janitor.metric(`groups_reappeared_total${batch}`)).toBe("0");
      expect((await janitor.stop()).exitCode).toBe(0);
      // Their TTL is an hour: it was Prometheus that no longer knew them.
      const { stdout } = await cli(["archive", "list", archive, "--output=json"]);
      const reasons = [...stdout.matchAll(/"reason": ?"(\w+)"/g)].map(([, reason]) => reason);
      expect(new Set(reasons)).toEqual(new Set(["host_vanished"]));
    },
  );
});

/** Every scrape of the gateway that succeeded, from the first that had this host on, had it. */
async function expectNoGap(prometheus: PrometheusServer, host: string): Promise<void> {
  const [series] = await prometheus.samples(`batch_jobs_done{instance="${host}"}[10m]`);
  const [up] = await prometheus.samples('up{job="pushgateway"}[10m]');
  const seen = times(series!.value);
  const scraped = times(up!.value.filter(([, value]) => value === "1")).filter((time) => time >= seen[0]!);
  expect(seen.length).toBeGreaterThan(10);
  // One query is later than the other, and so may know one scrape more.
  expect(scraped.slice(0, seen.length)).toEqual(seen);
}

function times(samples: readonly Sample[]): readonly number[] {
  return samples.map(([time]) => time);
}
