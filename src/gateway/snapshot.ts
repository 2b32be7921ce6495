import { type RequestName, RequestError } from "../http/request-error.ts";
import type { Clocks } from "../core/time.ts";
import type { Group } from "../core/group.ts";
import { formatShortLabels } from "../core/labels.ts";
import { AnswerBudget, costOfGroup, toOverBudget } from "./budget.ts";
import type { ProcessFacts } from "./exposition/read-samples.ts";

/** One group as a reader gives it. */
export interface ReadGroup {
  readonly group: Group;
  /**
   * The group as the API returned it, JSON with all its metrics. Only while it is the current one, and of a snapshot that was opened
   * with `wholes`. null: it is over its budget.
   */
  whole(): Buffer | null;
}

export type VisitGroup = (read: ReadGroup) => void;

/** A snapshot whose answer has begun. */
export interface OpenSnapshot {
  readonly source: "api" | "exposition";
  readonly request: RequestName;
  /** When the request was sent, on the monotonic clock: what it tells may be as old as this. Seconds. */
  readonly requestedAt: number;
  /** What the clocks said at that moment. */
  readonly clocks: Clocks;
  /**
   * Shows every group as it arrives; once. How many bytes lie behind a group is the reader's own business.
   * @throws {@link RequestError} then nothing that was shown before may be acted on
   */
  read(visit: VisitGroup): Promise<void>;
  /** Bytes of the answer read so far. */
  sizeBytes(): number;
  /** What the answer says about the process that gave it, once it has been read; null: the API says nothing. */
  process(): ProcessFacts | null;
}

/** All groups of one gateway at one moment. */
export interface Snapshot extends Omit<OpenSnapshot, "read" | "sizeBytes" | "process" | "request"> {
  readonly process: ProcessFacts | null;
  readonly sizeBytes: number;
  readonly durationSeconds: number;
  readonly groups: readonly Group[];
  /** Groups with longer keys are there, but over budget: their keys are not those of other snapshots. */
  readonly maxKeyLength: number;
}

/**
 * Reads a snapshot to its end.
 * @param visit is shown every group as it passes
 * @throws {@link RequestError} also if two deletable groups have the same key: then one of them is not what it says
 */
export async function collectSnapshot(
  open: OpenSnapshot,
  monotonic: () => number,
  visit?: VisitGroup,
): Promise<Snapshot> {
  const groups: Group[] = [];
  const keys = new Set<string>();
  const budget = new AnswerBudget(open.request, (maxKeyLength) => {
    let freedBytes = 0;
    for (const [index, group] of groups.entries()) {
      if (group.key.length <= maxKeyLength) continue;
      const cut = toOverBudget(group, index);
      groups[index] = cut;
      keys.delete(group.key);
      freedBytes += costOfGroup(group.key, group.labels) - costOfGroup(cut.key, cut.labels);
    }
    return freedBytes;
  });
  await open.read((read) => {
    const isOver = read.group.key.length > budget.maxKeyLength;
    const group = isOver ? toOverBudget(read.group, groups.length) : read.group;
    if (group.obstacle === null) {
      if (keys.has(group.key)) {
        throw new RequestError(
          "unexpected_answer",
          open.request,
          `the group ${formatShortLabels(group.labels)} is listed twice`,
        );
      }
      keys.add(group.key);
    }
    groups.push(group);
    budget.spend(costOfGroup(group.key, group.labels));
    visit?.(read);
  });
  return {
    source: open.source,
    requestedAt: open.requestedAt,
    clocks: open.clocks,
    sizeBytes: open.sizeBytes(),
    process: open.process(),
    durationSeconds: monotonic() - open.requestedAt,
    groups,
    maxKeyLength: budget.maxKeyLength,
  };
}
