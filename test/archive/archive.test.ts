import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { createArchive, type Archive, type ArchiveOptions } from "../../src/archive/archive.ts";
import { readHistory, readLatestDeletions } from "../../src/archive/history.ts";
import type { ArchivedOutcome } from "../../src/archive/records.ts";
import { createLabels, labelsKey } from "../../src/core/labels.ts";
import {
  archivedGroup,
  archiveFile,
  archiveFiles,
  readContent,
  temporaryFolder,
} from "../support/archived-groups.ts";

const noon = Date.parse("2026-11-24T12:00:00Z") / 1000;
const day = 86_400;

function archiveIn(dir: string, rest: Partial<ArchiveOptions> = {}): Archive {
  const archive = createArchive({ dir, retentionSeconds: 30 * day, now: () => noon, ...rest });
  onTestFinished(() => archive.close());
  return archive;
}

describe("an archive", () => {
  it("returns the appended groups, batch by batch", async () => {
    const dir = temporaryFolder();
    const archive = archiveIn(dir);
    await archive.append([
      archivedGroup({ job: "a" }, { value: "1" }),
      archivedGroup({ job: "b" }, { value: "NaN" }),
    ]);
    await archive.append([archivedGroup({ job: "c" }, { value: "+Inf" })]);
    expect(await readContent(dir)).toEqual({
      jobs: [["a", "b"], ["c"]],
      values: [["1", "NaN"], ["+Inf"]],
      problems: [],
    });
  });

  it("is a text of JSON lines for zcat", async () => {
    const dir = temporaryFolder();
    const archive = archiveIn(dir);
    await archive.append([archivedGroup({ job: "a" })]);
    await archive.recordOutcomes("batch", [[labelsKey(createLabels([["job", "a"]])), "gone"]]);
    const lines = execFileSync("zcat", [archiveFile(dir)], { encoding: "utf8" })
      .trimEnd()
      .split("\n");
    const [header, raw, outcome] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(header).toMatchObject({
      v: 1,
      kind: "group",
      gateway: "batch",
      labels: { job: "a" },
      rule: "old",
      age_seconds: 7200,
    });
    expect(raw).toEqual({ id: header?.["id"], group: archivedGroup({ job: "a" }).raw });
    expect(outcome).toMatchObject({ kind: "outcome", id: header?.["id"], outcome: "gone" });
  });

  it("keeps labels and metrics called __proto__", async () => {
    const dir = temporaryFolder();
    const archive = archiveIn(dir);
    const labels = JSON.parse('{"job":"a","__proto__":"x"}') as Record<string, string>;
    const raw = JSON.parse('{"labels":{},"__proto__":{"type":"GAUGE","metrics":[]}}') as Record<
      string,
      unknown
    >;
    await archive.append([{ ...archivedGroup(labels), raw }]);
    const text = execFileSync("zcat", [archiveFile(dir)], { encoding: "utf8" });
    expect(text).toContain('"labels":{"job":"a","__proto__":"x"}');
    expect(text).toContain('"__proto__":{"type":"GAUGE"');
  });

  it("creates a folder and files that nobody else can read", async () => {
    const dir = join(temporaryFolder(), "not", "there");
    const archive = archiveIn(dir);
    await archive.append([archivedGroup({ job: "a" })]);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(statSync(archiveFile(dir)).mode & 0o777).toBe(0o600);
  });

  it("takes appends of several gateways at once", async () => {
    const dir = temporaryFolder();
    const archive = archiveIn(dir);
    const jobs = Array.from({ length: 30 }, (_, index) => `job-${index}`);
    await Promise.all(jobs.map((job) => archive.append([archivedGroup({ job })])));
    expect((await readContent(dir)).jobs.flat().toSorted()).toEqual(jobs.toSorted());
  });

  it("has one file for each process and UTC day, however often it is closed", async () => {
    const dir = temporaryFolder();
    let now = noon;
    const archive = archiveIn(dir, { now: () => now });
    const other = archiveIn(dir, { now: () => now });
    const sweep = async (job: string): Promise<void> => {
      await archive.append([archivedGroup({ job })]);
      await other.append([archivedGroup({ job: `other ${job}` })]);
      await archive.close();
      await other.close();
    };
    await sweep("a");
    now += day / 4;
    await sweep("b");
    now += day / 4;
    await sweep("c");
    const starts = archiveFiles(dir).map((path) => basename(path).replace(/[0-9a-f]{12}/, "…"));
    const [first, second] = ["2026-11-24T120000Z", "2026-11-25T000000Z"].map(
      (start) => `deleted-${start}-….ndjson.gz`,
    );
    expect(starts).toEqual([first, first, second, second]);
    const { jobs, problems } = await readContent(dir);
    expect(jobs.flat().map((job) => job.at(-1))).toEqual(["a", "b", "a", "b", "c", "c"]);
    expect(problems).toEqual([]);
    const listed: (string | undefined)[] = [];
    for await (const { record } of readHistory(
      dir,
      () => true,
      () => {},
    ))
      listed.push(record.labels.get("job")?.at(-1));
    // The newest first, whatever the file.
    expect(listed).toEqual(["c", "c", "b", "b", "a", "a"]);
  });

  it("keeps the records of one sweep in one file, also over midnight", async () => {
    const dir = temporaryFolder();
    let now = noon + day / 2 - 1;
    const archive = archiveIn(dir, { now: () => now });
    await archive.append([archivedGroup({ job: "a" })]);
    now += 2;
    await archive.append([archivedGroup({ job: "b" })]);
    await archive.close();
    expect(archiveFiles(dir)).toHaveLength(1);
    await archive.append([archivedGroup({ job: "c" })]);
    expect(archiveFiles(dir)).toHaveLength(2);
  });

  it("never touches a file that another process has written to", async () => {
    const dir = temporaryFolder();
    const archive = archiveIn(dir);
    await archive.append([archivedGroup({ job: "a" })]);
    await archive.close();
    appendFileSync(archiveFile(dir), "something");
    await archive.append([archivedGroup({ job: "b" })]);
    expect(archiveFiles(dir)).toHaveLength(2);
    expect((await readContent(dir)).jobs.flat().toSorted()).toEqual(["a", "b"]);
  });

  it("of version 0.1.0 is read", async () => {
    const dir = temporaryFolder();
    cpSync(join(import.meta.dirname, "../fixtures/archive-0.1.0"), dir, { recursive: true });
    for (const path of archiveFiles(dir)) chmodSync(path, 0o600);
    const { jobs, values, problems } = await readContent(dir);
    const days = [["a", "b-0"], [], [], [], ["a", "b-1"], [], [], []];
    expect([jobs, problems]).toEqual([days, []]);
    expect(values[4]).toEqual(["2", "1"]);
    const deletions = await archiveIn(dir).recentDeletions("batch");
    expect([...deletions.keys()]).toEqual(['[["job","a"]]', '[["job","b-1"]]']);
  });

  it("begins a new file when somebody has removed its own", async () => {
    const dir = temporaryFolder();
    const archive = archiveIn(dir);
    await archive.append([archivedGroup({ job: "a" })]);
    unlinkSync(archiveFile(dir));
    await archive.append([archivedGroup({ job: "b" })]);
    expect((await readContent(dir)).jobs).toEqual([["b"]]);
  });

  it("explains a folder that cannot be created", async () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    const inFile = createArchive({ dir: join(file, "archive"), retentionSeconds: null, now: () => noon });
    const message = `${file}/archive: cannot be created: it is not a folder`;
    await expect(inFile.prepare()).rejects.toThrow(message);
    await expect(inFile.append([archivedGroup({ job: "a" })])).rejects.toThrow(message);
  });
});

describe("the retention of an archive", () => {
  const files = [
    "deleted-2026-10-23.ndjson.gz",
    "deleted-2026-10-24T010203Z-0123456789ab.ndjson.gz",
    "deleted-2026-10-25.ndjson.gz",
  ];
  const others = [
    "deleted-2026-01-01.ndjson",
    "deleted-2026-13-99.ndjson.gz",
    "deleted-2026-01-01T010203Z.ndjson.gz",
    "x-deleted-2026-01-01.ndjson.gz",
    "notes.txt",
  ];
  const write = (dir: string, name: string): void => {
    writeFileSync(join(dir, name), "");
    utimesSync(join(dir, name), 1, 1);
  };

  it("removes the files whose day ended too long ago, and never another file", async () => {
    const dir = temporaryFolder();
    for (const name of [...files, ...others]) write(dir, name);
    mkdirSync(join(dir, "sub"));
    await archiveIn(dir, { retentionSeconds: 30 * day }).applyRetention(noon);
    expect(readdirSync(dir).toSorted()).toEqual(
      ["deleted-2026-10-25.ndjson.gz", ...others, "sub"].toSorted(),
    );
  });

  it("uses the given time: a local clock that is far ahead removes nothing", async () => {
    const dir = temporaryFolder();
    for (const name of files) write(dir, name);
    const archive = archiveIn(dir, { retentionSeconds: day, now: () => noon + 40 * day });
    await archive.applyRetention(Date.parse("2026-10-24T12:00:00Z") / 1000);
    expect(readdirSync(dir)).toEqual(expect.arrayContaining(files));
  });

  it("keeps a file that was written to recently, whatever day is in its name", async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, files[0]!), "");
    await archiveIn(dir).applyRetention(Date.now() / 1000);
    expect(readdirSync(dir)).toEqual([files[0]]);
  });

  it("reports and keeps files that are not its own, and removes the rest", async () => {
    const dir = temporaryFolder();
    const warn = vi.fn();
    mkdirSync(join(dir, "deleted-2026-10-20.ndjson.gz"));
    symlinkSync("/etc/hostname", join(dir, "deleted-2026-10-21.ndjson.gz"));
    execFileSync("mkfifo", [join(dir, "deleted-2026-10-22.ndjson.gz")]);
    for (const name of files) write(dir, name);
    await archiveIn(dir, { log: { info: () => {}, warn } }).applyRetention(noon);
    expect(readdirSync(dir).toSorted()).toEqual([
      "deleted-2026-10-20.ndjson.gz",
      "deleted-2026-10-21.ndjson.gz",
      "deleted-2026-10-22.ndjson.gz",
      "deleted-2026-10-25.ndjson.gz",
    ]);
    expect(warn.mock.calls.map(([, { err }]) => err as string)).toEqual(
      [20, 21, 22].map((date) =>
        expect.stringContaining(
          `deleted-2026-10-${date}.ndjson.gz: is past the retention, but no regular file`,
        ),
      ),
    );
  });
});

describe("recent deletions", () => {
  const key = (job: string): string => labelsKey(createLabels([["job", job]]));

  it("are the groups whose deletion the gateway took, with rule and time", async () => {
    const archive = archiveIn(temporaryFolder());
    await archive.append(
      ["accepted", "gone", "came-back", "stayed", "killed"].map((job) => archivedGroup({ job })),
    );
    await archive.append([archivedGroup({ job: "elsewhere" }, { gateway: "other" })]);
    await archive.recordOutcomes("other", [[key("elsewhere"), "gone"]]);
    await archive.recordOutcomes(
      "batch",
      ["accepted", "gone", "came-back", "stayed"].map((job) => [key(job), "accepted"]),
    );
    await archive.recordOutcomes("batch", [
      [key("gone"), "gone"],
      [key("came-back"), "pushed_again"],
      [key("stayed"), "still_there"],
    ]);
    const deletions = await archive.recentDeletions("batch");
    expect([...deletions.keys()].toSorted()).toEqual([key("accepted"), key("gone")].toSorted());
    expect(deletions.get(key("gone"))).toMatchObject({
      rule: "old",
      lastActivityAt: expect.any(Number) as number,
    });
  });

  it("omit groups that were restored or counted as reappeared, until they are deleted again", async () => {
    const archive = archiveIn(temporaryFolder());
    const jobs = ["restored", "reappeared", "again"];
    await archive.append(jobs.map((job) => archivedGroup({ job })));
    await archive.recordOutcomes(
      "batch",
      jobs.map((job) => [key(job), "gone"]),
    );
    await archive.recordRestored("batch", [createLabels([["job", "restored"]])]);
    await archive.recordReappeared("batch", [
      createLabels([["job", "reappeared"]]),
      createLabels([["job", "again"]]),
    ]);
    await archive.append([archivedGroup({ job: "again" }, { rule: "second" })]);
    await archive.recordOutcomes("batch", [[key("again"), "gone"]]);
    const deletions = await archive.recentDeletions("batch");
    expect([...deletions].map(([group, { rule }]) => [group, rule])).toEqual([[key("again"), "second"]]);
  });

  it("are read without unpacking the metrics", async () => {
    const dir = temporaryFolder();
    const archive = archiveIn(dir);
    await archive.append([archivedGroup({ job: "a" })]);
    await archive.recordOutcomes("batch", [[key("a"), "gone"]]);
    // Spoil the second member of the first batch: only who reads metrics may notice.
    const bytes = readFileSync(archiveFile(dir));
    bytes[bytes.readUInt32LE(16) + 12] = (bytes[bytes.readUInt32LE(16) + 12] ?? 0) ^ 0xff;
    writeFileSync(archiveFile(dir), bytes);
    const warn = vi.fn();
    const reader = createArchive({ dir, retentionSeconds: null, now: () => noon, log: { info: warn, warn } });
    expect([...(await reader.recentDeletions("batch")).keys()]).toEqual([key("a")]);
    expect(warn).not.toHaveBeenCalled();
    expect((await readContent(dir)).problems).toEqual([
      expect.stringContaining("the metrics there are damaged"),
    ]);
  });

  it("are remembered: the next call reads only later records, of any process", async () => {
    const dir = temporaryFolder();
    const archive = archiveIn(dir);
    await archive.append(["a", "b"].map((job) => archivedGroup({ job })));
    await archive.recordOutcomes("batch", [
      [key("a"), "gone"],
      [key("b"), "gone"],
    ]);
    expect([...(await archive.recentDeletions("batch")).keys()]).toEqual([key("a"), key("b")]);
    const path = archiveFile(dir);
    const bytes = readFileSync(path);
    const other = archiveIn(dir);
    await other.recordRestored("batch", [createLabels([["job", "a"]])]);
    await other.append([archivedGroup({ job: "c" })]);
    await other.recordOutcomes("batch", [[key("c"), "gone"]]);
    // From its start the file can no longer be read.
    bytes.fill(0, 0, 24);
    writeFileSync(path, bytes);
    expect([...(await archive.recentDeletions("batch")).keys()]).toEqual([key("b"), key("c")]);
  });

  it.each([
    ["before the deletion", -60, ["a"]],
    ["after it", 60, []],
  ])("count by time between files: a group that another process restored %s", async (_, late, expected) => {
    // Whichever of the two files was begun first.
    for (const begun of [-90, 90]) {
      const dir = temporaryFolder();
      const at = { archive: noon - 100, other: noon - 100 + begun };
      const archive = archiveIn(dir, { now: () => at.archive });
      const other = archiveIn(dir, { now: () => at.other });
      await archive.append([archivedGroup({ job: "x" })]);
      await other.append([archivedGroup({ job: "y" })]);
      at.archive = noon;
      at.other = noon + late;
      await archive.append([archivedGroup({ job: "a" })]);
      await archive.recordOutcomes("batch", [[key("a"), "gone"]]);
      await other.recordRestored("batch", [createLabels([["job", "a"]])]);
      await Promise.all([archive.close(), other.close()]);
      const deletions = await archiveIn(dir).recentDeletions("batch");
      expect([...deletions.keys()]).toEqual(expected.map(key));
    }
  });

  it("are forgotten with their file, as after the retention", async () => {
    const dir = temporaryFolder();
    const archive = archiveIn(dir);
    await archive.append([archivedGroup({ job: "a" })]);
    await archive.recordOutcomes("batch", [[key("a"), "gone"]]);
    expect((await archive.recentDeletions("batch")).size).toBe(1);
    unlinkSync(archiveFile(dir));
    await archive.append([archivedGroup({ job: "b" })]);
    await archive.recordOutcomes("batch", [[key("b"), "gone"]]);
    expect([...(await archive.recentDeletions("batch")).keys()]).toEqual([key("b")]);
  });

  it("survive the end of other files", async () => {
    const dir = temporaryFolder();
    const archive = archiveIn(dir);
    const other = archiveIn(dir);
    for (const [one, job] of [
      [archive, "a"],
      [other, "b"],
    ] as const) {
      await one.append([archivedGroup({ job })]);
      await one.recordOutcomes("batch", [[key(job), "gone"]]);
    }
    expect((await archive.recentDeletions("batch")).size).toBe(2);
    const [first, second] = archiveFiles(dir) as [string, string];
    unlinkSync((await readContent(first)).jobs[0]?.[0] === "a" ? first : second);
    // What is left is not read again.
    writeFileSync(archiveFile(dir), Buffer.alloc(statSync(archiveFile(dir)).size));
    expect([...(await archive.recentDeletions("batch")).keys()]).toEqual([key("b")]);
  });

  it("report damage once, not at every sweep", async () => {
    const dir = temporaryFolder();
    const warn = vi.fn();
    const archive = createArchive({
      dir,
      retentionSeconds: null,
      now: () => noon,
      log: { info: warn, warn },
    });
    writeFileSync(join(dir, "deleted-2026-01-01.ndjson.gz"), "not an archive");
    await archive.recentDeletions("batch");
    await archive.recentDeletions("batch");
    expect(warn).toHaveBeenCalledOnce();
  });
});

describe("the latest deletions", () => {
  it("come from the last days that have enough of them, the latest first, from any process", async () => {
    const dir = temporaryFolder();
    const write = async (
      at: number,
      job: string,
      outcomes: readonly ArchivedOutcome[],
      gateway = "batch",
    ) => {
      const archive = archiveIn(dir, { now: () => at });
      await archive.append([archivedGroup({ job }, { gateway })]);
      const key = labelsKey(createLabels([["job", job]]));
      for (const outcome of outcomes) await archive.recordOutcomes(gateway, [[key, outcome]]);
      await archive.close();
    };
    await write(noon - 2 * day, "older", ["accepted", "gone"]);
    await write(noon - day, "unknown", []);
    await write(noon - day, "killed", ["accepted"]);
    await write(noon, "second", ["accepted", "gone"]);
    await write(noon - 60, "first", ["gone"]);
    await write(noon - 30, "pushed again since", ["accepted", "pushed_again"]);
    await write(noon, "still there", ["accepted", "still_there"]);
    await write(noon, "elsewhere", ["gone"], "other");
    const latest = async (count: number): Promise<readonly (string | undefined)[]> => {
      const accepts = ({ gateway }: { readonly gateway: string }): boolean => gateway === "batch";
      const records = await readLatestDeletions(dir, { count, accepts }, () => {});
      return records.map(({ labels }) => labels.get("job"));
    };
    expect(await latest(1)).toEqual(["second"]);
    expect(await latest(3)).toEqual(["second", "pushed again since", "first"]);
    expect(await latest(9)).toEqual(["second", "pushed again since", "first", "killed", "older"]);
  });
});
