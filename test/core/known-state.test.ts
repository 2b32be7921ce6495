import { describe, expect, it } from "vitest";
import {
  addToKnown,
  isUnread,
  outdatedSince,
  type GatewayReport,
  type SweepReport,
} from "../../src/core/report.ts";
import { now } from "../support/core-values.ts";
import { entry, gatewayReport, sweepReport, unreadGateway } from "../support/reports.ts";

const kept = entry({ verdict: "keep", reason: "within_ttl" }, { ageSeconds: 60 });
const deleted = entry({ verdict: "delete", reason: "ttl_expired" }, { outcome: "gone" });
const full = gatewayReport([deleted, kept]);
const dead = unreadGateway("unreachable");

type Step = readonly [kind: "sweep" | "read", gateways: readonly GatewayReport[], at?: number];

function knownAfter(steps: readonly Step[]): SweepReport {
  let known: SweepReport | null = null;
  for (const [kind, gateways, at = 0] of steps)
    known = addToKnown(known, sweepReport(gateways, { finishedAt: now + at }), kind);
  if (known === null) throw new Error("nothing happened");
  return known;
}

/** What is known of the first gateway. */
function summary(steps: readonly Step[]): object | undefined {
  return knownAfter(steps).gateways.map((gateway) => ({
    status: gateway.status,
    groups: gateway.snapshot?.groups ?? null,
    entries: gateway.entries.length,
    swept: gateway.known?.lastSweptAt ?? null,
    read: gateway.known?.lastReadAt ?? null,
    outdated: outdatedSince(gateway),
    unread: isUnread(gateway),
  }))[0];
}

const ok = { status: "ok", outdated: null, unread: false };
const failed = { status: "failed", unread: false };
const nothing = { groups: null, entries: 0, outdated: null };

describe("the known state of a gateway", () => {
  it.each<[string, readonly Step[], object]>([
    ["is its last sweep", [["sweep", [full]]], { ...ok, groups: 2, entries: 2, swept: now, read: now }],
    [
      "before a sweep is that of the last read",
      [["read", [full]]],
      { ...ok, groups: 2, entries: 2, swept: null, read: now },
    ],
    [
      "is nothing if it could never be read",
      [["sweep", [dead]]],
      { ...failed, ...nothing, swept: now, read: null },
    ],
    [
      "is nothing, and it is unread, if only a read has failed",
      [["read", [dead]]],
      { ...failed, ...nothing, swept: null, read: null, unread: true },
    ],
    [
      "stays when it can no longer be read, without the deleted groups",
      [
        ["sweep", [full]],
        ["sweep", [dead], 60],
        ["sweep", [dead], 120],
      ],
      { ...failed, groups: 1, entries: 1, swept: now + 120, read: now, outdated: now },
    ],
    [
      "stays from a read, too",
      [
        ["read", [gatewayReport([kept, kept])]],
        ["sweep", [dead], 60],
      ],
      { ...failed, groups: 2, entries: 2, swept: now + 60, read: now, outdated: now },
    ],
    [
      "is new when it can be read again",
      [
        ["sweep", [full]],
        ["sweep", [dead], 60],
        ["sweep", [gatewayReport([])], 120],
      ],
      { ...ok, groups: 0, entries: 0, swept: now + 120, read: now + 120 },
    ],
    [
      "is that of a dry run after the last sweep",
      [
        ["sweep", [full]],
        ["read", [gatewayReport([kept])], 60],
      ],
      { ...ok, groups: 1, entries: 1, swept: now, read: now + 60 },
    ],
    [
      "is not that of another gateway with the same name",
      [
        ["sweep", [full]],
        ["sweep", [{ ...dead, url: "http://other" }], 60],
      ],
      { ...failed, ...nothing, swept: now + 60, read: null },
    ],
  ])("%s", (_, steps, expected) => {
    expect(summary(steps)).toEqual(expected);
  });

  it("does not change by a read of others, which adds to it", () => {
    const other = gatewayReport([kept], { name: "other" });
    const known = knownAfter([
      ["sweep", [full]],
      ["read", [{ ...dead, name: "other" }], 60],
      ["read", [other], 120],
    ]);
    expect(known.finishedAt).toBe(now);
    expect(known.gateways.map(({ name, status }) => `${name} ${status}`)).toEqual(["g ok", "other ok"]);
  });

  it("ends with a gateway that is swept no more", () => {
    const known = knownAfter([
      ["sweep", [full, { ...full, name: "other" }]],
      ["sweep", [full], 60],
    ]);
    expect(known.gateways.map(({ name }) => name)).toEqual(["g"]);
  });
});
