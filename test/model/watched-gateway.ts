import type { Gateway } from "../../src/gateway/gateway.ts";
import type { Labels } from "../../src/core/labels.ts";
import { RequestError } from "../../src/http/request-error.ts";
import type { OpenSnapshot } from "../../src/gateway/snapshot.ts";
import type { Prometheus } from "../../src/prometheus/prometheus.ts";
import type { SweepArchive } from "../../src/sweep/sweep-context.ts";
import type { Watch } from "./watch.ts";
import type { World } from "./world.ts";

/** What is wrong while a sweep goes on. */
export interface Troubles {
  /** DELETEs do not arrive, or do and are not answered. */
  deletes: "lost" | "unanswered" | null;
  archiveFails: boolean;
  unwell: boolean;
}

/** Between any two steps of a sweep something can happen: it is called there. */
export type Meanwhile = () => Promise<void>;

export interface Surroundings {
  readonly watch: Watch;
  readonly troubles: Troubles;
  readonly meanwhile: Meanwhile;
  /** Keeps requests and what others do apart. */
  readonly inTurn: <T>(what: () => Promise<T>) => Promise<T>;
  readonly monotonic: () => number;
  /** A DELETE with these labels was answered. */
  readonly answered: (labels: Labels) => void;
}

/** A gateway client that tells the watch what it does, before it does it. */
export function watchedGateway(
  client: Gateway,
  { watch, troubles, meanwhile, inTurn, monotonic, answered }: Surroundings,
): Gateway {
  return {
    ...client,
    async status(signal) {
      await meanwhile();
      return client.status(signal);
    },
    async openSnapshot(options) {
      await meanwhile();
      const [look, open] = await inTurn(
        async () => [await watch.look(), await client.openSnapshot(options)] as const,
      );
      await meanwhile();
      const read: OpenSnapshot["read"] = async (visit) => {
        const facts = await open.read(visit);
        watch.looked(look, monotonic() - look.requestedAt);
        return facts;
      };
      return { ...open, read };
    },
    async pushTimes(...how) {
      await meanwhile();
      const [look, times] = await inTurn(
        async () => [await watch.look(), await client.pushTimes(...how)] as const,
      );
      await meanwhile();
      // What passed meanwhile is time that the read took.
      const durationSeconds = monotonic() - times.requestedAt;
      watch.looked(look, durationSeconds);
      return { ...times, durationSeconds };
    },
    async deleteGroup(group, naming, options) {
      await meanwhile();
      const request = { method: "DELETE", url: client.url };
      if (troubles.deletes === "lost") throw new RequestError("unreachable", request, "lost");
      const maySend = (): boolean => {
        const mayLeave = options?.maySend?.() ?? true;
        if (mayLeave) watch.deletes(group.labels);
        return mayLeave;
      };
      await inTurn(() => client.deleteGroup(group, naming, { ...options, maySend }));
      answered(group.labels);
      if (troubles.deletes === "unanswered") throw new RequestError("no_answer", request, "unanswered");
      await meanwhile();
    },
    async probeHealth(signal) {
      // The watch over the gateway's health begins with the deletions.
      watch.deletionsBegin();
      const probe = await client.probeHealth(signal);
      return troubles.unwell ? { ...probe, health: "unhealthy" } : probe;
    },
  };
}

/** An archive that tells the watch what it has taken in. */
export function watchedArchive(
  archive: SweepArchive,
  { watch, troubles, meanwhile }: Surroundings,
): SweepArchive {
  return {
    ...archive,
    async append(groups) {
      await meanwhile();
      if (troubles.archiveFails) throw new Error("the disk is full");
      await archive.append(groups);
      watch.appended(groups);
    },
  };
}

/** A Prometheus that tells the watch what it answers. */
export function watchedPrometheus(world: World, { watch, meanwhile, inTurn }: Surroundings): Prometheus {
  const none = (): never => {
    throw new Error("sweeps ask for hosts only");
  };
  return {
    url: "http://prometheus",
    async queryHosts() {
      await meanwhile();
      const known = await inTurn(() => Promise.resolve(world.hosts));
      watch.answered(known);
      await meanwhile();
      return known === null ? { ok: false, message: "it does not answer" } : { ok: true, hosts: known };
    },
    query: none,
    queryRange: none,
    close: () => Promise.resolve(),
  };
}
