import { join } from "node:path";

import { createArchive } from "../../src/archive/archive.ts";
import type { GatewayReport } from "../../src/core/report.ts";
import { createLivenessReader } from "../../src/fleet/liveness.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { sweepGateway } from "../../src/sweep/sweep.ts";
import { limits } from "../support/core-values.ts";
import { gatewayAt, sweepContext } from "../support/sweep-context.ts";
import type { Sweep, Trouble } from "./any-sweep.ts";
import { toRule } from "./rule-spec.ts";
import { perform, type Step } from "./steps.ts";
import { keyOf } from "./truth.ts";
import { Watch } from "./watch.ts";
import {
  watchedArchive,
  watchedGateway,
  watchedPrometheus,
  type Surroundings,
  type Troubles,
} from "./watched-gateway.ts";
import type { World } from "./world.ts";

/** What is left of a sweep. */
export interface Aftermath {
  readonly watch: Watch;
  readonly report: GatewayReport;
  /** null: without. */
  readonly archiveDir: string | null;
  /** Of all janitors that swept at once. */
  readonly happened: ReadonlySet<Happening>;
}

type Happening = (Step | Trouble)["kind"];

/** Lets all janitors sweep at once; things happen between the requests of the first one. */
export function sweep(world: World, what: Sweep, folder: string): Promise<readonly Aftermath[]> {
  const happened = new Set<Happening>();
  const janitors = Array.from({ length: what.janitors }, (_, index) =>
    sweepOnce(world, index === 0 ? what : { ...what, meanwhile: [] }, {
      dir: join(folder, `janitor-${index}`),
      happened,
    }),
  );
  return Promise.all(janitors);
}

async function sweepOnce(
  world: World,
  what: Sweep,
  { dir, happened }: { dir: string; happened: Set<Happening> },
): Promise<Aftermath> {
  const { rules, dryRun, archived } = what;
  const { time, gateway } = world;
  const settings = { rules, dryRun, archived, limits: limits(what.limits) };
  const [stop, abort] = [new AbortController(), new AbortController()];
  const troubles: Troubles = { deletes: null, archiveFails: false, unwell: false };
  let count = 0;

  const around: Surroundings = {
    watch: new Watch(world, settings),
    troubles,
    inTurn: (request) => world.inTurn(request),
    monotonic: () => time.clock.monotonic(),
    answered: (labels) => gateway.onAnswered(keyOf(labels)),
    async meanwhile() {
      const due = what.meanwhile.filter(({ at }) => at === count);
      count += 1;
      for (const { step } of due) {
        happened.add(step.kind);
        if (isTrouble(step)) makeTrouble(step, troubles, stop, abort);
        else await world.inTurn(() => perform(world, step));
      }
    },
  };

  const liveness = createLivenessReader({
    connect: () => Promise.resolve(watchedPrometheus(world, around)),
    monotonic: () => time.clock.monotonic(),
    log: createLogger("error", "logfmt", () => {}),
  });
  const client = gatewayAt(gateway.url, 5, time.clock);
  const archive = archived
    ? createArchive({ dir, retentionSeconds: null, now: () => time.clock.now() })
    : null;
  try {
    const report = await sweepGateway(
      sweepContext(watchedGateway(client, around), {
        archive: archive && watchedArchive(archive, around),
        readLiveness: liveness.read,
        clock: time.clock,
        wait: time.waitOf(stop.signal),
        stop: stop.signal,
        abort: abort.signal,
      }),
      { ...settings, rules: rules.map(toRule) },
    );
    return { watch: around.watch, report, archiveDir: archived ? dir : null, happened };
  } finally {
    await archive?.close();
    await client.close();
  }
}

function isTrouble(step: Step | Trouble): step is Trouble {
  return Object.keys(step).length === 1 && !["heal", "persist"].includes(step.kind);
}

function makeTrouble(
  { kind }: Trouble,
  troubles: Troubles,
  stop: AbortController,
  abort: AbortController,
): void {
  if (kind === "stop" || kind === "abort") stop.abort();
  if (kind === "abort") abort.abort();
  if (kind === "lose deletes") troubles.deletes = "lost";
  if (kind === "answer no deletes") troubles.deletes = "unanswered";
  if (kind === "fail archive") troubles.archiveFails = true;
  if (kind === "unwell") troubles.unwell = true;
}
