import type { Config, PushgatewaySettings } from "../config/config.ts";
import { didYouMean } from "../config/suggest.ts";
import type { Mechanism } from "../core/verdict.ts";
import { readSearchList } from "../discovery/search-list.ts";
import { Failure } from "../cli/failure.ts";
import { Fleet, type FleetOptions } from "./fleet.ts";
import { formatShard, type FleetFlags } from "../cli/fleet-flags.ts";
import type { Io } from "../cli/io.ts";
import { ConfigError } from "../config/config-error.ts";

/** A configuration whose gateways are all listed, those that discoveries found among them. */
export interface Discovered {
  readonly config: Config;
  /** false: there may be gateways that are not among them; stderr says why. */
  readonly complete: boolean;
  /** What each mechanism came to. */
  readonly mechanisms: ReadonlyMap<Mechanism, { readonly gateways: number; readonly wellDone: boolean }>;
}

const wholeFleet = { shard: { index: 0, count: 1 }, only: null };

/**
 * Asks every discovery once. Problems go to stderr.
 * @throws {@link Failure} if no gateway is known: that is never "nothing to do"
 * @throws {@link ConfigError} if there is no gateway of a name
 */
export async function discover(
  config: Config,
  io: Io,
  { shard, only }: Pick<FleetFlags, "shard" | "only"> = wholeFleet,
): Promise<Discovered> {
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
  const known = problems.length === 0;
  if (only !== null && !io.stop.aborted) checkNames(only, gateways, known);
  return {
    config: {
      ...config,
      pushgateways: only === null ? gateways : gateways.filter(({ name }) => only.includes(name)),
      discoveries: [],
    },
    complete: known || only !== null,
    mechanisms: new Map(
      [...found].map(([mechanism, count]) => [
        mechanism,
        { gateways: count, wellDone: wellDone.get(mechanism) ?? false },
      ]),
    ),
  };
}

const maxNames = 20;

function checkNames(only: readonly string[], gateways: readonly PushgatewaySettings[], known: boolean): void {
  const names = gateways.map(({ name }) => name);
  const unknown = only.find((name) => !names.includes(name));
  if (unknown === undefined) return;
  if (!known) throw new Failure(`--only=${unknown}: not known, and not every discovery has answered`);
  const rest = names.length > maxNames ? ` and ${names.length - maxNames} more` : "";
  throw new ConfigError(
    `--only=${unknown}: there is no gateway of this name${didYouMean(unknown, names)}\n` +
      `The gateways are ${names.slice(0, maxNames).join(", ")}${rest}`,
  );
}

/** What discoveries have of the world. */
export function fleetSurroundings(io: Io): Pick<FleetOptions, "dns" | "env" | "wait" | "stop"> {
  return { dns: { searchList: () => readSearchList() }, env: io.env, wait: io.wait, stop: io.stop };
}
