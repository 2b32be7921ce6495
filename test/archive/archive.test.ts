import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { createArchive, type Archive, type ArchiveOptions } from "../../src/archive/archive.ts";
import { createLabels, labelsKey } from "../../src/core/labels.ts";
import { archivedGroup, readContent, temporaryFolder } from "../support/archived-groups.ts";

const noon = Date.parse("2026-11-24T12:00:00Z") / 1000;
const today = "deleted-2026-11-24.ndjson.gz";
const day = 86_400;

async function opened(dir: string, rest: Partial<ArchiveOptions> = {}): Promise<Archive> {
  const archive = createArchive({
    dir,
    retentionSeconds: 30 * day,
    now: () => noon,
    lockWaitSeconds: 0,
    ...rest,
  });
  await archive.open();
  onTestFinished(() => archive.close());
  return archive;
}

describe("an archive", () => {
  it("gives back what was appended, batch by batch", async () => {
    const dir = temporaryFolder();
    const archive = await opened(dir);
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
    const archive = await opened(dir);
    await archive.append([archivedGroup({ job: "a" })]);
    await archive.recordOutcomes("batch", [[labelsKey(createLabels([["job", "a"]])), "gone"]]);
    const lines = execFileSync("zcat", [join(dir, today)], { encoding: "utf8" })
      .trimEnd()
      .split("\n");
    const [header, whole, outcome] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(header).toMatchObject({
      v: 1,
      kind: "group",
      gateway: "batch",
      labels: { job: "a" },
      rule: "old",
      age_seconds: 7200,
    });
    expect(whole).toEqual({ id: header?.["id"], group: archivedGroup({ job: "a" }).whole });
    expect(outcome).toMatchObject({ kind: "outcome", id: header?.["id"], outcome: "gone" });
  });

  it("keeps labels and metrics called __proto__", async () => {
    const dir = temporaryFolder();
    const archive = await opened(dir);
    const labels = JSON.parse('{"job":"a","__proto__":"x"}') as Record<string, string>;
    const whole = JSON.parse('{"labels":{},"__proto__":{"type":"GAUGE","metrics":[]}}') as Record<
      string,
      unknown
    >;
    await archive.append([{ ...archivedGroup(labels), whole }]);
    const text = execFileSync("zcat", [join(dir, today)], { encoding: "utf8" });
    expect(text).toContain('"labels":{"job":"a","__proto__":"x"}');
    expect(text).toContain('"__proto__":{"type":"GAUGE"');
  });

  it("creates a folder and files that nobody else can read", async () => {
    const dir = join(temporaryFolder(), "not", "there");
    const archive = await opened(dir);
    await archive.append([archivedGroup({ job: "a" })]);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(statSync(join(dir, today)).mode & 0o777).toBe(0o600);
  });

  it("takes appends of several gateways at once", async () => {
    const dir = temporaryFolder();
    const archive = await opened(dir);
    const jobs = Array.from({ length: 30 }, (_, index) => `job-${index}`);
    await Promise.all(jobs.map((job) => archive.append([archivedGroup({ job })])));
    expect((await readContent(dir)).jobs.flat().toSorted()).toEqual(jobs.toSorted());
  });

  it("begins a new file with a new UTC day", async () => {
    const dir = temporaryFolder();
    let now = noon;
    const archive = await opened(dir, { now: () => now });
    await archive.append([archivedGroup({ job: "a" })]);
    now += day / 2;
    await archive.append([archivedGroup({ job: "b" })]);
    expect(readdirSync(dir).filter((name) => name.endsWith(".gz"))).toEqual([
      today,
      "deleted-2026-11-25.ndjson.gz",
    ]);
    expect((await readContent(dir)).jobs).toEqual([["a"], ["b"]]);
  });

  it("begins a new file when someone has removed the one of today", async () => {
    const dir = temporaryFolder();
    const archive = await opened(dir);
    await archive.append([archivedGroup({ job: "a" })]);
    unlinkSync(join(dir, today));
    await archive.append([archivedGroup({ job: "b" })]);
    expect((await readContent(dir)).jobs).toEqual([["b"]]);
  });

  it("refuses to take anything in when it is not open", async () => {
    const archive = createArchive({ dir: temporaryFolder(), retentionSeconds: null, now: () => noon });
    await expect(archive.append([archivedGroup({ job: "a" })])).rejects.toThrow("the archive is not open");
  });

  it("says what is wrong with a folder that cannot be one", async () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    const inFile = createArchive({ dir: join(file, "archive"), retentionSeconds: null, now: () => noon });
    await expect(inFile.open()).rejects.toThrow(`${file}/archive: cannot be created: it is not a folder`);
  });
});

describe("the retention of an archive", () => {
  const files = [
    "deleted-2026-10-23.ndjson.gz",
    "deleted-2026-10-24.ndjson.gz",
    "deleted-2026-10-25.ndjson.gz",
  ];
  const others = [
    "deleted-2026-01-01.ndjson",
    "deleted-2026-13-99.ndjson.gz",
    "x-deleted-2026-01-01.ndjson.gz",
    "notes.txt",
  ];

  it("removes the files whose day ended too long ago, and never another file", async () => {
    const dir = temporaryFolder();
    for (const name of [...files, ...others]) {
      writeFileSync(join(dir, name), "");
      utimesSync(join(dir, name), 1, 1);
    }
    mkdirSync(join(dir, "sub"));
    const archive = await opened(dir, { retentionSeconds: 30 * day });
    await archive.applyRetention(noon);
    const left = readdirSync(dir).filter((name) => !name.startsWith("."));
    expect(left.toSorted()).toEqual(["deleted-2026-10-25.ndjson.gz", ...others, "sub"].toSorted());
  });

  it("goes by the time it is told: a local clock that is far ahead takes nothing away", async () => {
    const dir = temporaryFolder();
    const archive = await opened(dir, { retentionSeconds: day, now: () => noon + 40 * day });
    for (const name of files) writeFileSync(join(dir, name), "");
    await archive.applyRetention(Date.parse("2026-10-24T12:00:00Z") / 1000);
    expect(readdirSync(dir)).toEqual(expect.arrayContaining(files));
  });
});

describe("an archive that is opened again", () => {
  it("cuts off what somebody else was killed at meanwhile, and goes on behind it", async () => {
    const dir = temporaryFolder();
    const archive = await opened(dir);
    await archive.append([archivedGroup({ job: "a" })]);
    await archive.close();
    const whole = readFileSync(join(dir, today));
    appendFileSync(join(dir, today), whole.subarray(0, whole.length - 5));
    await archive.open();
    await archive.append([archivedGroup({ job: "b" })]);
    await archive.close();
    const { jobs, problems } = await readContent(dir);
    expect([jobs, problems]).toEqual([[["a"], ["b"]], []]);
  });
});

describe("recent deletions", () => {
  const key = (job: string): string => labelsKey(createLabels([["job", job]]));

  it("are the groups whose deletion the gateway took, with rule and time", async () => {
    const archive = await opened(temporaryFolder());
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
    expect(deletions.get(key("gone"))).toMatchObject({ rule: "old", deletedAt: noon });
  });

  it("leave out what was restored or counted as reappeared, until it is deleted again", async () => {
    const archive = await opened(temporaryFolder());
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
    const archive = await opened(dir);
    await archive.append([archivedGroup({ job: "a" })]);
    await archive.recordOutcomes("batch", [[key("a"), "gone"]]);
    // Spoil the second member of the first batch: only who reads metrics may notice.
    const bytes = readFileSync(join(dir, today));
    bytes[bytes.readUInt32LE(16) + 12] = (bytes[bytes.readUInt32LE(16) + 12] ?? 0) ^ 0xff;
    writeFileSync(join(dir, today), bytes);
    const warn = vi.fn();
    const reader = createArchive({ dir, retentionSeconds: null, now: () => noon, log: { info: warn, warn } });
    expect([...(await reader.recentDeletions("batch")).keys()]).toEqual([key("a")]);
    expect(warn).not.toHaveBeenCalled();
    expect((await readContent(dir)).problems).toEqual([
      expect.stringContaining("the metrics there are damaged"),
    ]);
  });

  it("are remembered: the next look reads only what was appended since, by whomever", async () => {
    const dir = temporaryFolder();
    const archive = await opened(dir);
    await archive.append(["a", "b"].map((job) => archivedGroup({ job })));
    await archive.recordOutcomes("batch", [
      [key("a"), "gone"],
      [key("b"), "gone"],
    ]);
    expect([...(await archive.recentDeletions("batch")).keys()]).toEqual([key("a"), key("b")]);
    await archive.close();
    const other = await opened(dir);
    await other.recordRestored("batch", [createLabels([["job", "a"]])]);
    await other.append([archivedGroup({ job: "c" })]);
    await other.recordOutcomes("batch", [[key("c"), "gone"]]);
    await other.close();
    // Whoever reads the file from its start now finds nothing of the first batch.
    const bytes = readFileSync(join(dir, today));
    bytes.fill(0, 0, 24);
    writeFileSync(join(dir, today), bytes);
    expect([...(await archive.recentDeletions("batch")).keys()]).toEqual([key("b"), key("c")]);
  });

  it("are forgotten with the file that told of them, as after the retention", async () => {
    const dir = temporaryFolder();
    const archive = await opened(dir);
    await archive.append([archivedGroup({ job: "a" })]);
    await archive.recordOutcomes("batch", [[key("a"), "gone"]]);
    expect((await archive.recentDeletions("batch")).size).toBe(1);
    unlinkSync(join(dir, today));
    await archive.append([archivedGroup({ job: "b" })]);
    await archive.recordOutcomes("batch", [[key("b"), "gone"]]);
    expect([...(await archive.recentDeletions("batch")).keys()]).toEqual([key("b")]);
  });

  it("tell of a damaged place once, not at every sweep", async () => {
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
