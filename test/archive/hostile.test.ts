import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

import { createArchive } from "../../src/archive/archive.ts";
import { FileAccess } from "../../src/archive/file-access.ts";
import { cli } from "../support/cli.ts";
import { archivedGroup, archiveFile, readContent, temporaryFolder } from "../support/archived-groups.ts";

const noon = Date.parse("2026-11-24T12:00:00Z") / 1000;
const name = "deleted-2026-11-20.ndjson.gz";
const mebibyte = 1024 * 1024;

/** A batch as a stranger makes it: the header of an archive, and behind it any gzip. */
function batch(head: Buffer, body = Buffer.alloc(0)): Buffer {
  const packed = gzipSync(head).subarray(10);
  const header = Buffer.from([
    0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 12, 0, 0x50, 0x4a, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  ]);
  header.writeUInt32LE(header.length + packed.length, 16);
  header.writeUInt32LE(header.length + packed.length + body.length, 20);
  return Buffer.concat([header, packed, body]);
}

/** An archive of one group, and before it a file with these bytes. */
async function archiveWith(bytes: Buffer): Promise<{ dir: string; path: string }> {
  const dir = temporaryFolder();
  const archive = createArchive({ dir, retentionSeconds: null, now: () => noon });
  await archive.append([archivedGroup({ job: "a" })]);
  await archive.close();
  const path = join(dir, name);
  writeFileSync(path, bytes, { mode: 0o600 });
  return { dir, path };
}

const record = JSON.stringify({
  v: 1,
  kind: "restored",
  at: "2026-11-20T00:00:00Z",
  gateway: "g",
  labels: { job: "b" },
});

describe("a hostile file of an archive", () => {
  it.each<readonly [string, () => Buffer, string]>([
    [
      "empty lines without end",
      () => batch(Buffer.alloc(70 * mebibyte, "\n")),
      "byte 0: damaged up to the end of the file, a batch there unpacks to more than 64 MiB",
    ],
    [
      "fewer of them",
      () => batch(Buffer.alloc(10 * mebibyte, "\n")),
      "byte 0: too many lines there are no records; its other lines are not read",
    ],
    [
      "groups without end",
      () => batch(Buffer.from(`${record}\n`), gzipSync(Buffer.alloc(70 * mebibyte, "\n"))),
      "byte 0: the metrics there are damaged: more than 64 MiB a group",
    ],
    [
      "200,000 beginnings of batches",
      () => Buffer.alloc(24 * 200_000, batch(Buffer.alloc(0)).subarray(0, 24)),
      "byte 24000: there are too many damaged places before it; the rest is not read",
    ],
    [
      "a head of 4 GiB",
      () => {
        const bytes = batch(Buffer.from(record));
        bytes.writeUInt32LE(0xff_ff_ff_00, 16);
        bytes.writeUInt32LE(0xff_ff_ff_ff, 20);
        return bytes;
      },
      "byte 0: the file ends in the middle of a write",
    ],
  ])("with %s is named, and all others are read", async (_, bytes, message) => {
    const { dir, path } = await archiveWith(bytes());
    const { jobs, problems } = await readContent(dir);
    expect(jobs.flat()).toContain("a");
    expect(problems.at(-1)).toContain(`${path}: ${message}`);
    // A thousand places, and the last word about them.
    expect(problems.length).toBeLessThan(1100);
  });

  it("cannot drive the terminal, whatever its names are", async () => {
    const dir = temporaryFolder();
    const evil = "\u001B[31m\u009B2J\u202E\n";
    const archive = createArchive({ dir, retentionSeconds: null, now: () => noon });
    const names = { gateway: evil, rule: evil, url: `http://${evil}` };
    const { decision, ...rest } = archivedGroup({ job: evil, [evil]: evil }, names);
    await archive.append([
      { ...rest, decision, raw: { [evil]: {}, [`${evil}2`]: { type: evil, metrics: [] } } },
    ]);
    await archive.recordRestored(evil, [decision.group.labels]);
    await archive.close();
    const file = join(dir, "janitor.yml");
    writeFileSync(
      file,
      "pushgateways: [{ name: g, url: 'http://127.0.0.1:1' }]\nrules: [{ name: all, matchers: [], ttl: 1d }]\n",
    );
    const results = await Promise.all([
      cli(["archive", "list", dir]),
      cli(["archive", "list", dir, "--output=json"]),
      cli(["restore", dir, "--all", `--config.file=${file}`]),
      cli(["restore", dir, "--all", "--gateway=http://127.0.0.1:1"]),
    ]);
    for (const { stdout, stderr } of results) {
      expect(stdout + stderr).toContain("31m");
      expect((stdout + stderr).replaceAll("\n", "")).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    }
    const { events } = JSON.parse(results[1].stdout) as { events: { gateway: string }[] };
    expect(events.map(({ gateway }) => gateway)).toEqual([evil, evil]);
  });

  it("that others may read or change is named, once", async () => {
    const { dir, path } = await archiveWith(
      readFileSync(join(import.meta.dirname, "../fixtures/archive-0.1.0/deleted-2026-11-24.ndjson.gz")),
    );
    const latest = archiveFile(dir, name);
    for (const one of [path, latest]) chmodSync(one, 0o644);
    const { stderr, exitCode } = await cli(["archive", "list", dir]);
    expect(exitCode).toBe(0);
    expect(stderr).toBe(
      `${latest}: every user of this machine can read it (mode 644), and perhaps other files of the archive: chmod o-rwx\n4 entries\n`,
    );
  });
});

/** A file system that can stop answering. */
class HangingAccess extends FileAccess {
  hangs = false;
  #release: (() => void)[] = [];

  constructor() {
    super(0.05);
  }

  override call<T>(
    path: string,
    doing: string,
    work: () => Promise<T>,
    discard?: (result: T) => void,
  ): Promise<T> {
    const held = async (): Promise<T> => {
      await new Promise<void>((resolve) => this.#release.push(resolve));
      return work();
    };
    return super.call(path, doing, this.hangs ? held : work, discard);
  }

  recover(): void {
    this.hangs = false;
    for (const release of this.#release.splice(0)) release();
  }
}

describe("an archive whose file system hangs", () => {
  it("fails in limited time, asks no second time before the first call returned, and then works again", async () => {
    const dir = temporaryFolder();
    const access = new HangingAccess();
    const archive = createArchive({ dir, retentionSeconds: 1, now: () => noon, access });
    await archive.append([archivedGroup({ job: "a" })]);
    access.hangs = true;
    const message = "its file system did not answer within 0.05 s";
    await expect(archive.append([archivedGroup({ job: "lost" })])).rejects.toThrow(message);
    access.hangs = false;
    await expect(archive.append([archivedGroup({ job: "lost" })])).rejects.toThrow(message);
    await expect(archive.recentDeletions("batch")).rejects.toThrow(message);
    await expect(archive.prepare()).rejects.toThrow(message);
    await archive.applyRetention(noon);
    await archive.close();
    access.recover();
    await expect.poll(() => access.isHanging()).toBe(false);
    await archive.append([archivedGroup({ job: "b" })]);
    await archive.close();
    expect((await readContent(dir)).jobs.flat()).toEqual(expect.arrayContaining(["a", "b"]));
  });
});
