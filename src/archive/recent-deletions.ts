import { labelsKey } from "../core/labels.ts";
import { ArchiveTail } from "./archive-tail.ts";
import type { Tell } from "./read-archive.ts";
import type { ArchivedOutcome, ArchiveRecord, GroupRecord } from "./records.ts";

/** A group that a rule deleted. */
export interface RecentDeletion {
  readonly rule: string;
  /** Unix seconds of the janitor's clock. */
  readonly deletedAt: number;
  /** Its last activity then, Unix seconds of the gateway's clock: a later one means that it was pushed to since. */
  readonly lastActivityAt: number;
}

/** The gateway took the DELETE, and nobody has seen the group alive since. */
const deletedOutcomes: ReadonlySet<ArchivedOutcome> = new Set(["accepted", "gone"]);

/** So many of a gateway are remembered, some 30 MB: a group that comes back after that many others is not counted. */
const rememberedDeletions = 100_000;

/**
 * The groups of an archive that were deleted, each with its last deletion, less those that were restored or counted as
 * reappeared since. Remembers them, so that the next look reads only what was appended since; reads records only, not
 * the metrics. One call at a time.
 */
export class RecentDeletions {
  readonly #tail: ArchiveTail;
  #memory = new Memory();

  constructor(path: string) {
    this.#tail = new ArchiveTail(path);
  }

  /**
   * Those of a gateway, by `labelsKey`.
   * @throws {@link ArchiveError}
   */
  async of(gateway: string, tell: Tell): Promise<ReadonlyMap<string, RecentDeletion>> {
    const forget = (): void => {
      this.#memory = new Memory();
    };
    for await (const records of this.#tail.read(tell, forget)) {
      for (const record of records) this.#memory.take(record);
    }
    return this.#memory.deletionsOf(gateway);
  }
}

class Memory {
  readonly #byGateway = new Map<string, Map<string, RecentDeletion>>();
  /** Written down, but what became of them is not known yet. By id. */
  readonly #announced = new Map<string, Announced>();

  deletionsOf(gateway: string): ReadonlyMap<string, RecentDeletion> {
    return this.#byGateway.get(gateway) ?? new Map();
  }

  /** To take a record twice is harmless. */
  take(record: ArchiveRecord): void {
    if (record.kind === "outcome") {
      const announced = this.#announced.get(record.id);
      if (announced === undefined) return;
      if (deletedOutcomes.has(record.outcome)) this.#remember(announced);
      else this.#forget(announced);
      if (record.outcome !== "accepted") this.#announced.delete(record.id);
    } else if (record.kind !== "group") {
      this.#forget({ gateway: record.gateway, key: labelsKey(record.labels) });
    } else if (record.rule !== null) {
      this.#announced.set(record.id, announce(record, record.rule));
      dropOldest(this.#announced);
    }
  }

  #remember({ gateway, key, deletion }: Announced): void {
    let deletions = this.#byGateway.get(gateway);
    if (deletions === undefined)
      this.#byGateway.set(gateway, (deletions = new Map<string, RecentDeletion>()));
    // Set anew, so that the order is that of the deletions.
    deletions.delete(key);
    deletions.set(key, deletion);
    dropOldest(deletions);
  }

  #forget({ gateway, key }: Pick<Announced, "gateway" | "key">): void {
    this.#byGateway.get(gateway)?.delete(key);
  }
}

interface Announced {
  readonly gateway: string;
  readonly key: string;
  readonly deletion: RecentDeletion;
}

function announce({ gateway, labels, at, ...record }: GroupRecord, rule: string): Announced {
  const lastActivityAt = Math.max(record.lastSuccessAt ?? 0, record.lastFailureAt ?? 0);
  return { gateway, key: labelsKey(labels), deletion: { rule, deletedAt: at, lastActivityAt } };
}

function dropOldest(map: Map<string, unknown>): void {
  if (map.size <= rememberedDeletions) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
