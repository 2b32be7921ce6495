import type { Config, DiscoverySettings, PushgatewaySettings } from "../config/config.ts";
import { shardOf, type Shard } from "../core/shard.ts";
import type { Mechanism } from "../core/verdict.ts";
import { Discovery, firstOf, mergeGateways } from "../discovery/discovery.ts";
import type { ReadSources } from "../discovery/answer.ts";
import type { DnsOptions } from "../discovery/read-dns.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { World } from "./world.ts";

/** The gateways of a configuration as far as they are known. */
export interface FleetState {
  /** Of this shard, each once: those that are listed, then those that were found. */
  readonly gateways: readonly PushgatewaySettings[];
  /** Of all shards. */
  readonly total: number;
  /** Of all shards, some perhaps named more than once, and whether all discoveries of the mechanism were without problems. */
  readonly found: ReadonlyMap<Mechanism, { readonly gateways: number; readonly succeeded: boolean }>;
  /** Whether something is known: a gateway is listed, or a discovery has answered. */
  readonly answered: boolean;
  /** Why there may be gateways that are not among them. One sentence each. */
  readonly problems: readonly string[];
  /** What else is worth knowing. One sentence each. */
  readonly remarks: readonly string[];
}

export interface FleetOptions {
  readonly shard: Shard;
  readonly world: Pick<World, "env" | "wait" | "stop">;
  /** Left out: the servers and the search list of this machine. */
  readonly dns?: DnsOptions;
  /** A discovery has been asked, with or without success. */
  readonly onRefreshed: (mechanism: Mechanism, succeeded: boolean) => void;
}

interface Entry {
  /** Where the gateways come from; two entries with the same origin know the same. */
  readonly origin: string;
  readonly settings: DiscoverySettings;
  readonly discovery: Discovery;
}

/** The gateways of one configuration, listed or discovered. */
export class Fleet {
  readonly shard: Shard;
  readonly #listed: readonly PushgatewaySettings[];
  readonly #options: FleetOptions;
  readonly #entries: readonly Entry[];
  #state: FleetState | null = null;

  /** @param before of the previous configuration: what its discoveries know is not forgotten */
  constructor({ pushgateways, discoveries }: Config, options: FleetOptions, before?: Fleet) {
    this.shard = options.shard;
    this.#listed = pushgateways;
    this.#options = options;
    this.#entries = discoveries.map((settings) => {
      const { mechanism, gateway: defaults } = settings;
      const origin = originOf(settings);
      const known = (before === undefined ? [] : before.#entries).find((entry) => entry.origin === origin);
      const read = readWhenAsked(() => createReader(settings, options));
      return {
        origin,
        settings,
        discovery: new Discovery({ mechanism, read, defaults, before: known?.discovery }),
      };
    });
  }

  state(): FleetState {
    this.#state ??= this.#gather();
    return this.#state;
  }

  /** For a sweep: waits for those discoveries that have never been asked, and reads files again. Never rejects. */
  async current(): Promise<FleetState> {
    const due = this.#entries.filter(
      ({ discovery }) => discovery.mechanism === "file" || !discovery.state().asked,
    );
    await Promise.all(due.map(({ discovery }) => this.#refresh(discovery, this.#options.world.stop)));
    return this.state();
  }

  /** Asks every discovery at its interval, until the signal aborts. Never rejects. */
  async follow(signal: AbortSignal): Promise<void> {
    const followOne = async ({ discovery, settings }: Entry): Promise<void> => {
      while (!signal.aborted) {
        await this.#refresh(discovery, signal);
        await this.#options.world.wait(settings.refreshSeconds, signal);
      }
    };
    await Promise.all(this.#entries.map(followOne));
  }

  async #refresh(discovery: Discovery, signal: AbortSignal): Promise<void> {
    const refreshed = await discovery.refresh(signal);
    if (!refreshed) return;
    this.#state = null;
    this.#options.onRefreshed(discovery.mechanism, discovery.state().problems.length === 0);
  }

  #gather(): FleetState {
    const { shard } = this;
    const found = new Map<Mechanism, { gateways: number; succeeded: boolean }>();
    const lists = this.#entries.map(({ discovery, settings: { gateway } }) => {
      const { gateways, problems } = discovery.state();
      const others = found.get(discovery.mechanism) ?? { gateways: 0, succeeded: true };
      found.set(discovery.mechanism, {
        gateways: others.gateways + gateways.length,
        succeeded: others.succeeded && problems.length === 0,
      });
      const { source, timeoutSeconds, allowLinkLocal, http } = gateway;
      return gateways.map(({ name, url }) => ({ name, url, source, timeoutSeconds, allowLinkLocal, http }));
    });
    const { gateways, repeated, leftOut } = mergeGateways([this.#listed, ...lists]);
    const states = this.#entries.map(({ discovery }) => discovery.state());
    return {
      gateways: gateways.filter(
        ({ name }) => shard.count === 1 || shardOf(name, shard.count) === shard.index,
      ),
      total: gateways.length,
      found,
      answered: this.#listed.length > 0 || states.some(({ answered }) => answered),
      problems: [
        ...states.flatMap(({ problems }) => problems),
        ...firstOf(leftOut, "gateways are not swept, as their names are taken"),
      ],
      remarks: firstOf(repeated, "gateways are named more than once"),
    };
  }
}

/** The discovery's other settings may change, and what it knows stays true. */
function originOf(settings: DiscoverySettings): string {
  switch (settings.mechanism) {
    case "file":
      return JSON.stringify(["file", settings.files]);
    case "http":
      return JSON.stringify(["http", settings.url]);
    case "dns":
      return JSON.stringify(["dns", settings.names, settings.type, settings.port]);
  }
}

/** Most configurations have no discovery, and hardly one has all of them: each is loaded when it is asked. */
async function createReader(settings: DiscoverySettings, { dns, world }: FleetOptions): Promise<ReadSources> {
  switch (settings.mechanism) {
    case "file": {
      const { createFileReader } = await import("../discovery/read-files.ts");
      const { parseYamlTexts } = await import("../config/file/yaml.ts");
      return createFileReader(settings.files, parseYamlTexts);
    }
    case "http": {
      const { createHttpReader } = await import("../discovery/read-http.ts");
      const { readServerOptions } = await import("./connect.ts");
      const { url, refreshSeconds, http } = settings;
      return createHttpReader({
        url,
        refreshSeconds,
        readOptions: (server) => readServerOptions({ ...server, http }, world.env),
      });
    }
    case "dns": {
      const { createDnsReader } = await import("../discovery/read-dns.ts");
      return createDnsReader(settings, dns);
    }
  }
}

function readWhenAsked(create: () => Promise<ReadSources>): ReadSources {
  let read: Promise<ReadSources> | null = null;
  return async (signal, known) => (await (read ??= create()))(signal, known);
}

/**
 * Logs what changes in a fleet, also from one configuration to the next.
 * @returns whether its gateways have changed
 */
export function createFleetLog(log: Logger): (state: FleetState) => boolean {
  let warned: ReadonlySet<string> = new Set();
  let known = "";
  return ({ gateways, total, problems, remarks }) => {
    const warnings = new Set([...problems, ...remarks]);
    for (const warning of warnings) if (!warned.has(warning)) log.warn("Discovery warning", { warning });
    warned = warnings;
    const names = gateways.map(({ name, url }) => `${name} ${url}`).join("\n");
    const hasChanged = names !== known;
    if (hasChanged) log.info("Gateways discovered", { gateways: gateways.length, of_all_shards: total });
    known = names;
    return hasChanged;
  };
}
