import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { findViolations } from "./invariants.ts";
import { perform, type Step } from "./steps.ts";
import type { Sweep } from "./any-sweep.ts";
import { sweep } from "./sweep-step.ts";
import type { World } from "./world.ts";

export type History = readonly (Step | Sweep)[];

/** What histories were about, to see that they are about something. */
export interface Tally {
  steps: number;
  sweeps: number;
  deleted: number;
  /** Deletions of hosts that have vanished. */
  vanished: number;
}

/** Lets all of it happen to the gateway. Rejects with what went wrong at the first sweep after which something is. */
export async function live(world: World, history: History, tally: Tally): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "janitor-model-"));
  try {
    for (const step of history) {
      tally.steps += 1;
      if (step.kind === "sweep") await liveSweep(world, step, folder, tally);
      else await perform(world, step);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await world.gateway.close();
  }
}

async function liveSweep(world: World, step: Sweep, folder: string, tally: Tally): Promise<void> {
  world.arrived.clear();
  const aftermaths = await sweep(world, step, folder);
  const violations = await findViolations(world, step, aftermaths, world.arrived);
  tally.sweeps += aftermaths.length;
  tally.deleted += world.arrived.size;
  for (const { report } of aftermaths)
    tally.vanished += report.entries.filter(
      ({ verdict, outcome }) => verdict.reason === "host_vanished" && outcome === "gone",
    ).length;
  if (violations.length > 0) throw new Error(violations.join("\n"));
}
