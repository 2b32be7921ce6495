import { expect, it } from "vitest";

import { shardOf } from "../../src/core/shard.ts";
import { cli } from "../support/cli.ts";
import { startRealGateway } from "../support/gateways.ts";
import { gatewayNames, rollout, shards, simulate } from "../support/shard-simulation.ts";

const names = gatewayNames(10_000);

function sizes(count: number): number[] {
  const all = Array.from({ length: count }, () => 0);
  for (const name of names) all[shardOf(name, count)]! += 1;
  return all;
}

it("how 10,000 gateways spread", () => {
  const rows = [1, 2, 5, 10, 20, 50, 100].map((count) => {
    const all = sizes(count);
    const moved = names.filter((name) => shardOf(name, count) !== shardOf(name, count + 1)).length;
    return {
      shards: count,
      mean: 10_000 / count,
      least: Math.min(...all),
      most: Math.max(...all),
      "moved by one more": moved,
    };
  });
  console.table(rows);
  expect(rows).toHaveLength(7);
});

it("what happens when shards die or their number changes", () => {
  const cases = {
    "all live": [shards(20), shards(20)],
    "1 of 20 dead for 3 rounds": [
      shards(20),
      ...Array.from({ length: 3 }, () => shards(20, [4])),
      shards(20),
    ],
    "5 of 20 dead for 1 round": [shards(20), shards(20, [0, 1, 2, 3, 4]), shards(20)],
    "20 become 25, one a round": rollout(20, 25),
    "25 become 20, one a round": rollout(25, 20),
  };
  const rows = Object.entries(cases).map(([what, rounds]) =>
    Object.assign({ what }, simulate(names, rounds)),
  );
  console.table(rows);
  expect(rows).toHaveLength(5);
});

it("how long a sweep of real gateways takes", async () => {
  const urls: string[] = [];
  for (let index = 0; index < 40; index += 1) urls.push(await startRealGateway());
  const rows = [];
  // The first one warms up.
  for (const concurrency of [8, 1, 4, 8, 16]) {
    const startedAt = performance.now();
    await cli([
      "report",
      ...urls.map((url) => `--gateway=${url}`),
      "--ttl=30d",
      `--gateways.concurrency=${concurrency}`,
      "--log.level=error",
    ]);
    const seconds = (performance.now() - startedAt) / 1000;
    rows.push({ concurrency, seconds, "ms per gateway": Math.round((1000 * seconds) / urls.length) });
  }
  console.table(rows);
  expect(rows).toHaveLength(5);
});
