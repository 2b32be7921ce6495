import type { Config, PushgatewaySettings } from "../config/config.ts";
import type { Plan } from "../core/plan.ts";
import { readAndPlan } from "../sweep/read-and-plan.ts";
import type { SweepContext } from "../sweep/sweep-context.ts";
import type { Logger } from "../telemetry/logger.ts";
import { connect } from "./connect.ts";
import { openLiveness } from "./liveness.ts";
import type { World } from "./world.ts";

/**
 * Reads one gateway and plans its sweep, without carrying it out.
 * @throws {@link ConfigError} if a file with credentials cannot be read; {@link RequestError}
 */
export async function readPlan(
  settings: PushgatewaySettings,
  config: Config,
  { world, log, progress }: { readonly world: World; readonly log: Logger } & Pick<SweepContext, "progress">,
): Promise<Plan> {
  const { rules, limits } = config;
  const gateway = await connect(settings, world);
  const liveness = openLiveness(config, world, log);
  try {
    const { plan } = await readAndPlan(
      {
        ...world,
        gateway,
        source: settings.source,
        archive: null,
        log,
        metrics: { observeDelete: () => {} },
        progress,
        readLiveness: liveness?.read,
      },
      { rules, limits, dryRun: true },
    );
    return plan;
  } finally {
    await liveness?.close();
    await gateway.close();
  }
}
