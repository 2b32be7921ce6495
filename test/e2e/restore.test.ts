import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { archivedGroup, archiveFile, readContent, temporaryFolder } from "../support/archived-groups.ts";
import { createArchive } from "../../src/archive/archive.ts";
import { systemClock } from "../../src/cli/system-clock.ts";
import { cli } from "../support/cli.ts";
import { bytesField, doubleField, uintField } from "../support/protobuf.ts";
import { installedGateways, startPushgateway, type InstalledGateway } from "../support/pushgateway.ts";
import { deleteGroup, getJson, getText, nativeHistogramPush, push, pushFamily } from "../support/push.ts";

const families = [
  '# HELP app_total Counts \\\\ back\\nslashes and "quotes".',
  "# TYPE app_total counter",
  'app_total{l="a\\\\b\\"c\\nd",empty="",uml="ä€😀"} 1.7953447495509727e+09',
  'app_total{instance="own",job="own"} NaN',
  'app_total{le="1",quantile="0.5"} -0',
  "# TYPE app_gauge gauge",
  'app_gauge{x="1"} +Inf',
  'app_gauge{x="2"} -Inf',
  'app_gauge{x="3"} 5e-324',
  "app:untyped 0.1",
  "# HELP app_seconds Takes long.",
  "# TYPE app_seconds summary",
  'app_seconds{quantile="1e-05"} 3',
  'app_seconds{quantile="0.5"} NaN',
  'app_seconds{quantile="0.99"} 1e+100',
  "app_seconds_sum NaN",
  "app_seconds_count 12345678901",
  'app_seconds{l="b",quantile="0.5"} 2',
  'app_seconds_sum{l="b"} 4',
  'app_seconds_count{l="b"} 2',
  "# TYPE app_bytes histogram",
  'app_bytes_bucket{le="0.25"} 1',
  'app_bytes_bucket{le="2"} 3',
  'app_bytes_bucket{le="10"} 4',
  'app_bytes_bucket{le="1e+06"} 5',
  'app_bytes_bucket{le="+Inf"} 6',
  "app_bytes_sum 14.5",
  "app_bytes_count 6",
  "# TYPE constructor gauge",
  "constructor 1",
  "# TYPE __proto__ gauge",
  '__proto__{constructor="a",hasOwnProperty="b"} 2',
  "# TYPE labels gauge",
  "labels 3",
  "# TYPE last_push_successful gauge",
  "last_push_successful 4",
  "",
].join("\n");

const groups: readonly Record<string, string>[] = [
  { job: "rich", instance: "a" },
  { job: "rich", instance: "b", dots: "..", other: "a/b\n" },
];

/** The exposition without the push times, and without the gateway's own metrics, which count requests. */
async function exposition(url: string): Promise<string> {
  const lines = (await getText(url, "/metrics")).split("\n");
  return lines
    .filter((line) => !/^(# \w+ )?(push_(failure_)?time_seconds|go_|process_|pushgateway_)/.test(line))
    .join("\n");
}

async function jobsOn(url: string): Promise<string[]> {
  const { data } = await getJson<{
    data: { push_time_seconds: { metrics: { labels: Record<string, string> }[] } }[];
  }>(url, "/api/v1/metrics");
  return data.map((group) => group.push_time_seconds.metrics[0]?.labels["job"] ?? "").toSorted();
}

interface Setting {
  readonly url: string;
  readonly dir: string;
  readonly file: string;
  /** Deletes every group but that of the job `keep`, as soon as they have any age. */
  readonly sweep: (...flags: string[]) => ReturnType<typeof cli>;
}

// Ages are counted in whole seconds of the gateway's clock: two of them may have to pass.
vi.setConfig({ testTimeout: 60_000 });
const patience = { timeout: 20_000, interval: 100 };

async function start(gateway: InstalledGateway, flags: readonly string[] = []): Promise<Setting> {
  const running = await startPushgateway({ gateway, flags });
  onTestFinished(() => running.stop());
  const { url } = running;
  const folder = temporaryFolder();
  const dir = join(folder, "archive");
  const file = join(folder, "janitor.yml");
  writeFileSync(
    file,
    [
      `pushgateways: [{ name: batch, url: ${url} }]`,
      `archive: { dir: ${dir}, retention: 30d }`,
      "rules: [{ name: all, matchers: ['job!=\"keep\"'], ttl: 1ms }]",
      "limits: { max_delete_ratio: 1, max_outage: 0s }",
      "",
    ].join("\n"),
  );
  const sweep = async (...more: string[]) => {
    const flags = [`--config.file=${file}`, "--log.level=error"];
    const report = async (): Promise<string> => (await cli(["report", ...flags])).stdout;
    await expect.poll(report, patience).not.toMatch(/within_ttl|future_time/);
    return cli(["once", ...flags, ...more]);
  };
  return { url, dir, file, sweep };
}

describe.each(installedGateways)("restoring into Pushgateway $name", (gateway) => {
  it("shows its progress on a terminal, the gateway, and when a rule deletes each group again", async () => {
    const { url, dir, file, sweep } = await start(gateway);
    for (const job of ["a", "b"]) await push(url, { job }, "x 1\n");
    expect(await sweep()).toMatchObject({ exitCode: 0 });
    const rules = [
      "{ name: kept, matchers: ['job=\"b\"'], action: keep }",
      "{ name: hosts, matchers: [], ttl: 30d, vanished: { query: up, label: instance, ttl: 1h } }",
    ];
    const prometheus = "prometheus: { url: 'http://127.0.0.1:1' }";
    const gateways = `pushgateways: [{ name: batch, url: ${url} }]\narchive: { dir: ${dir} }`;
    writeFileSync(file, `${gateways}\n${prometheus}\nrules: [${rules.join(", ")}]\n`);
    // Every step takes seconds.
    let steps = 0;
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + 2 * (steps += 1) };
    const words = ["restore", "--all", `--config.file=${file}`];
    const { stdout, stderr, exitCode } = await cli(words, { columns: 120, clock });
    expect(exitCode).toBe(0);
    expect(stderr).toContain("\u001B[Kreading the archive");
    expect(stderr).toMatch(/\[Krestoring 1\/2, [\d.]+m?s left/);
    expect(stdout).toMatch(/^restored +\S+ +in 1h or later \(hosts\) +batch +all +{job="a"}$/m);
    expect(stdout).toMatch(/^restored +\S+ +never +batch +all +{job="b"}$/m);
    expect(stdout).toMatch(new RegExp(`\n2 restored\n2 groups to ${url}\n$`));
  });

  it("restores the exposition that every group had before it was deleted", async () => {
    const { url, dir, file, sweep } = await start(gateway);
    for (const labels of groups) expect(await push(url, labels, families)).toMatchObject({ status: 200 });
    await push(url, { job: "no-instance" }, 'app_gauge{instance="own"} 1\napp_gauge{instance=""} 2\n');
    await push(url, { job: "empty" }, "");
    const before = await exposition(url);
    expect(await sweep()).toMatchObject({ exitCode: 0 });
    expect(await jobsOn(url)).toEqual([]);

    const dry = await cli(["restore", dir, "--all", `--config.file=${file}`, "--dry-run"]);
    expect(dry).toMatchObject({ exitCode: 0, stderr: "" });
    expect(dry.stdout).toContain("4 to restore");
    expect(await jobsOn(url)).toEqual([]);

    const result = await cli(["restore", dir, "--all", `--config.file=${file}`]);
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(result.stdout).toContain("\n4 restored\n");
    expect(result.stdout).not.toContain("lost");
    expect(await exposition(url)).toBe(before);
    expect(await jobsOn(url)).toEqual(["empty", "no-instance", "rich", "rich"]);
    // So that nobody takes them for groups that came back by a push.
    const { stdout } = await cli(["archive", "list", dir]);
    expect(stdout.match(/^\S+ {2}restored /gm)).toHaveLength(4);
  });

  it("never replaces a group that exists without --overwrite", async () => {
    const { url, dir, file, sweep } = await start(gateway);
    await push(url, { job: "a" }, "app_up 1\n");
    await push(url, { job: "b" }, "app_up 1\n");
    await sweep();
    await push(url, { job: "a" }, "app_up 2\n");

    const careful = await cli(["restore", dir, "--all", `--config.file=${file}`]);
    expect(careful.exitCode).toBe(0);
    expect(careful.stdout).toMatch(/^skipped .* \{job="a"\}\n {2}the group exists; --overwrite replaces it/m);
    expect(careful.stdout).toContain("1 restored, 1 skipped because they exist");
    expect(await exposition(url)).toContain('app_up{instance="",job="a"} 2');

    await cli(["restore", dir, `--config.file=${file}`, "--overwrite", '--match={job="a"}']);
    expect(await exposition(url)).toContain('app_up{instance="",job="a"} 1');
  });

  it("never makes the gateway inconsistent by a group that differs only by an empty instance", async () => {
    const { url, dir, file, sweep } = await start(gateway, ["--push.disable-consistency-check"]);
    await push(url, { job: "a" }, "app_up 1\n");
    await expect.poll(() => jobsOn(url)).toEqual(["a"]);
    await sweep();
    await push(url, { job: "a", instance: "" }, "app_up 2\n");
    await expect.poll(() => jobsOn(url)).toEqual(["a"]);
    const result = await cli(["restore", dir, "--all", `--config.file=${file}`, "--overwrite"]);
    expect(result.stdout).toContain("another spelling");
    expect(await jobsOn(url)).toEqual(["a"]);
  });

  it("reports a refused push and restores the others", async () => {
    const { url, dir, file, sweep } = await start(gateway);
    await push(url, { job: "a" }, "# TYPE app_up gauge\napp_up 1\n");
    await push(url, { job: "b" }, "app_other 1\n");
    await sweep();
    await push(url, { job: "keep" }, "# TYPE app_up counter\napp_up 1\n");
    const result = await cli(["restore", dir, "--all", `--config.file=${file}`]);
    expect(result.exitCode).toBe(21);
    const reason =
      gateway.version === "1.11.0"
        ? /closed the connection without an answer/
        : /HTTP 400: pushed metrics are invalid/;
    expect(result.stdout).toMatch(/^failed .*\{job="a"\}$/m);
    expect(result.stdout).toMatch(reason);
    expect(await exposition(url)).toContain('app_other{instance="",job="b"} 1');

    // The refused push has left an empty group, which is no reason not to try again.
    await deleteGroup(url, { job: "keep" });
    expect(await cli(["restore", dir, "--all", `--config.file=${file}`])).toMatchObject({ exitCode: 0 });
    expect(await exposition(url)).toContain('app_up{instance="",job="a"} 1');
  });

  it("restores the last record of a group that was deleted twice", async () => {
    const { url, dir, file, sweep } = await start(gateway);
    for (const value of [1, 2]) {
      await push(url, { job: "a" }, `app_up ${value}\n`);
      await sweep();
    }
    const result = await cli(["restore", dir, "--all", `--config.file=${file}`]);
    expect(result.stdout).toContain("\n1 restored\n");
    expect(await exposition(url)).toContain('app_up{instance="",job="a"} 2');
  });

  it("restores into another gateway than the recorded one", async () => {
    const from = await start(gateway);
    const to = await start(gateway);
    await push(from.url, { job: "a", instance: "b" }, families);
    const before = await exposition(from.url);
    await from.sweep();
    const result = await cli(["restore", from.dir, "--all", `--gateway=${to.url}`]);
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await exposition(to.url)).toBe(before);
    expect(await jobsOn(from.url)).toEqual([]);
  });

  it("names what text cannot carry, and restores the rest", async () => {
    const { url, dir, file, sweep } = await start(gateway);
    await push(url, { job: "a" }, "app_up 1\n");
    await nativeHistogramPush(url, { job: "a" });
    await pushFamily(url, { job: "a" }, Buffer.concat([bytesField(1, "app_void"), uintField(3, 1)]));
    const gauge = bytesField(2, doubleField(1, 3));
    const label = bytesField(1, Buffer.concat([bytesField(1, "my.label"), bytesField(2, "x")]));
    await pushFamily(
      url,
      { job: "a" },
      Buffer.concat([
        bytesField(1, "app_named"),
        uintField(3, 1),
        bytesField(4, Buffer.concat([label, gauge])),
      ]),
    );
    await sweep();
    const result = await cli(["restore", dir, "--all", `--config.file=${file}`]);
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(result.stdout).toContain("lost: app_void has no series, and is left out");
    expect(result.stdout).toContain("1 not the same as before");
    // 1.5 knows no native histograms and has dropped the buckets itself.
    const native = /lost: native_histogram is a native histogram/.test(result.stdout);
    expect(native).toBe(gateway.version.startsWith("1.11"));
    const after = await exposition(url);
    expect(after).toContain('app_up{instance="",job="a"} 1');
    expect(after).toContain('native_histogram_count{instance="",job="a"} 6');
  });

  it("says once for all groups that a gateway does not answer, and exits with 1", async () => {
    const { url, dir, sweep } = await start(gateway);
    await push(url, { job: "a" }, "app_up 1\n");
    await push(url, { job: "b" }, "app_up 1\n");
    await sweep();
    const result = await cli(["restore", dir, "--all", "--gateway=http://127.0.0.1:1"]);
    expect(result.exitCode).toBe(1);
    expect(
      result.stdout.match(/GET http:\/\/127.0.0.1:1\/api\/v1\/status: connect ECONNREFUSED/g),
    ).toHaveLength(1);
    expect(result.stdout).toContain("0 restored, 2 failed");
  });
});

const newest = installedGateways.at(-1);
describe.runIf(newest !== undefined && newest.version.startsWith("1.11"))(
  "a gateway with UTF-8 names",
  () => {
    it("restores groups, metrics and labels with such names", async () => {
      if (newest === undefined) return;
      const { url, dir, file, sweep } = await start(newest, ["--push.enable-utf8-names"]);
      const body = [
        '# HELP "my.counter" A "dotted" one.',
        '# TYPE "my.counter" counter',
        '{"my.counter"} 1',
        '{"my.counter","my.label"="a",plain="b"} 2',
        '# TYPE "my.histogram" histogram',
        '{"my.histogram_bucket",le="1"} 1',
        '{"my.histogram_bucket",le="+Inf"} 2',
        '{"my.histogram_sum"} 3',
        '{"my.histogram_count"} 2',
        '# TYPE "ж \\"q\\" \\\\ n" gauge',
        '{"ж \\"q\\" \\\\ n","1"="x"} 4',
        "",
      ].join("\n");
      expect(await push(url, { job: "a", U__my_2e_group: "x" }, body)).toMatchObject({ status: 200 });
      const accept = (await getText(url, "/api/v1/metrics")).replaceAll(
        /"time_stamp":"[^"]*"|"value":"1\.\d+e\+09"/g,
        "",
      );
      const before = await exposition(url);
      await sweep();
      expect(await jobsOn(url)).toEqual([]);
      const result = await cli(["restore", dir, "--all", `--config.file=${file}`]);
      expect(result).toMatchObject({ exitCode: 0, stderr: "" });
      expect(result.stdout).not.toContain("lost");
      expect(await exposition(url)).toBe(before);
      const again = (await getText(url, "/api/v1/metrics")).replaceAll(
        /"time_stamp":"[^"]*"|"value":"1\.\d+e\+09"/g,
        "",
      );
      expect(again).toBe(accept);
    });
  },
);

describe("a sweep with an archive", () => {
  const gateway = installedGateways.at(-1);
  if (gateway === undefined) throw new Error("no Pushgateway is installed");

  it("deletes nothing when the archive cannot be opened, and says why", async () => {
    const { url, dir, sweep } = await start(gateway);
    await push(url, { job: "a" }, "app_up 1\n");
    writeFileSync(dir, "in the way");
    const result = await sweep("--output=json");
    expect(result.exitCode).toBe(21);
    const [report] = (
      JSON.parse(result.stdout) as { gateways: { error: unknown; groups: { reason: string }[] }[] }
    ).gateways;
    expect(report?.groups.map(({ reason }) => reason)).toEqual(["archive_failed"]);
    expect(report?.error).toMatchObject({ code: "archive_failed" });
    expect(result.stderr).toContain("cannot be created");
    expect(await jobsOn(url)).toEqual(["a"]);
  });

  it("creates nothing in a dry run", async () => {
    const { url, dir, sweep } = await start(gateway);
    await push(url, { job: "a" }, "app_up 1\n");
    expect(await sweep("--dry-run")).toMatchObject({ exitCode: 0 });
    expect(() => readdirSync(dir)).toThrow("ENOENT");
  });

  it("creates nothing in the folder but its files", async () => {
    const { url, dir, sweep } = await start(gateway);
    await push(url, { job: "a" }, "app_up 1\n");
    await sweep();
    await push(url, { job: "b" }, "app_up 1\n");
    await sweep();
    const name = /^deleted-\d{4}-\d\d-\d\dT\d{6}Z-[0-9a-f]{12}\.ndjson\.gz$/;
    expect(readdirSync(dir)).toEqual([expect.stringMatching(name), expect.stringMatching(name)]);
    expect((await readContent(dir)).jobs.flat()).toEqual(["a", "b"]);
  });

  it("says without one that nothing can be restored", async () => {
    const { url } = await start(gateway);
    await push(url, { job: "a" }, "app_up 1\n");
    const flags = [`--gateway=${url}`, "--ttl=1ms", "--limits.max-outage=0s", "--log.level=error"];
    const note = "note: no archive: what was deleted cannot be restored";
    await expect.poll(async () => (await cli(["once", ...flags])).stdout, patience).toContain(note);
  });
});

describe("restore", () => {
  const noon = Date.parse("2026-11-24T12:00:00Z") / 1000;

  /** An archive of groups with one gauge, and a configuration with a gateway that has the name `batch`. */
  async function startWithArchive(groups: readonly (readonly [job: string, options?: object])[]) {
    const gateway = await startPushgateway();
    onTestFinished(() => gateway.stop());
    const { url } = gateway;
    const folder = temporaryFolder();
    const dir = join(folder, "archive");
    const archive = createArchive({ dir, retentionSeconds: null, now: () => noon });
    for (const [job, options] of groups) await archive.append([archivedGroup({ job }, { url, ...options })]);
    await archive.close();
    const file = join(folder, "janitor.yml");
    const configure = (batchUrl: string): void => {
      writeFileSync(
        file,
        `pushgateways: [{ name: batch, url: "${batchUrl}" }]\nrules: [{ name: all, matchers: [], ttl: 1d }]\n`,
      );
    };
    configure(url);
    const restore = (...flags: string[]) => cli(["restore", dir, `--config.file=${file}`, ...flags]);
    return { url, dir, configure, restore };
  }

  it("requires a filter or --all", async () => {
    const { url, restore } = await startWithArchive([["a"]]);
    for (const flags of [[], ["--dry-run"], ["--match={}"], ["--gateway=http://127.0.0.1:1"]]) {
      const { exitCode, stderr } = await restore(...flags);
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining("with --all")]);
    }
    expect(await restore("--all", "--from=batch")).toMatchObject({ exitCode: 2 });
    expect(await jobsOn(url)).toEqual([]);
    for (const flag of ["--all", "--from=batch", "--since=2026-11-24T12:00:00Z", '--match={job!="b"}']) {
      const { exitCode, stdout } = await restore(flag, "--dry-run");
      expect([exitCode, stdout]).toEqual([0, expect.stringContaining("1 to restore")]);
    }
  });

  it("refuses a gateway that only has the name of the one that the groups were deleted from", async () => {
    const { url, configure, restore } = await startWithArchive([["a", { url: "http://old:9091" }]]);
    const refused = await restore("--all");
    expect(refused).toMatchObject({ exitCode: 1, stderr: "" });
    expect(refused.stdout).toContain(
      `  it was deleted from http://old:9091, and the gateway "batch" is ${url} now; --from=batch --gateway=${url} restores it there\n`,
    );
    expect(await jobsOn(url)).toEqual([]);
    expect(await restore("--from=batch", `--gateway=${url}`)).toMatchObject({ exitCode: 0 });
    expect(await jobsOn(url)).toEqual(["a"]);
    configure("http://old:9091");
    expect((await restore("--all", "--dry-run")).stdout).not.toContain("it was deleted from");
  });

  it("restores what version 0.1.0 archived without URLs, and says where", async () => {
    const { url, dir, restore } = await startWithArchive([]);
    cpSync(join(import.meta.dirname, "../fixtures/archive-0.1.0"), dir, { recursive: true });
    const { exitCode, stderr } = await restore("--all");
    const notes = stderr.trimEnd().split("\n");
    expect([exitCode, notes.at(-1)]).toEqual([
      0,
      `Version 0.1.0 archived no URLs: groups of the gateway "batch" that it deleted go to ${url}`,
    ]);
    expect(await jobsOn(url)).toEqual(["a", "b-0", "b-1"]);
    expect(await exposition(url)).toContain('app_up{instance="",job="a"} 2');
  });

  it("never overwrites a group that was pushed a second before its turn", async () => {
    const jobs = ["a", "b", "c"];
    const { url, restore } = await startWithArchive(jobs.map((job) => [job] as const));
    // Stands in for time that passes between two pushes: the first one is answered late.
    const slow = createServer((request, response) => {
      void (async () => {
        const body = await text(request);
        const method = request.method ?? "GET";
        const answer = await fetch(`${url}${request.url}`, { method, ...(body === "" ? {} : { body }) });
        if (request.url === "/metrics/job/a") {
          await push(url, { job: "b" }, "# TYPE app_up gauge\napp_up 2\n");
          await setTimeout(1000);
        }
        response
          .writeHead(answer.status, { date: answer.headers.get("date") ?? "" })
          .end(await answer.text());
      })();
    });
    await once(slow.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => void slow.close());
    const { port } = slow.address() as AddressInfo;
    const { stdout } = await restore("--all", `--gateway=http://127.0.0.1:${port}`);
    expect(stdout).toContain("2 restored, 1 skipped because they exist");
    expect(await exposition(url)).toContain('app_up{instance="",job="b"} 2');
  });

  it("restores the newer of two deletions even if the clock was put back between them", async () => {
    const { url, dir, restore } = await startWithArchive([]);
    const deleteAt = async (now: number, value: string, lastSuccessAt: number): Promise<void> => {
      const archive = createArchive({ dir, retentionSeconds: null, now: () => now });
      const deleted = archivedGroup({ job: "a" }, { url, value });
      const group = { ...deleted.decision.group, lastSuccessAt };
      await archive.append([{ ...deleted, decision: { ...deleted.decision, group } }]);
      await archive.close();
    };
    await deleteAt(noon + 40 * 86_400, "1", noon - 7200);
    await deleteAt(noon, "2", noon - 3600);
    await restore("--all");
    expect(await exposition(url)).toContain('app_up{instance="",job="a"} 2');
  });

  it("restores what it can of a damaged archive, names the rest, and exits with 21", async () => {
    const { url, dir, restore } = await startWithArchive([["a"], ["b"], ["c"]]);
    const path = archiveFile(dir);
    const bytes = readFileSync(path);
    const second = bytes.indexOf(bytes.subarray(0, 16), 16);
    bytes[second + 30] = (bytes[second + 30] ?? 0) ^ 0x55;
    writeFileSync(path, bytes);
    execFileSync("mkfifo", [join(dir, "deleted-2026-11-20.ndjson.gz")]);
    symlinkSync(path, join(dir, "deleted-2026-11-21.ndjson.gz"));
    mkdirSync(join(dir, "deleted-2026-11-22.ndjson.gz"));
    const { exitCode, stdout, stderr } = await restore("--all");
    expect(stderr.trimEnd().split("\n")).toEqual([
      `${dir}/deleted-2026-11-20.ndjson.gz: cannot be read: it is no regular file`,
      `${dir}/deleted-2026-11-21.ndjson.gz: cannot be read: it is a symbolic link, which is not followed`,
      `${dir}/deleted-2026-11-22.ndjson.gz: cannot be read: it is a folder`,
      expect.stringMatching(`^${path}: byte ${second}: damaged up to byte \\d+$`),
    ]);
    expect(stdout).toContain(
      "\n2 restored, the archive is damaged: what could not be read is not restored\n",
    );
    expect(exitCode).toBe(21);
    expect(await jobsOn(url)).toEqual(["a", "c"]);
    expect(await cli(["archive", "list", dir])).toMatchObject({ exitCode: 21 });
  });
});

describe("archive list", () => {
  it("says what was deleted, when, by which rule, of which gateway and how it ended", async () => {
    const dir = temporaryFolder();
    const archive = createArchive({
      dir,
      retentionSeconds: null,
      now: () => Date.parse("2026-11-24T12:00:00Z") / 1000,
    });
    const hostile = archivedGroup({ job: "b", x: "\u001B[31mred\nline" }, { gateway: "other", rule: "ci" });
    await archive.append([archivedGroup({ job: "a" }), hostile]);
    await archive.recordOutcomes("batch", [['[["job","a"]]', "gone"]]);
    await archive.recordRestored("batch", [archivedGroup({ job: "a" }).decision.group.labels]);
    await archive.close();

    const { stdout, stderr, exitCode } = await cli(["archive", "list", dir]);
    expect([exitCode, stderr]).toEqual([0, "3 entries\n"]);
    expect(stdout).toBe(
      [
        "TIME                      STATE        GATEWAY  RULE  AGE  SERIES  GROUP",
        '2026-11-24T12:00:00.000Z  restored     batch    -     -    -       {job="a"}',
        '2026-11-24T12:00:00.000Z  unconfirmed  other    ci    2h   3       {job="b", x="\\u001b[31mred\\nline"}',
        '2026-11-24T12:00:00.000Z  deleted      batch    old   2h   3       {job="a"}',
        "",
      ].join("\n"),
    );
    const json = await cli([
      "archive",
      "list",
      dir,
      "--output=json",
      '--match={job="a"}',
      "--since=2026-11-24T12:00:00Z",
    ]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      schema_version: 1,
      events: [
        { event: "restored", labels: { job: "a" } },
        { event: "deletion", outcome: "gone", rule: "old" },
      ],
    });
    const none = await cli(["archive", "list", dir, "--output=json", "--until=2026-11-24T11:00:00Z"]);
    expect(JSON.parse(none.stdout)).toEqual({ schema_version: 1, events: [] });
  });

  it("fits a terminal: what all lines share is said once, and only --wide has longer lines", async () => {
    const dir = temporaryFolder();
    const archive = createArchive({ dir, retentionSeconds: null, now: () => 1_800_000_000 });
    const host = (name: string) => ({
      job: "batch",
      instance: `${name}.prod.eu-central-1.compute.example.com`,
    });
    await archive.append(
      ["web-1", "web-2"].map((name) => archivedGroup(host(name), { rule: "everything-else" })),
    );
    await archive.close();
    const { stdout } = await cli(["archive", "list", dir], { columns: 80 });
    expect(stdout).toBe(
      [
        "TIME 2027-01-15T08:00:00Z",
        "STATE unconfirmed",
        "GATEWAY batch",
        "RULE everything-else",
        "AGE 2h",
        "GROUP",
        '{job="batch", instance="web-2.prod.eu-central-1.compute.example.com"}',
        '{job="batch", instance="web-1.prod.eu-central-1.compute.example.com"}',
        "",
      ].join("\n"),
    );
    const wide = await cli(["archive", "list", dir, "--wide"], { columns: 80 });
    expect(wide.stdout).toMatch(
      /^2027\S+ +unconfirmed +batch +everything-else +2h +3 +{.*web-2.*example.com"}$/m,
    );
  });

  it("finds the folder in the configuration, and prints the newest of what matches", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "janitor.yml");
    const gateway = "pushgateways: [{name: batch, url: 'http://127.0.0.1:1'}]";
    writeFileSync(file, `${gateway}\narchive: {dir: archive}\nrules: [{name: all, matchers: [], ttl: 1d}]\n`);
    let now = 0;
    const dir = join(folder, "archive");
    const archive = createArchive({ dir, retentionSeconds: null, now: () => now });
    for (const at of ["2026-11-23T23:59:59.999Z", "2026-11-24T00:00:00Z", "2026-11-24T12:00:00Z"]) {
      now = Date.parse(at) / 1000;
      await archive.append([archivedGroup({ job: at.slice(0, 13) })]);
    }
    await archive.close();
    const clock = { ...systemClock, now: () => Date.parse("2026-11-24T13:00:00Z") / 1000 };
    const list = async (...flags: readonly string[]) => {
      const words = ["archive", "list", `--config.file=${file}`, "--output=csv", ...flags];
      const { stdout, stderr } = await cli(words, { clock });
      return [...stdout.split("\r\n").flatMap((line) => /job=""([^"]*)/.exec(line)?.[1] ?? []), stderr];
    };
    const [noon, midnight, yesterday] = ["2026-11-24T12", "2026-11-24T00", "2026-11-23T23"];
    expect(await list()).toEqual([noon, midnight, yesterday, "3 entries\n"]);
    expect(await list("--limit=1")).toEqual([noon, "1 of 3 entries printed\n"]);
    expect(await list("--since=2h")).toEqual([noon, "1 entry\n"]);
    expect(await list("--since=today")).toEqual([noon, midnight, "2 entries\n"]);
    expect(await list("--until=2026-11-23")).toEqual([yesterday, "1 entry\n"]);
    expect(await list("--since=2026-11-24", "--until=2026-11-24T00:00:00Z")).toEqual([midnight, "1 entry\n"]);
    expect(await list("--from=other")).toEqual([expect.stringMatching(/^Nothing in \/.* matches\.\n$/)]);
    writeFileSync(file, `${gateway}\nrules: [{name: all, matchers: [], ttl: 1d}]\n`);
    expect(await list()).toEqual([expect.stringContaining("has no archive")]);
  });

  it("says what is wrong with its flags and its archive", async () => {
    const dir = temporaryFolder();
    expect(await cli(["archive", "list", dir, "--since=yesterday"])).toMatchObject({ exitCode: 2 });
    expect(await cli(["archive", "list", dir, "--match={job"])).toMatchObject({ exitCode: 2 });
    const path = join(dir, "missing");
    expect(await cli(["restore", path, "--all", "--gateway=http://127.0.0.1:1"])).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: `${path}: cannot be read: there is no such file or folder\n`,
    });
    const missing = await cli(["archive", "list", path]);
    expect(missing).toMatchObject({
      exitCode: 1,
      stderr: `${dir}/missing: cannot be read: there is no such file or folder\n`,
    });
  });
});
