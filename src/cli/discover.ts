import type { Config } from "../config/config.ts";
import type { Mechanism } from "../core/mechanism.ts";
import type { Shard } from "../core/shard.ts";
import { readSearchList } from "../discovery/search-list.ts";
import { Failure } from "./failure.ts";
import { Fleet, type FleetOptions } from "./fleet.ts";
import { formatShard } from "./fleet-flags.ts";
import type { Io } from "./io.ts";

/** A configuration whose gateways are all listed, those that discoveries found among them. */
export interface Discovered {
  readonly config: Config;
  /** false: there may be gateways that are not among them; stderr says why. */
  readonly complete: boolean;
  /** What each mechanism came to. */
  readonly mechanisms: ReadonlyMap<Mechanism, { readonly gateways: number; readonly wellDone: boolean }>;
}

const wholeFleet: Shard = { index: 0, count: 1 };

/**
 * Asks every discovery once. Problems go to stderr.
 * @throws {@link Failure} if no gateway is known: that is never "nothing to do"
 */
export async function discover(config: Config, io: Io, shard: Shard = wholeFleet): Promise<Discovered> {
  const wellDone = new Map<Mechanism, boolean>();
  const fleet = new Fleet(config, {
    ...fleetSurroundings(io),
    shard,
    onRefreshed: (mechanism, well) => wellDone.set(mechanism, well && (wellDone.get(mechanism) ?? true)),
  });
  const { gateways, total, found, answered, problems, remarks } = await fleet.current();
  for (const warning of [...problems, ...remarks]) io.stderr.write(`${config.path}: warning: ${warning}\n`);
  if (total === 0 && !io.stop.aborted) {
    throw new Failure(
      answered
        ? `${config.path}: no gateway is listed, and the discoveries name none that could be swept`
        : `${config.path}: no discovery has answered, and no gateway is listed: nothing is known that could be swept`,
    );
  }
  if (gateways.length === 0 && !io.stop.aborted)
    io.stderr.write(`Shard ${formatShard(shard)} has none of the ${total} gateways\n`);
  return {
    config: { ...config, pushgateways: gateways, discoveries: [] },
    complete: problems.length === 0,
    mechanisms: new Map(
      [...found].map(([mechanism, count]) => [
        mechanism,
        { gateways: count, wellDone: wellDone.get(mechanism) ?? false },
      ]),
    ),
  };
}

/** What discoveries have of the world. */
export function fleetSurroundings(io: Io): Pick<FleetOptions, "dns" | "env" | "wait" | "stop"> {
  return { dns: { searchList: () => readSearchList() }, env: io.env, wait: io.wait, stop: io.stop };
}
