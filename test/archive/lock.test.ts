import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

import { lockDirectory } from "../../src/archive/lock.ts";
import { temporaryFolder } from "../support/archived-groups.ts";

const module = join(import.meta.dirname, "../../dist/archive/lock.js");

function lock(dir: string, waitSeconds = 0) {
  return lockDirectory(dir, { waitSeconds, now: 1_800_000_000 });
}

/** Another process that holds the lock. */
async function holder(dir: string): Promise<ChildProcess> {
  const script = `
    const { lockDirectory } = await import(${JSON.stringify(module)});
    await lockDirectory(${JSON.stringify(dir)}, { waitSeconds: 10, now: 1800000000 });
    console.log("locked");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

describe("the lock of an archive", () => {
  it("is held by one at a time, and free after its release", async () => {
    const dir = temporaryFolder();
    const first = await lock(dir);
    await expect(lock(dir)).rejects.toMatchObject({ code: "locked" });
    await first.release();
    const second = await lock(dir);
    await second.release();
    expect(readdirSync(dir)).toEqual([]);
  });

  it("says who holds it", async () => {
    const dir = temporaryFolder();
    const { pid } = await holder(dir);
    await expect(lock(dir)).rejects.toThrow(
      new RegExp(
        `^${dir}: another janitor works in it: process ${pid} on \\S+, since 2027-01-15T08:00:00.000Z$`,
      ),
    );
  });

  it("is released when its process is killed", async () => {
    const dir = temporaryFolder();
    const child = await holder(dir);
    await expect(lock(dir)).rejects.toMatchObject({ code: "locked" });
    child.kill("SIGKILL");
    await once(child, "exit");
    const own = await lock(dir);
    await own.check();
    await own.release();
    expect(readdirSync(dir)).toEqual([]);
  });

  it("is not taken from a process that is only stopped", async () => {
    const dir = temporaryFolder();
    const child = await holder(dir);
    child.kill("SIGSTOP");
    await expect(lock(dir)).rejects.toThrow("another janitor works in it, and does not say which");
  });

  it("is waited for", async () => {
    const dir = temporaryFolder();
    const first = await lock(dir);
    const second = lock(dir, 20);
    await first.release();
    await expect(second.then((own) => own.release())).resolves.toBeUndefined();
  });

  it("is given to one of many that want it at the same moment", async () => {
    const dir = temporaryFolder();
    let holders = 0;
    let most = 0;
    const worker = async (): Promise<void> => {
      const own = await lock(dir, 60);
      most = Math.max(most, (holders += 1));
      await own.check();
      holders -= 1;
      await own.release();
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    expect(most).toBe(1);
    expect(readdirSync(dir)).toEqual([]);
  });

  it("notices that someone removed it", async () => {
    const dir = temporaryFolder();
    const own = await lock(dir);
    onTestFinished(() => own.release());
    const [name = ""] = readdirSync(dir);
    const other = temporaryFolder();
    await rename(join(dir, name), join(other, name));
    await expect(own.check()).rejects.toThrow("the lock in it was removed");
  });

  it("works in a folder whose path is longer than that of a socket may be", async () => {
    const dir = join(temporaryFolder(), "long".repeat(20), "longer".repeat(20));
    await mkdir(dir, { recursive: true });
    const first = await lock(dir);
    await expect(lock(dir)).rejects.toThrow("another janitor works in it: process");
    await first.release();
    expect(readdirSync(dir)).toEqual([]);
  });

  it("leaves files and sockets alone that are none of its own", async () => {
    const dir = temporaryFolder();
    const server = createServer().listen(join(dir, "other.sock"));
    await once(server, "listening");
    onTestFinished(() => void server.close());
    writeFileSync(join(dir, ".lock-notes"), "");
    await (await lock(dir)).release();
    expect(readdirSync(dir).toSorted()).toEqual([".lock-notes", "other.sock"]);
  });
});
