import { randomBytes } from "node:crypto";
import type { Clock } from "../core/time.ts";
import type { Group } from "../core/group.ts";
import { labelsKey, type Labels } from "../core/labels.ts";
import type { ServerOptions } from "../http/server-options.ts";
import { openApiSnapshot } from "./api/api-reader.ts";
import { createHttpClient, type HttpClient } from "../http/client.ts";
import { probeHealth, type HealthProbe } from "./pace.ts";
import { groupPath, type PathNaming } from "./group-path.ts";
import { expectSuccess } from "../http/expect-success.ts";
import { openExpositionSnapshot } from "./exposition/exposition-snapshot.ts";
import { readPushTimes, type PushTimes, type WantedKeys } from "./exposition/push-times.ts";
import { explainSilence, RequestError } from "../http/request-error.ts";
import type { OpenSnapshot } from "./snapshot.ts";
import { missingApi, readStatus, type GatewayInfo } from "./status.ts";
import { maxPipelined } from "../http/route.ts";

/** One Pushgateway. Every method throws `RequestError`, and sends each of its requests once: waits and retries are up to the caller. */
export interface Gateway {
  readonly name: string;
  readonly url: string;
  status(signal?: AbortSignal): Promise<GatewayInfo>;
  /** `startTime` of the status, over a fresh connection. */
  freshStartTime(signal?: AbortSignal): Promise<string>;
  /** All groups, from the API. Never two reads at a time: each costs the gateway many times the memory of its answer. */
  openSnapshot(options: SnapshotOptions): Promise<OpenSnapshot>;
  /** All groups, from the exposition, at less cost; fails while the gateway is inconsistent. */
  openExposition(options: SnapshotOptions): Promise<OpenSnapshot>;
  /** Only the push times of some groups, at far less cost; fails while the gateway is inconsistent. */
  pushTimes(wanted: WantedKeys, signal?: AbortSignal): Promise<PushTimes>;
  /**
   * Requests the deletion of one group. Resolved means queued: the gateway answers 202 for absent groups, too. The request is sent at
   * most once, and only if `maySend` returns true when its connection is ready; else `NotSent` is thrown. Several may be in flight.
   */
  deleteGroup(
    group: Group,
    naming: PathNaming,
    options?: Omit<DeleteOptions, "timeoutSeconds">,
  ): Promise<void>;
  /** A DELETE that deletes nothing: of a group with a random name. Resolved means that DELETEs are let through. */
  probeDeletion(signal?: AbortSignal): Promise<void>;
  /**
   * Replaces one group by the families of `body`, in the text format; an empty body creates an empty group, as does a refused push.
   * Resolved means that the group exists, or is queued on a gateway without consistency check.
   */
  pushGroup(labels: Labels, naming: PathNaming, body: string, signal?: AbortSignal): Promise<void>;
  /** Requests `/-/healthy` once: 500 while the write queue is full. */
  probeHealth(signal?: AbortSignal): Promise<HealthProbe>;
  /**
   * How many connections have been opened for reads and DELETEs so far. More than one: something does not keep them open, and several
   * DELETEs in flight on one could be cut off.
   */
  connectionsOpened(): number;
  close(): Promise<void>;
}

interface SnapshotOptions {
  readonly naming: PathNaming;
  readonly gauges: ReadonlySet<string>;
  readonly signal?: AbortSignal | undefined;
}

/** The methods of a gateway that send requests. */
type GatewayRequest = {
  [Name in keyof Gateway]: Gateway[Name] extends (...args: never[]) => Promise<unknown> ? Name : never;
}[keyof Gateway];

/** Wraps these requests of a gateway: `wrap` decides when and how often they are sent. */
export function wrapRequests(
  gateway: Gateway,
  names: readonly GatewayRequest[],
  wrap: <T>(send: () => Promise<T>) => Promise<T>,
): Gateway {
  const wrapped = names.map((name) => {
    const send = gateway[name] as (...args: unknown[]) => Promise<unknown>;
    return [name, (...args: unknown[]) => wrap(() => send(...args))] as const;
  });
  return { ...gateway, ...(Object.fromEntries(wrapped) as Partial<Gateway>) };
}

/** Creates a client. Close it when done. */
export function createGateway(name: string, options: ServerOptions, clock: Clock): Gateway {
  const client = createHttpClient(options);
  let known: GatewayInfo | null = null;

  async function status(signal?: AbortSignal): Promise<GatewayInfo> {
    known = await readStatus(client, signal);
    return known;
  }

  async function expositionPath(signal: AbortSignal | undefined): Promise<string> {
    return (known ?? (await status(signal))).expositionPath;
  }

  return {
    name,
    url: options.url,
    status,

    async openSnapshot(snapshotOptions) {
      if (known?.hasApi === false) throw missingApi(client);
      return openApiSnapshot(client, clock, snapshotOptions);
    },

    async openExposition(snapshotOptions) {
      const path = await expositionPath(snapshotOptions.signal);
      return openExpositionSnapshot(client, clock, { ...snapshotOptions, path });
    },

    async pushTimes(wanted, signal) {
      return readPushTimes(client, clock, { path: await expositionPath(signal), wanted, signal });
    },

    freshStartTime: async (signal) => (await readStatus(client, signal, "fresh")).startTime,
    probeDeletion: (signal) =>
      deletePaths(client, [`/metrics/job/pushgateway_janitor_probe_${randomBytes(8).toString("hex")}`], {
        timeoutSeconds: options.timeoutSeconds,
        signal,
      }),

    async deleteGroup(group, naming, deleteOptions) {
      const paths = pathsOf(group, naming);
      if (paths === null) {
        // Plans have no such groups; a guard, because a wrong path deletes a wrong group.
        throw new Error(`no path names the group ${group.key}`);
      }
      await deletePaths(client, paths, { timeoutSeconds: options.timeoutSeconds, ...deleteOptions });
    },

    async pushGroup(labels, naming, body, signal) {
      const path = groupPath(labels, naming);
      if (path === null) throw new Error(`no path names the group ${labelsKey(labels)}`);
      const request = { method: "PUT", url: client.urlOf(path) };
      const headers = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };
      const response = await client
        .send({ method: "PUT", path, headers, body, signal })
        // Other versions answer 400 with the reason.
        .catch(
          explainSilence(
            request,
            "the gateway closed the connection without an answer; 1.11.0 refuses pushes like this, and its log says why",
          ),
        );
      expectSuccess(response);
    },

    probeHealth: (signal) => probeHealth(client, clock, signal),
    connectionsOpened: () => client.connectionsOpened(),
    close: () => client.close(),
  };
}

/** One path, or two for a group that may or may not have an empty `instance`. */
function pathsOf({ labels, obstacle, hidesInstance }: Group, naming: PathNaming): readonly string[] | null {
  const path = obstacle === null ? groupPath(labels, naming) : null;
  const other = hidesInstance === true ? groupPath(new Map([...labels, ["instance", ""]]), naming) : path;
  if (path === null || other === null) return null;
  return path === other ? [path] : [path, other];
}

/** A DELETE is only queued. One that takes this long hangs, as on gateways up to 1.6 after any malformed request. */
const deleteTimeoutSeconds = 10;

/** How many DELETEs may wait for their answers at once. */
export const maxDeletionsUnderWay = maxPipelined;

interface DeleteOptions {
  /** Of the gateway, for each request. */
  readonly timeoutSeconds?: number;
  /** Asked for each path right before its request is written; see `ClientRequest.maySend`. */
  readonly maySend?: () => boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Requests deletions at these paths, one after the other, each at most once. Resolved means queued.
 * @throws {@link RequestError}; `NotSent` if `maySend` returned false
 */
export async function deletePaths(
  client: HttpClient,
  paths: readonly string[],
  { timeoutSeconds = deleteTimeoutSeconds, maySend = () => true, signal }: DeleteOptions = {},
): Promise<void> {
  for (const path of paths) {
    const response = await client.send({
      method: "DELETE",
      path,
      timeoutSeconds: Math.min(deleteTimeoutSeconds, timeoutSeconds),
      maySend,
      signal,
    });
    expectSuccess(response);
    if (response.status !== 202) {
      throw new RequestError(
        "unexpected_answer",
        response.approach,
        `HTTP ${response.status} instead of 202`,
      );
    }
  }
}
