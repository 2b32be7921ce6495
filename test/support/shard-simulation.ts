import { shardOf } from "../../src/core/shard.ts";

/** A janitor of a fleet, in one round of sweeps. */
export interface SimulatedShard {
  readonly index: number;
  /** How many it believes there are: a change does not reach all at once. */
  readonly count: number;
  readonly alive: boolean;
}

/** What a fleet of gateways saw over many rounds of sweeps. */
export interface Coverage {
  /** Of those gateways that waited longest: rounds in a row without a sweep. */
  readonly longestWait: number;
  /** Gateways that ever waited. */
  readonly waited: number;
  /** Gateways that were ever swept by two janitors in one round. */
  readonly sweptTwice: number;
}

/** Goes through the rounds and looks who sweeps which gateway, by the production function. */
export function simulate(names: readonly string[], rounds: readonly (readonly SimulatedShard[])[]): Coverage {
  const seen = names.map((name) => lookAt(name, rounds));
  return {
    longestWait: Math.max(...seen.map(({ longestWait }) => longestWait)),
    waited: seen.filter(({ longestWait }) => longestWait > 0).length,
    sweptTwice: seen.filter(({ twice }) => twice).length,
  };
}

function lookAt(name: string, rounds: readonly (readonly SimulatedShard[])[]) {
  let [wait, longestWait, twice] = [0, 0, false];
  const owners = new Map(
    [...new Set(rounds.flat().map(({ count }) => count))].map((count) => [count, shardOf(name, count)]),
  );
  for (const shards of rounds) {
    const sweeps = shards.filter(({ index, count, alive }) => alive && owners.get(count) === index).length;
    wait = sweeps === 0 ? wait + 1 : 0;
    longestWait = Math.max(longestWait, wait);
    twice ||= sweeps > 1;
  }
  return { longestWait, twice };
}

/** A round in which all agree, some of them dead. */
export function shards(count: number, dead: readonly number[] = []): readonly SimulatedShard[] {
  return Array.from({ length: count }, (_, index) => ({ index, count, alive: !dead.includes(index) }));
}

/**
 * A StatefulSet that is told another count: first there are as many Pods as it wants, then each learns of the new count,
 * one a round, the last first.
 */
export function rollout(from: number, to: number): readonly (readonly SimulatedShard[])[] {
  return Array.from({ length: Math.min(from, to) + 1 }, (_, updated) =>
    Array.from({ length: to }, (_, index) => ({
      index,
      count: index >= Math.min(from, to) - updated ? to : from,
      alive: true,
    })),
  );
}

/** As hosts are called. */
export function gatewayNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `pushgateway-${index}.example.org:9091`);
}
