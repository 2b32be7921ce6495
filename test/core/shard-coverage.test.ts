import { describe, expect, it } from "vitest";

import { shardOf } from "../../src/core/shard.ts";
import { gatewayNames, rollout, shards, simulate } from "../support/shard-simulation.ts";

const names = gatewayNames(2000);
const ownedBy = (index: number, count: number): number =>
  names.filter((name) => shardOf(name, count) === index).length;

describe("a fleet of gateways", () => {
  it("is swept in full in every round, and nothing twice, while all shards are alive", () => {
    expect(simulate(names, [shards(7), shards(7)])).toEqual({ longestWait: 0, waited: 0, sweptTwice: 0 });
  });

  it("waits for a shard that is dead, with that shard's gateways only, and no longer than that", () => {
    const rounds = [shards(7), shards(7, [3]), shards(7, [3]), shards(7)];
    expect(simulate(names, rounds)).toEqual({ longestWait: 2, waited: ownedBy(3, 7), sweptTwice: 0 });
  });

  it("is swept twice, for a while, with those gateways only that move to new shards", () => {
    const moved = ownedBy(7, 9) + ownedBy(8, 9);
    expect(simulate(names, rollout(7, 9))).toEqual({ longestWait: 0, waited: 0, sweptTwice: moved });
  });

  it("waits, only for the gateways of removed shards, until another shard takes them over", () => {
    const moved = ownedBy(7, 9) + ownedBy(8, 9);
    const { longestWait, waited, sweptTwice } = simulate(names, rollout(9, 7));
    expect({ waited, sweptTwice }).toEqual({ waited: moved, sweptTwice: 0 });
    expect(longestWait).toBe(7);
  });
});
