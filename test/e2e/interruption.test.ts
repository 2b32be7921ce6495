import { describe, expect, it, onTestFinished } from "vitest";

import { serveHanging } from "../support/hanging-gateway.ts";
import { startProgram, type Program } from "../support/program.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { getJson } from "../support/push.ts";

const start = (...argv: string[]): Program => startProgram(argv);

interface JsonReport {
  gateways: { status: string; groups: { labels: { job: string }; reason: string; outcome?: string }[] }[];
}

const expired = Array.from({ length: 60 }, (_, index) => ({
  labels: { job: `old-${index}` },
  pushTime: 1000 + index,
}));
const slowly = ["--ttl=1h", "--output=json", "--limits.max-delete-ratio=1", "--limits.deletes-per-second=10"];

async function jobsOn(url: string): Promise<string[]> {
  const { data } = (await getJson(url, "/api/v1/metrics")) as { data: { labels: { job: string } }[] };
  return data.map(({ labels }) => labels.job).toSorted();
}

describe.each(["SIGTERM", "SIGINT"] as const)("%s in the middle of a sweep", (signal) => {
  it("ends it: what was sent is looked after, the rest is withheld, and the report says so", async () => {
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
  it("before anything was planned ends at once with the signal's exit code and prints nothing", async () => {
    const { url, reached } = await serveHanging("GET /api/v1/metrics");
    const running = start("once", `--gateway=${url}`, ...slowly);
    await reached;
    running.process.kill("SIGTERM");
    expect(await running.ended).toMatchObject({ exitCode: 143, stdout: "" });
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

  it("and a second one ends it at once", async () => {
    const { url, reached } = await serveHanging("DELETE /metrics/job/a");
    const running = start("once", `--gateway=${url}`, ...slowly);
    await reached;
    running.process.kill("SIGINT");
    // Another one, because the kernel makes one of two equal ones.
    running.process.kill("SIGTERM");
    const { exitCode, stdout } = await running.ended;
    expect([130, 143]).toContain(exitCode);
    expect(stdout).toBe("");
  });
});

describe("SIGKILL in the middle of a sweep", () => {
  it("leaves a gateway on which the next sweep goes on cleanly", async () => {
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
