import { ConfigError, NoGatewayError, type Config, type PushgatewaySettings } from "../config/config.ts";
import { didYouMean } from "../config/file/did-you-mean.ts";
import { allGateways, type Shard } from "../core/shard.ts";
import { Fleet, type FleetState } from "./fleet.ts";
import type { World } from "./world.ts";

/** A configuration whose gateways are all listed, those that discoveries found among them. */
export interface Discovered {
  readonly config: Config;
  /** false: there may be gateways that are not among them; a warning says why. */
  readonly complete: boolean;
  /** What each mechanism has found. */
  readonly mechanisms: FleetState["found"];
}

export interface DiscoverOptions {
  readonly world: Pick<World, "env" | "wait" | "stop">;
  readonly warn: (message: string) => void;
  /** Left out: the only one. */
  readonly shard?: Shard | undefined;
  /** Names of gateways; left out: all of the shard. */
  readonly only?: readonly string[] | undefined;
}

/**
 * Asks every discovery once.
 * @throws {@link NoGatewayError} if no gateway is known: that is never "nothing to do"
 * @throws {@link ConfigError} if there is no gateway of a name
 */
export async function discover(
  config: Config,
  { world, warn, shard, only }: DiscoverOptions,
): Promise<Discovered> {
  if (shard !== undefined && only !== undefined)
    throw new ConfigError("--only and --shard exclude each other: a name needs no shard");
  const fleet = new Fleet(config, { world, shard: shard ?? allGateways, onRefreshed: () => {} });
  const { gateways, total, found, answered, problems, remarks } = await fleet.current();
  for (const warning of [...problems, ...remarks]) warn(`${config.path}: warning: ${warning}`);
  const known = problems.length === 0;
  if (!world.stop.aborted) {
    if (total === 0)
      throw new NoGatewayError(
        answered
          ? `${config.path}: no gateway is listed, and the discoveries name none that could be swept`
          : `${config.path}: no discovery has answered, and no gateway is listed: nothing is known that could be swept`,
      );
    if (gateways.length === 0)
      warn(`Shard ${fleet.shard.index}/${fleet.shard.count} has none of the ${total} gateways`);
    if (only !== undefined) checkNames(only, gateways, known);
  }
  return {
    config: {
      ...config,
      pushgateways: only === undefined ? gateways : gateways.filter(({ name }) => only.includes(name)),
      discoveries: [],
    },
    complete: known || only !== undefined,
    mechanisms: found,
  };
}

const maxNames = 20;

function checkNames(only: readonly string[], gateways: readonly PushgatewaySettings[], known: boolean): void {
  const names = gateways.map(({ name }) => name);
  const unknown = only.find((name) => !names.includes(name));
  if (unknown === undefined) return;
  if (!known) throw new NoGatewayError(`--only=${unknown}: not known, and not every discovery has answered`);
  const rest = names.length > maxNames ? ` and ${names.length - maxNames} more` : "";
  throw new ConfigError(
    `--only=${unknown}: there is no gateway of this name${didYouMean(unknown, names)}\n` +
      `The gateways are ${names.slice(0, maxNames).join(", ")}${rest}`,
  );
}
