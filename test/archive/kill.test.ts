import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it } from "vitest";

import { readArchive } from "../../src/archive/read-archive.ts";
import { archivedGroup, readContent, temporaryFolder } from "../support/archived-groups.ts";

const module = join(import.meta.dirname, "../../dist/archive/archive.js");
const rounds = 12;

/** Appends group after group and says after each that it was taken, until it is killed. */
async function appendUntilKilled(
  dir: string,
  round: number,
  kills: (acknowledged: number) => boolean,
): Promise<string[]> {
  const script = `
    const { createArchive } = await import(${JSON.stringify(module)});
    const archive = createArchive({ dir: ${JSON.stringify(dir)}, retentionSeconds: null, now: () => Date.now() / 1000 });
    const group = ${JSON.stringify(archivedGroup({ job: "x" }))};
    for (let index = 0; ; index += 1) {
      const job = "${round}-" + index;
      group.decision.group.labels = new Map([["job", job]]);
      await archive.append([{ ...group, raw: { ...group.raw, filler: "x".repeat(index * 100) } }]);
      process.stdout.write(job + "\\n");
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    if (kills(text.split("\n").length - 1)) child.kill("SIGKILL");
  });
  await once(child, "close");
  return text.split("\n").slice(0, -1);
}

it(
  "everything that a janitor killed at any moment was told to be archived is in the archive",
  { timeout: 120_000 },
  async () => {
    const dir = temporaryFolder();
    const acknowledged: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const after = 1 + Math.floor(Math.random() * 20);
      acknowledged.push(...(await appendUntilKilled(dir, round, (count) => count >= after)));
      const archived = new Set((await readContent(dir)).jobs.flat());
      expect(acknowledged.filter((job) => !archived.has(job))).toEqual([]);
    }
    // Torn ends stay where they are, and are no loss.
    for await (const batch of readArchive(dir, (problem) => expect(problem.isLoss).toBe(false))) void batch;
  },
);
