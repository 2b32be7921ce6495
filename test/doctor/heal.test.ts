import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { describe, expect, it, onTestFinished } from "vitest";

import { systemClock } from "../../src/cli/system-clock.ts";
import { createHttpClient } from "../../src/http/client.ts";
import { diagnose } from "../../src/doctor/diagnose.ts";
import { heal, type HealArchive } from "../../src/doctor/heal.ts";
import { pathOf } from "../support/http.ts";

const time_stamp = "2026-01-01T00:00:00Z";
const twice = "was collected before with the same name and label values";
const complaint = (job: string) =>
  `collected metric "push_time_seconds" { label:{name:"instance"  value:""}  label:{name:"job"  value:"${job}"}  gauge:{value:0}} ${twice}\n`;

function apiGroup(labels: Readonly<Record<string, string>>, pushedAt: number) {
  const family = (value: number) => ({
    time_stamp,
    type: "GAUGE",
    metrics: [{ labels: { instance: "", ...labels }, value: String(value) }],
  });
  return { labels, push_time_seconds: family(pushedAt), push_failure_time_seconds: family(0) };
}

const plain = apiGroup({ job: "d" }, 1000);
const never = apiGroup({ job: "d", instance: "" }, 0);
const pushed = apiGroup({ job: "d", instance: "" }, 2000);

/** A gateway that shows these groups, one list per read, and stays inconsistent until something was deleted. */
async function serve(
  reads: readonly (readonly object[])[],
  { healable = true, jobs = ["d"] }: { readonly healable?: boolean; readonly jobs?: readonly string[] } = {},
) {
  const requests: string[] = [];
  const deleted: string[] = [];
  let read = 0;
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${pathOf(request)}`);
    const answer = (status: number, body: string): void => void response.writeHead(status).end(body);
    if (request.method === "DELETE") {
      deleted.push(pathOf(request));
      answer(202, "");
    } else if (pathOf(request) === "/api/v1/status") {
      answer(200, `{"status":"success","data":{"start_time":"${time_stamp}","flags":{}}}`);
    } else if (pathOf(request) === "/metrics") {
      if (healable && deleted.length > 0) answer(200, "");
      else answer(500, `An error has occurred while serving metrics:\n\n${jobs.map(complaint).join("")}`);
    } else if (pathOf(request) === "/api/v1/metrics") {
      const data = reads[Math.min(read, reads.length - 1)];
      read += 1;
      answer(200, JSON.stringify({ status: "success", data }));
    } else {
      answer(200, "OK");
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createHttpClient({ url, timeoutSeconds: 5 });
  onTestFinished(async () => {
    await client.close();
    server.close();
  });

  return {
    deleted,
    requests,
    async heal(archive: HealArchive | null, mayLose: boolean, released: readonly string[] = []) {
      const options = {
        name: "a",
        url,
        client,
        clock: systemClock,
        gauges: new Set<string>(),
        released: new Set(released),
        archive,
        mayLose,
        wait: () => Promise.resolve(),
        signal: new AbortController().signal,
      };
      const { steps } = await heal(await diagnose(options), options);
      return steps.map(({ fate, archived }) => ({ fate, archived }));
    },
  };
}

function memoryArchive(fails = false) {
  const log: string[] = [];
  const archive: HealArchive = {
    append(group) {
      log.push(`append ${group.key}`);
      return fails ? Promise.reject(new Error("disk full")) : Promise.resolve();
    },
    recordOutcome(key, outcome) {
      log.push(`${outcome} ${key}`);
      return Promise.resolve();
    },
  };
  return { archive, log };
}

const key = '[["job","d"],["instance",""]]';
const twin = '{job="d", instance=""}';

describe("healing", () => {
  it("deletes a group that never pushed successfully, without an archive", async () => {
    const gateway = await serve([[plain, never]]);
    expect(await gateway.heal(null, false)).toEqual([{ fate: "deleted", archived: false }]);
    expect(gateway.deleted).toEqual(["/metrics/job/d/instance@base64/="]);
  });

  it("archives a group before its DELETE is sent, and its outcome after it", async () => {
    const gateway = await serve([[plain, never]]);
    const { archive, log } = memoryArchive();
    expect(await gateway.heal(archive, false)).toEqual([{ fate: "deleted", archived: true }]);
    expect(log).toEqual([`append ${key}`, `gone ${key}`]);
  });

  it("does not delete a group that was pushed since the diagnosis", async () => {
    const gateway = await serve([
      [plain, never],
      [plain, pushed],
    ]);
    expect(await gateway.heal(null, true)).toEqual([{ fate: "pushed_again", archived: false }]);
    expect(gateway.deleted).toEqual([]);
  });

  it("reads the groups again for every fifty deletions", async () => {
    const jobs = Array.from({ length: 60 }, (_, index) => `d${index}`);
    const before = jobs.flatMap((job) => [apiGroup({ job }, 1000), apiGroup({ job, instance: "" }, 0)]);
    const after = jobs.flatMap((job) => [apiGroup({ job }, 1000), apiGroup({ job, instance: "" }, 2000)]);
    const gateway = await serve([before, before, after], { jobs });
    const fates = (await gateway.heal(null, true)).map(({ fate }) => fate);
    expect(fates).toEqual([
      ...Array.from({ length: 50 }, () => "deleted"),
      ...Array.from({ length: 10 }, () => "pushed_again"),
    ]);
    expect(gateway.deleted).toHaveLength(50);
  });

  it("sends no DELETE for a group that is gone already", async () => {
    const gateway = await serve([[plain, never], [plain]]);
    expect(await gateway.heal(null, true)).toEqual([{ fate: "gone_already", archived: false }]);
    expect(gateway.deleted).toEqual([]);
  });

  it("does not delete a group that could not be archived, unless it may be lost", async () => {
    const gateway = await serve([[plain, never]]);
    expect(await gateway.heal(memoryArchive(true).archive, false)).toEqual([
      { fate: "archive_failed", archived: false },
    ]);
    expect(gateway.deleted).toEqual([]);
    expect(await gateway.heal(memoryArchive(true).archive, true)).toEqual([
      { fate: "deleted", archived: false },
    ]);
  });

  it("does not delete metrics without an archive, unless they may be lost", async () => {
    const gateway = await serve([[plain, pushed]]);
    expect(await gateway.heal(null, false, [twin])).toEqual([{ fate: "would_be_lost", archived: false }]);
    expect(gateway.deleted).toEqual([]);
    expect(await gateway.heal(null, true, [twin])).toEqual([{ fate: "deleted", archived: false }]);
  });

  it("deletes neither of two groups that both have metrics, whatever may be lost", async () => {
    const gateway = await serve([[plain, pushed]]);
    expect(await gateway.heal(null, true)).toEqual([]);
    expect(gateway.deleted).toEqual([]);
  });

  it("says that a group is still there when the gateway accepted its deletion and still complains", async () => {
    const gateway = await serve([[plain, never]], { healable: false });
    const { archive, log } = memoryArchive();
    expect(await gateway.heal(archive, false)).toEqual([{ fate: "still_there", archived: true }]);
    expect(gateway.deleted).toHaveLength(1);
    expect(log.at(-1)).toBe(`still_there ${key}`);
  });
});
