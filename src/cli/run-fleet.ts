import type { Config } from "../config/config.ts";
import type { Mechanism } from "../core/verdict.ts";
import type { Shard } from "../core/shard.ts";
import type { ServiceFleet } from "../service/service.ts";
import type { Logger } from "../telemetry/logger.ts";
import { fleetSurroundings } from "../fleet/discover.ts";
import { Fleet } from "../fleet/fleet.ts";
import type { Io } from "./io.ts";

export interface RunFleetParts {
  readonly shard: Shard;
  readonly metrics: { discovered(mechanism: Mechanism, gateways: number, wellDone: boolean): void };
  readonly log: Logger;
  readonly io: Io;
}

/** The service's fleet: each configuration's takes over what is known, and what changes is logged and counted. */
export function createRunFleet({ shard, metrics, log, io }: RunFleetParts) {
  let last: Fleet | undefined;
  // Over all reloads: what stays as it was is no news.
  let told: ReadonlySet<string> = new Set();
  let known = "";

  const tell = (fleet: Fleet, onChange: () => void): void => {
    const { gateways, total, problems, remarks } = fleet.state();
    const current = new Set([...problems, ...remarks]);
    for (const warning of current) if (!told.has(warning)) log.warn("Discovery warning", { warning });
    told = current;
    const names = gateways.map(({ name, url }) => `${name} ${url}`).join("\n");
    if (names !== known) {
      log.info("Gateways discovered", { gateways: gateways.length, of_all_shards: total });
      onChange();
    }
    known = names;
  };

  return (config: Config, onChange: () => void): ServiceFleet => {
    const fleet = new Fleet(
      config,
      {
        ...fleetSurroundings(io),
        shard,
        onRefreshed(mechanism, wellDone) {
          // Of a configuration that is not in force any more.
          if (fleet !== last) return;
          metrics.discovered(mechanism, fleet.state().found.get(mechanism) ?? 0, wellDone);
          tell(fleet, onChange);
        },
      },
      last,
    );
    last = fleet;
    return fleet;
  };
}
