import { execFileSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { startLightGateway } from "../support/gateways.ts";
import { projectRoot } from "../support/project-root.ts";
import { mayLackKubernetesTools, renderChart } from "../support/kubernetes-tools.ts";
import { startProgram, type Program, type ProgramEnd } from "../support/program.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { testFolder, writeConfig } from "../support/service.ts";

/** Their lines are more than a pipe holds, so that most of them are yet to be written when somebody looks. */
const groups = Array.from({ length: 3000 }, (_, index) => ({
  labels: { job: "batch", instance: `host-${index}.example.com` },
  pushTime: Date.now() / 1000 - 60,
}));

/** Runs a command on a gateway with these groups. */
async function run(command: readonly string[], stdout?: number): Promise<Program> {
  const gateway = await startPushgateway({ groups });
  onTestFinished(() => gateway.stop());
  const argv = [...command, `--gateway=${gateway.url}`];
  return startProgram(argv, stdout === undefined ? {} : { stdout });
}

function openFullDisk(): number {
  const file = openSync("/dev/full", "w");
  onTestFinished(() => closeSync(file));
  return file;
}

/** How it ends for a reader that leaves with the first part. */
async function endOfUnread(command: readonly string[]): Promise<Pick<ProgramEnd, "stderr" | "exitCode">> {
  const { process, ended } = await run(command);
  process.stdout?.once("data", () => process.stdout?.destroy());
  const { stderr, exitCode } = await ended;
  return { stderr, exitCode };
}

describe("a full disk", () => {
  it("fails a report of many groups, which says so once", async () => {
    const { ended } = await run(["report", "--ttl=1d"], openFullDisk());
    expect(await ended).toMatchObject({
      stderr: "pushgateway-janitor: the output cannot be written: ENOSPC: no space left on device, write\n",
      exitCode: 1,
    });
  });

  it("is reported once, too, by a command that prints step by step", async () => {
    const { stderr, exitCode } = await startProgram(["demo"], { stdout: openFullDisk() }).ended;
    expect({ times: stderr.split("cannot be written").length - 1, exitCode }).toEqual({
      times: 1,
      exitCode: 1,
    });
  });
});

describe("a terminal of unknown width", () => {
  it("receives complete lines", async () => {
    const { ended } = startProgram(
      ["report", `--gateway=${await startLightGateway()}`, "--ttl=1d", "--all"],
      {
        under: (command) => ["script", "--quiet", "--return", "--command", command, "/dev/null"],
      },
    );
    expect((await ended).stdout).toContain('{job="fresh"}');
  });
});

describe("--output-file and --metrics.textfile", () => {
  it("write into a FIFO for its reader, and the exit code is the sweep's", async () => {
    const [report, metrics] = ["report", "metrics"].map((name) => join(testFolder(), name)) as [
      string,
      string,
    ];
    execFileSync("mkfifo", [report, metrics]);
    const read = Promise.all([report, metrics].map((path) => readFile(path, "utf8")));
    const { ended } = await run([
      "once",
      "--ttl=1d",
      "--output=json",
      `--output-file=${report}`,
      `--metrics.textfile=${metrics}`,
    ]);
    expect(await ended).toMatchObject({ stdout: "", exitCode: 0 });
    const [json = "", exposition] = await read;
    expect(JSON.parse(json)).toMatchObject({ gateways: [{ totals: { keep: 3000 } }] });
    expect(exposition).toContain("pushgateway_janitor_groups");
  });

  it("know their own stdout by a link like /dev/stdout, be it a socket or a log to append to", async () => {
    // Never /dev/stdout itself: a test that fails would replace it for the whole machine.
    const link = join(testFolder(), "stdout");
    symlinkSync("/proc/self/fd/1", link);
    const argv = ["report", "--ttl=1d", "--output=csv", `--output-file=${link}`];
    const toSocket = await (await run(argv)).ended;
    expect(toSocket).toMatchObject({ exitCode: 0, stderr: "" });
    const log = join(testFolder(), "log");
    writeFileSync(log, "before\n");
    const file = openSync(log, "a");
    onTestFinished(() => closeSync(file));
    expect(await (await run(argv, file)).ended).toMatchObject({ exitCode: 0, stderr: "" });
    const lines = readFileSync(log, "utf8").split("\n");
    expect([lines[0], lines.length]).toEqual(["before", toSocket.stdout.split("\n").length + 1]);
  });
});

const readConfig = (file: string): string => readFileSync(join(projectRoot, "config", file), "utf8");

/** The arguments of the janitor in the systemd unit, and in the CronJob of the chart. */
const argumentsOf = {
  systemd: () =>
    /^ExecStart=\S+ (.*)$/m.exec(readConfig("systemd/pushgateway-janitor-once.service"))![1]!.split(" "),
  helm: () =>
    /^ +- args:\n((?: +- .*\n)+)/m
      .exec(renderChart("mode=cronjob"))![1]!
      .trim()
      .split(/\s+(?:- )?/)
      .slice(1),
};

describe.each([
  ["systemd", "logfmt"],
  ["helm", "json"],
] as const)("the log of config/%s", (manifest, format) => {
  it.skipIf(manifest === "helm" && mayLackKubernetesTools)(
    "has one line per gateway, errors included, and no table",
    async () => {
      const gateway = await startPushgateway({ groups: groups.slice(0, 3) });
      onTestFinished(() => gateway.stop());
      const file = writeConfig(
        `pushgateways: [{ name: good, url: "${gateway.url}" }, { name: dead, url: "http://127.0.0.1:9" }]\n` +
          "rules: [{ name: everything, matchers: [], ttl: 1d }]\n",
      );
      const argv = argumentsOf[manifest]().map((arg) =>
        arg.startsWith("--config.file=") ? `--config.file=${file}` : arg,
      );
      expect(argv).toContain("--metrics.push");
      const { stdout, stderr, exitCode } = await startProgram(argv).ended;
      expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 21 });
      const lines = stderr.trimEnd().split("\n");
      const message = (text: string): string => (format === "json" ? `"msg":"${text}"` : `msg="${text}"`);
      expect(lines).toEqual([
        expect.stringContaining(message("Sweep finished")),
        expect.stringContaining(message("Sweep failed")),
        expect.stringContaining(message("Metrics could not be delivered")),
      ]);
      expect(lines[1]).toContain("GET http://127.0.0.1:9/api/v1/status");
      expect(lines.filter((line) => line.startsWith("{") !== (format === "json"))).toEqual([]);
    },
  );
});

describe("a reader of the report", () => {
  it("does not delay the metrics, however long it takes", async () => {
    const file = join(testFolder(), "janitor.prom");
    const { process } = await run(["once", "--ttl=1d", "--output=json", `--metrics.textfile=${file}`]);
    process.stdout?.pause();
    await expect.poll(() => existsSync(file), { timeout: 10_000 }).toBe(true);
    expect(process.exitCode).toBeNull();
  });

  it("may have seen enough, which is no failure", async () => {
    expect(await endOfUnread(["report", "--ttl=1d"])).toEqual({ stderr: "", exitCode: 0 });
  });

  it("may have seen enough, and the exit code is that of a sweep that limits withheld", async () => {
    expect(await endOfUnread(["once", "--ttl=10s", "--limits.max-outage=0s"])).toEqual({
      stderr: expect.stringContaining("3000 of 3000 groups have expired") as string,
      exitCode: 20,
    });
  });
});
