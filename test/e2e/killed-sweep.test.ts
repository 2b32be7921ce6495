import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";

import { readContent, temporaryFolder } from "../support/archived-groups.ts";
import { janitorFile } from "../support/project-root.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { getJson } from "../support/push.ts";

const count = 400;

/** One sweep in a process of its own, killed after so many deletions; Infinity: never. */
async function sweep(file: string, killAfter: number): Promise<number | null> {
  const child = spawn(process.execPath, [janitorFile, "once", `--config.file=${file}`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
    if (log.split('msg="Deleted group"').length > killAfter) child.kill("SIGKILL");
  });
  const [exitCode] = (await once(child, "close")) as [number | null];
  return exitCode;
}

it(
  "after a SIGKILL at any point of a sweep every deleted group is in the archive, and the next sweep continues",
  { timeout: 120_000 },
  async () => {
    const now = Date.now() / 1000;
    const jobs = Array.from({ length: count }, (_, index) => `job-${index}`);
    const metrics = [{ name: "app_up", type: "gauge" as const, samples: [{ value: 1 }] }];
    const groups = jobs.map((job, index) => ({ labels: { job }, pushTime: now - 7200 - index, metrics }));
    const gateway = await startPushgateway({ groups });
    onTestFinished(() => gateway.stop());
    const folder = temporaryFolder();
    const file = join(folder, "janitor.yml");
    writeFileSync(
      file,
      [
        `pushgateways: [{ name: batch, url: ${gateway.url} }]`,
        `archive: { dir: ${folder}/archive, retention: 30d }`,
        "rules: [{ name: all, matchers: [], ttl: 1h }]",
        "limits: { max_delete_ratio: 1, max_outage: 0s, deletes_per_second: 1000 }",
        "",
      ].join("\n"),
    );
    for (let round = 0; round < 5; round += 1) {
      await sweep(file, 1 + Math.floor(Math.random() * 60));
      const { data } = await getJson<{ data: { labels: { job: string } }[] }>(gateway.url, "/api/v1/metrics");
      const left = new Set(data.map(({ labels }) => labels.job));
      const archived = new Set((await readContent(join(folder, "archive"))).jobs.flat());
      expect(jobs.filter((job) => !left.has(job) && !archived.has(job))).toEqual([]);
    }
    expect(await sweep(file, Number.POSITIVE_INFINITY)).toBe(0);
    const { data } = await getJson<{ data: unknown[] }>(gateway.url, "/api/v1/metrics");
    expect(data).toEqual([]);
    const { jobs: archived, problems } = await readContent(join(folder, "archive"));
    expect(new Set(archived.flat())).toEqual(new Set(jobs));
    expect(problems).toEqual([]);
  },
);
