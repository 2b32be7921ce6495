import { describe, expect, it, vi } from "vitest";
import { createArchive } from "../../src/archive/archive.ts";
import { createLabels, labelsKey } from "../../src/core/labels.ts";
import type { Outcome } from "../../src/core/verdict.ts";
import { addEarlier, addSweep, recallDeletions } from "../../src/service/deletion-log.ts";
import { archivedGroup, temporaryFolder } from "../support/archived-groups.ts";
import { now } from "../support/core-values.ts";
import { entry, gatewayReport, sweepReport, unreadGateway } from "../support/reports.ts";

const day = 86_400;
const today = Math.floor(now / day);
const none = { recentDeletions: [], deletionsByDay: new Map<number, number>(), sweeps: [] };

function sweepOf(outcomes: readonly Outcome[], at: number, dryRun = false) {
  const entries = outcomes.map((outcome) =>
    entry({ verdict: "delete", reason: "ttl_expired" }, dryRun ? {} : { outcome }),
  );
  return sweepReport([gatewayReport(entries), unreadGateway("timeout")], { finishedAt: at, dryRun });
}

describe("the past that a service remembers", () => {
  it("has a mark for each of the last 50 sweeps", () => {
    let history = addSweep(sweepOf(["gone", "gone"], now - 9, true), none);
    expect(history.sweeps).toEqual([
      { at: now - 9, dryRun: true, deleted: 2, withheld: 0, failedGateways: 1, failedDeletions: 0 },
    ]);
    for (let index = 0; index < 60; index += 1)
      history = addSweep(sweepOf(["gone", "failed"], now + index), history);
    expect(history.sweeps).toHaveLength(50);
    expect(history.sweeps.at(-1)).toEqual({
      at: now + 59,
      dryRun: false,
      deleted: 1,
      withheld: 0,
      failedGateways: 1,
      failedDeletions: 1,
    });
    expect([...history.deletionsByDay]).toEqual([[today, 60]]);
  });

  it("forgets days that are no longer shown", () => {
    const history = addSweep(sweepOf(["gone"], now), none);
    const later = addSweep(sweepOf(["gone"], now + 29 * day), history);
    expect([...later.deletionsByDay.keys()]).toEqual([today, today + 29]);
    expect([...addSweep(sweepOf([], now + 30 * day), later).deletionsByDay.keys()]).toEqual([
      today + 29,
      today + 30,
    ]);
  });

  it("counts the deletions of an archive by day, also those beyond the latest ones, and adds them to its own", async () => {
    const dir = temporaryFolder();
    for (const [days, count] of [
      [0, 3],
      [1, 120],
      [29, 5],
      [30, 7],
    ] as const) {
      const archive = createArchive({ dir, retentionSeconds: null, now: () => now - days * day });
      const groups = Array.from({ length: count }, (_, id) => archivedGroup({ job: `${days}`, id: `${id}` }));
      await archive.append([...groups, archivedGroup({ job: "elsewhere" }, { gateway: "other" })]);
      const keys = groups.map(({ decision }) => [labelsKey(decision.group.labels), "gone"] as const);
      await archive.recordOutcomes("batch", keys);
      await archive.recordOutcomes("other", [[labelsKey(createLabels([["job", "elsewhere"]])), "gone"]]);
      await archive.close();
    }
    const accepts = ({ gateway }: { readonly gateway: string }): boolean => gateway === "batch";
    const log = { warn: vi.fn() } as never;
    const earlier = await recallDeletions(dir, now, accepts, new AbortController().signal, log);
    expect(earlier?.recentDeletions).toHaveLength(100);
    expect(earlier?.deletionsByDay).toEqual(
      new Map([
        [today, 3],
        [today - 1, 120],
        [today - 29, 5],
      ]),
    );
    const history = addEarlier(addSweep(sweepOf(["gone"], now), none), earlier ?? none);
    expect(history.deletionsByDay.get(today)).toBe(4);
    expect(history.recentDeletions).toHaveLength(100);
  });
});
