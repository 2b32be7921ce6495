import { randomInt } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { installedGateways } from "../support/pushgateway.ts";
import { anySweep, plainSweep } from "./any-sweep.ts";
import { live, type History, type Tally } from "./history.ts";
import { startVirtualGateway } from "./model-gateway.ts";
import { realTime, startRealGateway } from "./real-gateway.ts";
import { anyRealStep, anyVirtualStep, type Step } from "./steps.ts";
import { VirtualTime } from "./virtual-time.ts";
import { World } from "./world.ts";

// MODEL_SEED=… MODEL_STEPS=… npx vitest run test/model
const seed = Number(process.env["MODEL_SEED"] ?? randomInt(2 ** 31));
const steps = Number(process.env["MODEL_STEPS"] ?? 2500);
const longest = 80;

/** Long, because a counterexample is shrunk before it is shown. */
const timeout = 300_000 + steps * 20;

function anyHistory(anyStep: fc.Arbitrary<Step>, rates: readonly number[]): fc.Arbitrary<History> {
  const step = fc.oneof(
    { weight: 4, arbitrary: anyStep },
    { weight: 1, arbitrary: anySweep(anyStep, rates) },
  );
  // A sweep at the end, so that nothing happens for nothing.
  return fc.array(step, { maxLength: longest, size: "max" }).map((history) => history.concat(plainSweep));
}

/** Rejects with the shortest history that breaks a promise. */
async function check(
  histories: fc.Arbitrary<History>,
  count: number,
  start: () => Promise<World>,
): Promise<Tally> {
  const tally: Tally = { steps: 0, sweeps: 0, deleted: 0, vanished: 0 };
  const anything = fc.asyncProperty(histories, async (history) => live(await start(), history, tally));
  await fc.assert(anything, { seed, numRuns: Math.ceil((2 * count) / longest) });
  console.info(
    `${tally.steps} steps, ${tally.sweeps} sweeps, ${tally.deleted} groups deleted, ${tally.vanished} of vanished hosts`,
  );
  return tally;
}

describe(`whatever happens to a gateway (MODEL_SEED=${seed})`, () => {
  it(
    "a sweep deletes what has expired, and nothing else",
    async () => {
      const tally = await check(anyHistory(anyVirtualStep, [1, 20, 200]), steps, async () => {
        const time = new VirtualTime();
        return new World(await startVirtualGateway(time), time);
      });
      // Or else this tested little.
      expect(tally.deleted).toBeGreaterThan(steps / 25);
      expect(tally.vanished).toBeGreaterThan(0);
    },
    timeout,
  );

  it.each(installedGateways)(
    "so does it on a real one, a Pushgateway $name",
    async (installed) => {
      const tally = await check(anyHistory(anyRealStep, [200]), steps / 30, async () => {
        return new World(await startRealGateway(installed), realTime());
      });
      expect(tally.sweeps).toBeGreaterThan(0);
    },
    timeout,
  );
});
