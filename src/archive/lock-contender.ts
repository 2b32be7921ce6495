import { randomBytes } from "node:crypto";
import { access, readdir, readlink, rename, stat, unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

import { errorCode } from "../core/error-code.ts";
import { ArchiveError, unusable } from "./archive-error.ts";
import { askHolder, listenIn, type LockHolder, type LockSocket } from "./lock-socket.ts";

/** Sockets that listen, and those that may not listen yet. No two processes use the same name. */
const published = /^\.lock-\w+\.sock$/;
const unpublished = /^\.lock-\w+\.new$/;

/** Another process that holds the lock or wants it. */
export interface Rival {
  readonly name: string;
  readonly holder: LockHolder;
}

/** One process that wants the lock of a folder, with its socket. */
export class Contender {
  readonly name: string;
  readonly #dir: string;
  readonly #newName: string;
  readonly #socket: LockSocket;
  readonly #self: { holds: boolean };
  #isPublished = false;

  private constructor(dir: string, id: string, socket: LockSocket, self: { holds: boolean }) {
    this.#dir = dir;
    this.name = `.lock-${id}.sock`;
    this.#newName = `.lock-${id}.new`;
    this.#socket = socket;
    this.#self = self;
  }

  static async create(dir: string, now: number): Promise<Contender> {
    const id = randomBytes(8).toString("hex");
    const self = {
      pid: await ownPid(),
      host: hostname(),
      since: new Date(now * 1000).toISOString(),
      holds: false,
    };
    try {
      return new Contender(dir, id, await listenIn(dir, `.lock-${id}.new`, () => self), self);
    } catch (error) {
      throw unusable(dir, "cannot be locked (its file system must be able to hold a Unix socket)", error);
    }
  }

  async publish(): Promise<void> {
    if (!this.#isPublished) await rename(join(this.#dir, this.#newName), join(this.#dir, this.name));
    this.#isPublished = true;
  }

  async stepBack(): Promise<void> {
    await rename(join(this.#dir, this.name), join(this.#dir, this.#newName));
    this.#isPublished = false;
  }

  /** The living ones; the dead are removed. */
  async findRivals(): Promise<readonly Rival[]> {
    const rivals: Rival[] = [];
    for (const name of await readdir(this.#dir)) {
      if (unpublished.test(name)) await this.#removeIfAbandoned(name);
      if (!published.test(name) || name === this.name) continue;
      const holder = await askHolder(this.#dir, name);
      if (holder === "dead") await removeFile(join(this.#dir, name));
      // One that is gone has stepped back, and may be published again by now.
      else if (holder !== "gone") rivals.push({ name, holder });
    }
    return rivals;
  }

  /** From now on it tells others that it holds the lock. */
  hold(): void {
    this.#self.holds = true;
  }

  /** @throws {@link ArchiveError} if someone removed its socket */
  async check(): Promise<void> {
    await access(join(this.#dir, this.name)).catch((error: unknown) => {
      throw new ArchiveError("unusable", this.#dir, "the lock in it was removed", error);
    });
  }

  async release(): Promise<void> {
    await removeFile(join(this.#dir, this.name));
    await removeFile(join(this.#dir, this.#newName));
    await this.#socket.close();
  }

  /** A socket that does not listen yet looks like a dead one; after a minute it is one. */
  async #removeIfAbandoned(name: string): Promise<void> {
    const path = join(this.#dir, name);
    const [own, other] = await Promise.all([stat(join(this.#dir, this.name)), stat(path).catch(() => null)]);
    if (other === null || own.ctimeMs - other.ctimeMs < 60_000) return;
    if ((await askHolder(this.#dir, name)) === "dead") await removeFile(path);
  }
}

async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errorCode(error) !== "ENOENT") throw error;
  });
}

/** Where /proc tells; what others are told, nothing more. */
async function ownPid(): Promise<number | null> {
  const text = await readlink("/proc/self").catch(() => "");
  return /^\d+$/.test(text) ? Number(text) : null;
}
