import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { startLightGateway } from "../support/gateways.ts";
import { serveHanging } from "../support/hanging-gateway.ts";
import { startProgram, type Program, type ProgramOptions } from "../support/program.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { jobsOn } from "../support/push.ts";
import { testFolder, writeConfig } from "../support/service.ts";

/** Whatever started the tests: this is not run under nohup. */
const env = { _: process.execPath };
const start = (...argv: string[]): Program => startProgram(argv, { env });

interface JsonReport {
  gateways: { status: string; groups: { labels: { job: string }; reason: string; outcome?: string }[] }[];
}

const expired = Array.from({ length: 60 }, (_, index) => ({
  labels: { job: `old-${index}` },
  pushTime: 1000 + index,
}));
const slowly = ["--ttl=1h", "--output=json", "--limits.max-delete-ratio=1", "--limits.deletes-per-second=10"];

describe.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("%s in the middle of a sweep", (signal) => {
  it("ends it: what was sent is verified, the rest is withheld, and the report says so", async () => {
    const gateway = await startPushgateway({ groups: expired });
    onTestFinished(() => gateway.stop());
    const running = start("once", `--gateway=${gateway.url}`, ...slowly);
    await running.shows("Deleted group");
    running.process.kill(signal);
    const { exitCode, stdout } = await running.ended;
    expect(exitCode).toBe(21);
    const { status, groups } = (JSON.parse(stdout) as JsonReport).gateways[0]!;
    expect(status).toBe("partial");
    const gone = groups.filter(({ outcome }) => outcome === "gone");
    const rest = groups.filter(({ reason }) => reason === "interrupted");
    expect(gone.length).toBeGreaterThan(0);
    expect(gone.length + rest.length).toBe(expired.length);
    expect(await jobsOn(gateway.url)).toEqual(rest.map(({ labels }) => labels.job).toSorted());
  });
});

describe("a signal while a request hangs", () => {
  it.each([
    ["SIGTERM", "once", 143],
    ["SIGHUP", "once", 129],
    ["SIGHUP", "report", 129],
    ["SIGHUP", "doctor", 129],
  ] as const)(
    "%s to %s, before there is anything to report, ends it with code %i",
    async (signal, command, code) => {
      const { url, reached } = await serveHanging("GET /api/v1/metrics");
      const running = start(command, `--gateway=${url}`, "--ttl=1h");
      await reached;
      running.process.kill(signal);
      expect(await running.ended).toMatchObject({ exitCode: code, stdout: "" });
    },
  );

  it("SIGHUP to restore, before it has restored anything, ends it with code 129", async () => {
    const { url, reached } = await serveHanging("GET /targets");
    const file = writeConfig(
      `http_sd_configs: [{ url: "${url}/targets" }]\nrules: [{ name: r, matchers: [], ttl: 1h }]\n`,
    );
    const running = start("restore", "/nowhere", "--match={job=a}", `--config.file=${file}`);
    await reached;
    running.process.kill("SIGHUP");
    expect((await running.ended).exitCode).toBe(129);
  });

  it("in the middle of a DELETE waits a few seconds for it, then reports it as failed", async () => {
    const { url, reached } = await serveHanging("DELETE /metrics/job/a");
    const running = start("once", `--gateway=${url}`, ...slowly);
    await reached;
    running.process.kill("SIGTERM");
    const { exitCode, stdout } = await running.ended;
    expect(exitCode).toBe(21);
    expect((JSON.parse(stdout) as JsonReport).gateways[0]!.groups[0]!.outcome).toBe("failed");
  }, 10_000);
});

/** Two different ones, because the kernel makes one of two equal ones. */
function signalTwice(pid: number): void {
  process.kill(pid, "SIGINT");
  process.kill(pid, "SIGTERM");
}

/** `R`, `S`, `D`, or `Z` of a process that has ended and nobody has asked how; null: there is none. */
function stateOf(pid: number): string | null {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) ? (readFileSync(file, "utf8").split(") ")[1]?.[0] ?? null) : null;
}

/** The process that a program has started. */
async function childOf({ process: { pid } }: Program): Promise<number> {
  const children = `/proc/${pid}/task/${pid}/children`;
  await expect.poll(() => readFileSync(children, "utf8")).not.toBe("");
  return Number(readFileSync(children, "utf8").trim().split(" ")[0]);
}

const many = Array.from({ length: 6000 }, (_, index) => ({
  labels: { job: "old", instance: `host-${index}.example.com` },
  pushTime: 1000,
}));

/** A dry run that has a long report to print. */
async function startLongReport(options: ProgramOptions = {}): Promise<Program> {
  const gateway = await startPushgateway({ groups: many });
  onTestFinished(() => gateway.stop());
  const metrics = join(testFolder(), "janitor.prom");
  const argv = ["once", `--gateway=${gateway.url}`, "--ttl=1h", "--dry-run", `--metrics.textfile=${metrics}`];
  const program = startProgram(argv, { env, ...options });
  program.process.stdout?.pause();
  // They are written before the report.
  await expect.poll(() => existsSync(metrics), { timeout: 20_000 }).toBe(true);
  return program;
}

/** Sooner than after the first signal alone. */
const soon = { timeout: 4000 };

describe("a second signal ends the program at once", () => {
  it("in the middle of a request", async () => {
    const { url, reached } = await serveHanging("DELETE /metrics/job/a");
    const { process: child, ended } = start("once", `--gateway=${url}`, ...slowly);
    await reached;
    signalTwice(child.pid!);
    await expect.poll(() => child.exitCode, soon).not.toBeNull();
    const { exitCode, stdout } = await ended;
    expect([130, 143]).toContain(exitCode);
    expect(stdout).toBe("");
  });

  it("while a file keeps one of its threads for ever", async () => {
    const fifo = join(testFolder(), "nobody-reads-it");
    execFileSync("mkfifo", [fifo]);
    const flags = [`--gateway=${await startLightGateway()}`, "--ttl=1d", `--output-file=${fifo}`];
    const program = start("once", ...flags);
    await program.shows("Sweep finished");
    signalTwice(program.process.pid!);
    await expect.poll(() => program.process.signalCode, soon).toMatch(/SIGINT|SIGTERM/);
  });

  it("while the reader of its report hangs", async () => {
    const { process: child } = await startLongReport();
    signalTwice(child.pid!);
    await expect.poll(() => child.exitCode ?? child.signalCode, soon).not.toBeNull();
    // The signal itself, if it came while a file was being closed.
    expect([130, 143, "SIGINT", "SIGTERM"]).toContain(child.exitCode ?? child.signalCode);
  });

  it("while its terminal takes no more", async () => {
    // `script` is a terminal for as long as its own stdin has no end.
    const inTerminal = 'mkfifo stdin && exec script --quiet --command "exec $0" /dev/null <>stdin';
    const terminal = await startLongReport({
      under: (command) => ["bash", "-c", inTerminal, command],
      cwd: testFolder(),
    });
    const pid = await childOf(terminal);
    // It has printed what it could when it sleeps.
    let asleep = 0;
    const count = (): number => (asleep = stateOf(pid) === "S" ? asleep + 1 : 0);
    await expect.poll(count, { timeout: 10_000 }).toBeGreaterThan(5);
    signalTwice(pid);
    await expect.poll(() => [null, "Z"].includes(stateOf(pid)), soon).toBe(true);
  });
});

describe("SIGHUP to a program that was started to ignore it", () => {
  it.each<[string, (command: string) => readonly string[]]>([
    ["by nohup", (command) => ["bash", "-c", `nohup ${command}; exit $?`]],
    [
      "by nohup at a terminal, whatever the shell",
      (command) => ["script", "--quiet", "--return", "--command", `exec nohup ${command}`, "/dev/null"],
    ],
    ["by the shell that starts it", (command) => ["sh", "-c", `trap "" HUP; ${command}; exit $?`]],
  ])("%s changes nothing", async (_, under) => {
    const { url, reached, release } = await serveHanging("GET /api/v1/metrics");
    const argv = ["once", `--gateway=${url}`, "--ttl=1h", "--limits.max-delete-ratio=1"];
    const program = startProgram(argv, { under, env: { ...env, SHELL: "/bin/sh" }, cwd: testFolder() });
    await reached;
    process.kill(await childOf(program), "SIGHUP");
    // Had it been taken for the end, the request would be given up before the answer.
    await new Promise(setImmediate);
    release();
    expect((await program.ended).exitCode).toBe(0);
    expect(await jobsOn(url)).toEqual([]);
  });
});

describe("SIGKILL in the middle of a sweep", () => {
  it("leaves the gateway in a state from which the next sweep continues", async () => {
    const gateway = await startPushgateway({
      groups: [...expired, { labels: { job: "fresh" }, pushTime: Date.now() / 1000 }],
    });
    onTestFinished(() => gateway.stop());
    const killed = start("once", `--gateway=${gateway.url}`, ...slowly);
    await killed.shows("Deleted group");
    killed.process.kill("SIGKILL");
    await killed.ended;
    expect((await jobsOn(gateway.url)).length).toBeGreaterThan(1);
    const next = start(
      "once",
      `--gateway=${gateway.url}`,
      "--ttl=1h",
      "--limits.max-delete-ratio=1",
      "--output=json",
    );
    expect((await next.ended).exitCode).toBe(0);
    expect(await jobsOn(gateway.url)).toEqual(["fresh"]);
  });
});

describe("a file system that hangs", () => {
  it("does not keep a command that has come to its end", async () => {
    const folder = testFolder();
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    // Nobody ever writes to it, so that a thread waits in open() for ever.
    const hang = `import{open}from"node:fs";open(${JSON.stringify(fifo)},"r",()=>{})`;
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(hang)}`;
    const { process: child, ended } = startProgram(["archive", "list", folder], {
      env: { ...env, NODE_OPTIONS },
    });
    await expect.poll(() => child.signalCode, { timeout: 10_000 }).toBe("SIGTERM");
    expect((await ended).stderr).toBe(`Nothing in ${folder} matches.\n`);
  });
});
