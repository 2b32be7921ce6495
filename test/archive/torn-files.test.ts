import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { createArchive } from "../../src/archive/archive.ts";
import { archivedGroup, readContent, temporaryFolder } from "../support/archived-groups.ts";

const noon = Date.parse("2026-11-24T12:00:00Z") / 1000;
const today = "deleted-2026-11-24.ndjson.gz";

async function append(dir: string, batches: readonly (readonly string[])[]): Promise<string[]> {
  const told: string[] = [];
  const log = { info: () => {}, warn: (_: string, fields = {}) => void told.push(JSON.stringify(fields)) };
  const archive = createArchive({ dir, retentionSeconds: null, now: () => noon, log });
  await archive.open();
  try {
    for (const jobs of batches) await archive.append(jobs.map((job) => archivedGroup({ job })));
  } finally {
    await archive.close();
  }
  return told;
}

/** The numbers from 0, in slices that are worked on at once: most of the time goes into waiting for the disk. */
function slices(count: number): readonly (readonly number[])[] {
  const all = Array.from({ length: count }, (_, index) => index);
  return Array.from({ length: Math.ceil(count / 16) }, (_, slice) => all.slice(slice * 16, slice * 16 + 16));
}

describe("an archive file", () => {
  const batches = [["a"], ["b", "c"], ["d"]];

  it(
    "cut off at any byte gives exactly the complete batches before, and takes the next one",
    { timeout: 120_000 },
    async () => {
      const dir = temporaryFolder();
      const ends: number[] = [0];
      for (const batch of batches) {
        await append(dir, [batch]);
        ends.push(statSync(join(dir, today)).size);
      }
      const bytes = readFileSync(join(dir, today));
      const check = async (length: number): Promise<void> => {
        const cut = mkdtempSync(join(dir, "cut-"));
        writeFileSync(join(cut, today), bytes.subarray(0, length));
        const complete = batches.filter((_, index) => (ends[index + 1] ?? 0) <= length);
        const lastEnd = ends[complete.length] ?? 0;

        const before = await readContent(cut);
        expect(before.jobs, `cut at byte ${length}`).toEqual(complete);
        const places = before.problems.map((problem) => problem.slice(0, problem.lastIndexOf(": ")));
        expect(places).toEqual(length === lastEnd ? [] : [`${join(cut, today)}: byte ${lastEnd}`]);

        const told = await append(cut, [["next"]]);
        expect(told.length).toBe(length === lastEnd ? 0 : 1);
        expect(await readContent(cut), `cut at byte ${length}`).toMatchObject({
          jobs: [...complete, ["next"]],
          problems: [],
        });
      };
      for (const lengths of slices(bytes.length + 1)) await Promise.all(lengths.map(check));
    },
  );

  it("damaged in the middle gives the batches before and behind, and loses nothing more by an append", async () => {
    const dir = temporaryFolder();
    await append(dir, [["a"]]);
    const start = statSync(join(dir, today)).size;
    await append(dir, [["b"]]);
    const end = statSync(join(dir, today)).size;
    await append(dir, [["c"]]);
    const bytes = readFileSync(join(dir, today));
    const check = async (index: number): Promise<void> => {
      const at = start + index;
      const spoilt = Buffer.from(bytes);
      spoilt[at] = (spoilt[at] ?? 0) ^ 0x55;
      const copy = mkdtempSync(join(dir, "spoilt-"));
      writeFileSync(join(copy, today), spoilt);
      await append(copy, [["d"]]);
      const { jobs, problems } = await readContent(copy);
      // A flipped bit that gzip does not check, as in its time stamp, may leave the batch whole.
      expect(
        jobs.flat().filter((job) => job !== "b"),
        `byte ${at}`,
      ).toEqual(["a", "c", "d"]);
      expect(problems.length > 0 || jobs.length === 4, `byte ${at}`).toBe(true);
    };
    for (const indexes of slices(end - start)) await Promise.all(indexes.map(check));
  });

  it("that is no archive is told, and not one byte of it is cut off", async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, today), "something of somebody else's");
    await append(dir, [["a"]]);
    expect(readFileSync(join(dir, today), "latin1")).toMatch(/^something of somebody else's/);
    expect(await readContent(dir)).toMatchObject({
      jobs: [["a"]],
      problems: [expect.stringContaining("byte 0: damaged")],
    });
  });

  it("is as it was before when an append fails half way", async () => {
    const dir = temporaryFolder();
    await append(dir, [["a"]]);
    const sizeBefore = statSync(join(dir, today)).size;
    const module = join(import.meta.dirname, "../../dist/archive/archive.js");
    expect(existsSync(module)).toBe(true);
    const script = `
      import { randomBytes } from "node:crypto";
      const { createArchive } = await import(${JSON.stringify(module)});
      const archive = createArchive({ dir: ${JSON.stringify(dir)}, retentionSeconds: null, now: () => ${noon} });
      await archive.open();
      const group = ${JSON.stringify(archivedGroup({ job: "x" }))};
      group.decision.group.labels = new Map([["job", "x"]]);
      const append = (noise) => archive.append([{ ...group, whole: { noise: noise.toString("hex") } }]);
      await append(randomBytes(65536)).then(() => console.log("taken"), (error) => console.log(error.message));
      await append(Buffer.alloc(1)).then(() => console.log("taken"), (error) => console.log(error.message));
      await archive.close();`;
    // A limit for the size of files stands in for a full disk: the write ends early, then fails.
    const limited = `trap '' XFSZ; ulimit -f 16; exec "$0" --input-type=module -e "$1"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", limited, process.execPath, script], {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    const [first, second] = stdout.trimEnd().split("\n");
    expect(first).toMatch(/deleted-2026-11-24\.ndjson\.gz: cannot be appended to: .*EFBIG/);
    expect(second).toBe("taken");
    expect(statSync(join(dir, today)).size).toBeLessThan(sizeBefore + 2000);
    expect((await readContent(dir)).jobs).toEqual([["a"], ["x"]]);
  });
});
