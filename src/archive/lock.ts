import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import { ArchiveError, unusable } from "./archive-error.ts";
import { Contender, type Rival } from "./lock-contender.ts";

/** The right to write into a folder, for one process at a time. */
export interface DirectoryLock {
  /** @throws {@link ArchiveError} if someone removed it */
  check(): Promise<void>;
  release(): Promise<void>;
}

export interface LockOptions {
  /** How long to wait for another holder. */
  readonly waitSeconds: number;
  /** Unix seconds; only told to others. */
  readonly now: number;
}

const pollMs = 100;

/**
 * Locks a folder. The kernel releases the lock when the process dies, however it dies: it is a socket that listens.
 *
 * Every contender listens on a socket of a name of its own, then gives it its published name, then looks for others.
 * Whoever sees no other living one holds the lock. Of two contenders one publishes second and sees the first, so both
 * cannot hold it. A published socket listens from its first moment on, so one that refuses is dead for good, and as no
 * two processes use the same name, removing it never hits a living one. A single well-known name cannot have that.
 *
 * Works between containers that share the folder on one machine; not between machines (NFS).
 * @throws {@link ArchiveError} `locked` or `unusable`
 */
export async function lockDirectory(dir: string, { waitSeconds, now }: LockOptions): Promise<DirectoryLock> {
  const contender = await Contender.create(dir, now);
  try {
    const deadline = performance.now() + waitSeconds * 1000;
    for (;;) {
      await contender.publish();
      const rivals = await contender.findRivals();
      if (rivals.length === 0) {
        contender.hold();
        return contender;
      }
      // Among those who only wait the first by name stays and the others step back, or all would step back for ever.
      if (rivals.some(({ name, holder }) => holder.holds || name < contender.name))
        await contender.stepBack();
      if (performance.now() >= deadline) throw new ArchiveError("locked", dir, describeRivals(rivals));
      await sleep(pollMs + randomInt(pollMs));
    }
  } catch (error) {
    await contender.release();
    throw unusable(dir, "cannot be locked", error);
  }
}

function describeRivals(rivals: readonly Rival[]): string {
  const {
    pid = null,
    host = null,
    since = null,
  } = (rivals.find(({ holder }) => holder.holds) ?? rivals[0])?.holder ?? {};
  if (pid === null && host === null) return "another janitor works in it, and does not say which";
  return `another janitor works in it: process ${pid ?? "?"} on ${host ?? "?"}, since ${since ?? "?"}`;
}
