import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { readContent } from "../support/archived-groups.ts";
import { cli, type CliResult } from "../support/cli.ts";
import { startPushgateway, type Pushgateway, type PushgatewayOptions } from "../support/pushgateway.ts";
import { getText, nativeHistogramPush, push } from "../support/push.ts";

interface JsonReport {
  gateways: {
    status: string;
    error?: { code: string; message: string };
    notes: string[];
    reappeared: { rule: string; groups: Record<string, string>[] }[];
    groups: { labels: { job: string }; verdict: string; reason: string; native_histograms?: string[] }[];
  }[];
}

/** A gateway, an archive of its own, and a file that names both. */
async function start(
  options: PushgatewayOptions,
  archiveDir?: string,
): Promise<{ gateway: Pushgateway; folder: string; once: (...flags: string[]) => Promise<CliResult> }> {
  const gateway = await startPushgateway(options);
  onTestFinished(() => gateway.stop());
  const folder = mkdtempSync(join(tmpdir(), "archived-sweep-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "janitor.yml");
  const dir = archiveDir ?? join(folder, "archive");
  writeFileSync(
    file,
    `pushgateways: [{ name: g, url: "${gateway.url}" }]\narchive: { dir: ${dir} }\nlimits: { max_outage: 0s }\n` +
      "rules:\n  - { name: brief, matchers: ['job=~\"brief.*\"'], ttl: 1ms }\n  - { name: rest, matchers: [], ttl: 1h }\n",
  );
  const flags = [`--config.file=${file}`, "--output=json", "--log.level=error"];
  return { gateway, folder, once: (...more) => cli(["once", ...flags, ...more]) };
}

const old = (job: string): { labels: { job: string }; pushTime: number } => ({
  labels: { job },
  pushTime: 1000,
});
const reportOf = ({ stdout }: CliResult): JsonReport["gateways"][number] =>
  (JSON.parse(stdout) as JsonReport).gateways[0]!;

describe("a sweep whose archive cannot be written", () => {
  it("deletes nothing, and says why", async () => {
    const { gateway, once } = await start({ groups: [old("a"), old("b")] }, "/proc/nowhere");
    const swept = await once();
    expect(swept.exitCode).toBe(21);
    const report = reportOf(swept);
    expect(report).toMatchObject({ status: "partial", error: { code: "archive_failed" } });
    expect(report.groups.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual([
      "withhold archive_failed",
      "withhold archive_failed",
    ]);
    expect(report.error?.message).toContain("/proc/nowhere");
    expect(await getText(gateway.url, "/metrics")).toContain('job="a"');
  });
});

describe("an archive with strange things in its folder", () => {
  it("is used: nothing strange is followed, waited for or removed, and each is named once", async () => {
    const { gateway, folder, once } = await start({ groups: [old("a")] });
    const dir = join(folder, "archive");
    mkdirSync(dir);
    const today = new Date().toISOString().slice(0, 10);
    const names = [
      `deleted-${today}.ndjson.gz`,
      "deleted-2020-01-01.ndjson.gz",
      "deleted-2020-01-02.ndjson.gz",
    ];
    const [fifo, link, directory] = names.map((name) => join(dir, name)) as [string, string, string];
    execFileSync("mkfifo", [fifo]);
    symlinkSync(join(folder, "janitor.yml"), link);
    mkdirSync(directory);
    const swept = await once("--log.level=warn");
    expect([swept.exitCode, reportOf(swept).status]).toEqual([0, "ok"]);
    for (const path of [fifo, link, directory]) {
      expect(swept.stderr.split(`${path}: cannot be read: it is `)).toHaveLength(2);
    }
    expect(await getText(gateway.url, "/metrics")).not.toContain('job="a"');
    expect(readdirSync(dir).filter((name) => names.includes(name))).toHaveLength(3);
    expect((await readContent(dir)).jobs.flat()).toEqual(["a"]);
  });
});

describe("two janitors with one archive", () => {
  it("both complete their sweeps, and everything they deleted can be restored", async () => {
    const jobs = Array.from({ length: 60 }, (_, index) => `old-${index}`).toSorted();
    const { gateway, folder, once } = await start({ groups: jobs.map(old) });
    const all = "--limits.max-delete-ratio=1";
    const reports = (await Promise.all([once(all), once(all)])).map((swept) => reportOf(swept));
    expect(reports.map(({ status, error }) => [status, error])).toEqual([
      ["ok", undefined],
      ["ok", undefined],
    ]);
    expect(await getText(gateway.url, "/metrics")).not.toContain('job="old-');
    const { jobs: archived, problems } = await readContent(join(folder, "archive"));
    expect([[...new Set(archived.flat())].toSorted(), problems]).toEqual([jobs, []]);
    const flags = [join(folder, "archive"), "--all", `--config.file=${join(folder, "janitor.yml")}`];
    expect((await cli(["restore", ...flags])).stdout).toContain("\n60 restored\n");
  });
});

describe("a dry run with an archive", () => {
  it("does not make it", async () => {
    const { folder, once } = await start({ groups: [old("a")] });
    expect((await once("--dry-run")).exitCode).toBe(0);
    expect(() => rmSync(join(folder, "archive"), { recursive: true })).toThrow("ENOENT");
  });
});

describe("a group that was deleted and comes back by a push", () => {
  it("is counted once for its rule, also across runs, and the report says what that means", async () => {
    const { gateway, once } = await start({ groups: [old("brief"), old("brief-2"), old("rest")] });
    expect(reportOf(await once())).toMatchObject({ status: "ok", reappeared: [] });

    await push(gateway.url, { job: "brief" }, "m 1\n");
    await push(gateway.url, { job: "rest" }, "m 1\n");
    const second = reportOf(await once());
    expect(second.reappeared).toEqual(
      expect.arrayContaining([
        { rule: "brief", groups: [{ job: "brief" }] },
        { rule: "rest", groups: [{ job: "rest" }] },
      ]),
    );
    expect(second.notes).toContain(
      '1 group came back by a push after the deletion: the TTL of rule brief is shorter than the push interval of these jobs: "brief"',
    );
    expect(reportOf(await once()).reappeared).toEqual([]);
  });

  it("is not counted when it came back by restore", async () => {
    const { gateway, folder, once } = await start({ groups: [old("rest")] });
    await once();
    const restored = await cli([
      "restore",
      join(folder, "archive"),
      "--all",
      `--config.file=${join(folder, "janitor.yml")}`,
    ]);
    expect(restored.exitCode).toBe(0);
    expect(await getText(gateway.url, "/metrics")).toContain('job="rest"');
    expect(reportOf(await once()).reappeared).toEqual([]);
  });

  it("is not counted when the gateway only forgot the deletion", async () => {
    const { gateway, once } = await start({ groups: [old("rest")] });
    await once();
    await gateway.kill();
    await gateway.restart();
    expect(reportOf(await once())).toMatchObject({ status: "ok", reappeared: [] });
  });
});

describe("native histograms", () => {
  it("are said to be lost in a restore before anything is deleted", async () => {
    const { gateway, once } = await start({});
    await nativeHistogramPush(gateway.url, { job: "brief" });
    await expect.poll(async () => reportOf(await once("--dry-run")).groups[0]?.verdict).toBe("delete");
    const report = reportOf(await once("--dry-run"));
    expect(report.groups[0]?.native_histograms).toEqual(["native_histogram"]);
    expect(report.notes).toEqual([
      'of native histograms a restore brings back sum and count only; groups to delete that hold some: 1, for example {job="brief"} with "native_histogram"',
    ]);
  });
});
