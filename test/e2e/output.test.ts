import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { describe, expect, it, onTestFinished } from "vitest";

import { programFile } from "../support/program.ts";
import { testFolder } from "../support/service.ts";
import { startPushgateway } from "../support/pushgateway.ts";

/** Their lines are more than a pipe holds, so that most of them are yet to be written when somebody looks. */
const groups = Array.from({ length: 3000 }, (_, index) => ({
  labels: { job: "batch", instance: `host-${index}.example.com` },
  pushTime: Date.now() / 1000 - 60,
}));

/** Runs a command with its output going there; what it says on stderr, and its exit code. */
async function run(
  command: readonly string[],
  stdout: "pipe" | number,
  meanwhile: (output: NodeJS.ReadableStream | null) => void = () => {},
): Promise<{ readonly stderr: string; readonly exitCode: number | null }> {
  const gateway = await startPushgateway({ groups });
  onTestFinished(() => gateway.stop());
  const child = spawn(process.execPath, [programFile, ...command, `--gateway=${gateway.url}`], {
    stdio: ["ignore", stdout, "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  meanwhile(child.stdout);
  const stderr = child.stderr === null ? "" : await text(child.stderr);
  return { stderr, exitCode: await ended };
}

describe("a report of many groups", () => {
  it("fails on a full disk, and says so once", async () => {
    const fullDisk = openSync("/dev/full", "w");
    onTestFinished(() => closeSync(fullDisk));
    expect(await run(["report", "--ttl=1d"], fullDisk)).toEqual({
      stderr: "pushgateway-janitor: the output cannot be written: ENOSPC: no space left on device, write\n",
      exitCode: 1,
    });
  });

  const seenEnough = (output: NodeJS.ReadableStream | null): void => {
    output?.once("data", () => (output as unknown as { destroy(): void }).destroy());
  };

  it("is like any other output: that the disk is full is said once", async () => {
    const fullDisk = openSync("/dev/full", "w");
    onTestFinished(() => closeSync(fullDisk));
    const child = spawn(process.execPath, [programFile, "demo"], { stdio: ["ignore", fullDisk, "pipe"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    const told = child.stderr === null ? "" : await text(child.stderr);
    expect({ times: told.split("cannot be written").length - 1, exitCode: await ended }).toEqual({
      times: 1,
      exitCode: 1,
    });
  });

  it("keeps nobody waiting for the metrics, however long its reader takes", async () => {
    const file = join(testFolder(), "janitor.prom");
    const gateway = await startPushgateway({ groups });
    onTestFinished(() => gateway.stop());
    const flags = [`--gateway=${gateway.url}`, "--ttl=1d", "--output=json", `--metrics.textfile=${file}`];
    // Nobody reads from this pipe.
    const child = spawn(process.execPath, [programFile, "once", ...flags], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    await expect.poll(() => existsSync(file), { timeout: 10_000 }).toBe(true);
    expect(child.exitCode).toBeNull();
  });

  it("is no failure for a reader that has seen enough", async () => {
    expect(await run(["report", "--ttl=1d"], "pipe", seenEnough)).toEqual({ stderr: "", exitCode: 0 });
  });

  it("ends with the exit code of a sweep that limits withheld, also if the reader has seen enough", async () => {
    const command = ["once", "--ttl=10s", "--limits.max-outage=0s"];
    expect(await run(command, "pipe", seenEnough)).toEqual({
      stderr: expect.stringContaining("3000 of 3000 groups have expired") as string,
      exitCode: 20,
    });
  });
});
