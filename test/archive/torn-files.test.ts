import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { createArchive } from "../../src/archive/archive.ts";
import { readArchive, type ArchiveProblem } from "../../src/archive/read-archive.ts";
import {
  archivedGroup,
  archiveFile,
  archiveFiles,
  readContent,
  temporaryFolder,
} from "../support/archived-groups.ts";

const noon = Date.parse("2026-11-24T12:00:00Z") / 1000;
const name = "deleted-2026-11-24T120000Z-0123456789ab.ndjson.gz";

/** An archive of one file with these batches; where each of them ends. */
async function written(batches: readonly (readonly string[])[]) {
  const dir = temporaryFolder();
  const archive = createArchive({ dir, retentionSeconds: null, now: () => noon });
  const ends: number[] = [];
  for (const jobs of batches) {
    await archive.append(jobs.map((job) => archivedGroup({ job })));
    ends.push(statSync(archiveFile(dir)).size);
  }
  await archive.close();
  return { dir, bytes: readFileSync(archiveFile(dir)), ends };
}

/** The same folder with other bytes in its file. */
function copyOf(dir: string, bytes: Buffer): string {
  const copy = mkdtempSync(join(dir, "copy-"));
  writeFileSync(join(copy, name), bytes, { mode: 0o600 });
  return copy;
}

/** The jobs of an archive, batch by batch, and all its problems; the metrics are not unpacked. */
async function readRecords(path: string) {
  const problems: ArchiveProblem[] = [];
  const jobs: string[][] = [];
  for await (const { records } of readArchive(path, (problem) => problems.push(problem))) {
    jobs.push([...records].flatMap((one) => (one.kind === "group" ? [one.labels.get("job") ?? ""] : [])));
  }
  return { jobs, problems };
}

describe("an archive file", () => {
  const batches = [["a"], ["b", "c"], ["d"]];

  it("cut off at any byte gives exactly the complete batches before it, and nothing counts as lost", async () => {
    const { dir, ends } = await written(batches);
    const file = archiveFile(dir);
    for (let length = ends.at(-1)!; length >= 0; length -= 1) {
      truncateSync(file, length);
      const complete = batches.filter((_, index) => ends[index]! <= length);
      const end = ends[complete.length - 1] ?? 0;
      const text = `${file}: byte ${end}: the file ends in the middle of a write, as after a crash; nothing of it had been deleted yet`;
      expect(await readRecords(dir), `cut at byte ${length}`).toEqual({
        jobs: complete,
        problems: length === end ? [] : [{ text, isLoss: false }],
      });
    }
  });

  it("damaged in the middle gives the batches before and behind, and never another value", async () => {
    const { dir, bytes, ends } = await written([["a"], ["b"], ["c"]]);
    const [start, end] = ends as [number, number];
    for (let at = start; at < end; at += 1) {
      const spoilt = Buffer.from(bytes);
      spoilt[at] = (spoilt[at] ?? 0) ^ 0x55;
      const copy = copyOf(dir, spoilt);
      const { jobs, values, problems } = await readContent(copy);
      // A flipped bit that gzip does not check, as in its time stamp, may leave the batch as it was.
      expect(
        jobs.flat().filter((job) => job !== "b"),
        `byte ${at}`,
      ).toEqual(["a", "c"]);
      expect(new Set(values.flat()), `byte ${at}`).toEqual(new Set(["1"]));
      expect(problems.length > 0 || jobs.length === 3, `byte ${at}`).toBe(true);
    }
  });

  it("with large metrics returns none of a batch whose metrics are damaged: its beginning may be wrong, too", async () => {
    const dir = temporaryFolder();
    const archive = createArchive({ dir, retentionSeconds: null, now: () => noon });
    const noise = Array.from({ length: 100_000 }, (_, index) => (index * 7919) % 104_729).join(" ");
    await archive.append(["a", "b"].map((job) => archivedGroup({ job }, { value: `${job}${noise}` })));
    await archive.close();
    const bytes = readFileSync(archiveFile(dir));
    bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 0x55;
    const { jobs, values, problems } = await readContent(copyOf(dir, bytes));
    expect([jobs, values]).toEqual([[["a", "b"]], [[]]]);
    expect(problems).toEqual([expect.stringContaining("byte 0: the metrics there are damaged")]);
  });

  it("that is no archive is named", async () => {
    const dir = copyOf(temporaryFolder(), Buffer.from("something of somebody else's"));
    const text = `${join(dir, name)}: byte 0: damaged up to the end of the file`;
    expect(await readRecords(dir)).toEqual({ jobs: [], problems: [{ text, isLoss: true }] });
  });

  it("is as it was before when an append fails half way", () => {
    const dir = temporaryFolder();
    const module = join(import.meta.dirname, "../../dist/archive/archive.js");
    expect(existsSync(module)).toBe(true);
    const script = `
      import { randomBytes } from "node:crypto";
      const { createArchive } = await import(${JSON.stringify(module)});
      const archive = createArchive({ dir: ${JSON.stringify(dir)}, retentionSeconds: null, now: () => ${noon} });
      const group = ${JSON.stringify(archivedGroup({ job: "x" }))};
      group.decision.group.labels = new Map([["job", "x"]]);
      const append = (noise) => archive.append([{ ...group, raw: { noise: noise.toString("hex") } }])
        .then(() => console.log("taken"), (error) => console.log(error.message));
      for (const size of [65536, 1, 65536, 1]) await append(randomBytes(size));
      await archive.close();`;
    // A limit for the size of files stands in for a full disk: the write ends early, then fails.
    const limited = `trap '' XFSZ; ulimit -f 16; exec "$0" --input-type=module -e "$1"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", limited, process.execPath, script], {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    const failure = expect.stringMatching(/\.ndjson\.gz: cannot be appended to: .*EFBIG/) as string;
    expect(stdout.trimEnd().split("\n")).toEqual([failure, "taken", failure, "taken"]);
    // The first append left no file, the third one left its file as it was.
    expect(archiveFiles(dir).map((path) => statSync(path).size < 2000)).toEqual([true, true]);
    return expect(readContent(dir)).resolves.toMatchObject({ jobs: [["x"], ["x"]], problems: [] });
  });
});
