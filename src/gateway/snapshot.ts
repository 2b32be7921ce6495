import { type RequestName, RequestError } from "../http/request-error.ts";
import type { Clocks } from "../core/time.ts";
import type { Group } from "../core/group.ts";
import { formatShortLabels } from "../core/labels.ts";
import { AnswerBudget, costOfGroup, toOverBudget } from "./budget.ts";

/** One group as it is read. */
export interface ReadGroup {
  readonly group: Group;
  /**
   * The group as the API returned it, JSON with all its metrics; null: it is over its budget. Only during the visit, and not of an
   * exposition.
   */
  raw(): Buffer | null;
}

export type VisitGroup = (read: ReadGroup) => void;

/** A snapshot whose answer has begun. */
export interface OpenSnapshot {
  readonly source: "api" | "exposition";
  readonly request: RequestName;
  /** When the request was sent, monotonic seconds: the data may be as old as this. */
  readonly requestedAt: number;
  /** The clocks at that time. */
  readonly clocks: Clocks;
  /**
   * Visits every group as it arrives; may be called once.
   * @throws {@link RequestError} then groups that were visited before must not be acted on
   */
  read(visit: VisitGroup): Promise<ReadFacts>;
}

/** The process that gave an exposition; null: the exposition does not say. */
export interface ProcessFacts {
  /** Unix seconds of its clock, to 10 ms. */
  readonly startedAt: number | null;
  /** Memory allocations so far (`go_memstats_mallocs_total`): every request adds some (seen on 1.5.1 and 1.11). */
  readonly allocations: number | null;
  /** DELETEs answered with 202 so far (`pushgateway_http_requests_total`). */
  readonly deletions: number | null;
}

/** What a read shows besides the groups. */
export interface ReadFacts {
  /** Of the answer. */
  readonly sizeBytes: number;
  /** The process that answered; null: the API does not say. */
  readonly process: ProcessFacts | null;
}

/** All groups of one gateway at one moment. */
export interface Snapshot extends Omit<OpenSnapshot, "read" | "request">, ReadFacts {
  readonly durationSeconds: number;
  readonly groups: readonly Group[];
  /** Groups with longer keys are over budget, and have other keys than in other snapshots. */
  readonly maxKeyLength: number;
}

/**
 * Reads a snapshot to its end.
 * @param visit is called for every group
 * @throws {@link RequestError} also if two deletable groups have the same key, so that one of them is not what it seems
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
  const facts = await open.read((read) => {
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
    ...facts,
    durationSeconds: monotonic() - open.requestedAt,
    groups,
    maxKeyLength: budget.maxKeyLength,
  };
}
