import type { Clock } from "../core/clock.ts";
import type { Group } from "../core/group.ts";
import { labelsKey, type Labels } from "../core/labels.ts";
import type { ServerOptions } from "../http/server-options.ts";
import { openApiSnapshot } from "./api-reader.ts";
import { createGatewayClient } from "./client.ts";
import { probeHealth, type HealthProbe } from "./health.ts";
import { groupPath, type PathNaming } from "./group-path.ts";
import { expectSuccess } from "./expect-success.ts";
import { readPushTimes, type PushTimes } from "./exposition-reader.ts";
import { GatewayError } from "./gateway-error.ts";
import type { OpenSnapshot } from "./snapshot.ts";
import { readStatus, type GatewayStatus } from "./status.ts";

/** One Pushgateway. Every method throws {@link GatewayError}; none retries. */
export interface Gateway {
  readonly name: string;
  readonly url: string;
  status(signal?: AbortSignal): Promise<GatewayStatus>;
  /** All groups. Never two at a time: each costs the gateway many times the memory of its answer. */
  openSnapshot(options: SnapshotOptions): Promise<OpenSnapshot>;
  /** Only the push times, far cheaper; fails while the gateway is inconsistent. */
  pushTimes(signal?: AbortSignal): Promise<PushTimes>;
  /** Asks for the deletion of one group. Resolved means queued: the gateway answers 202 for absent groups, too. */
  deleteGroup(group: Group, naming: PathNaming, signal?: AbortSignal): Promise<void>;
  /**
   * Replaces one group by the families of `body`, in the text format; an empty body leaves an empty group. Resolved means
   * that it is there, or queued on a gateway that checks nothing. A refused push leaves an empty group, too.
   */
  pushGroup(labels: Labels, naming: PathNaming, body: string, signal?: AbortSignal): Promise<void>;
  /** One look at `/-/healthy`: 500 while the write queue is full. */
  probeHealth(signal?: AbortSignal): Promise<HealthProbe>;
  close(): Promise<void>;
}

export interface SnapshotOptions {
  readonly naming: PathNaming;
  readonly gauges: ReadonlySet<string>;
  readonly signal?: AbortSignal | undefined;
}

/** A DELETE only queues; one that takes this long hangs, as on gateways up to 1.6 after a malformed request by anybody. */
const deleteTimeoutSeconds = 10;

/** Wires one gateway. Close it when done. */
export function createGateway(name: string, options: ServerOptions, clock: Clock): Gateway {
  const client = createGatewayClient(options);
  return {
    name,
    url: options.url,
    status: (signal) => readStatus(client, signal),
    openSnapshot: (snapshotOptions) => openApiSnapshot(client, clock, snapshotOptions),
    pushTimes: (signal) => readPushTimes(client, clock, signal),

    async deleteGroup(group, naming, signal) {
      const path = groupPath(group.labels, naming);
      if (path === null || group.obstacle !== null) {
        // Never reached by a plan; a guard, because a wrong path deletes a wrong group.
        throw new Error(`no path names the group ${group.key}`);
      }
      const timeoutSeconds = Math.min(deleteTimeoutSeconds, options.timeoutSeconds);
      const response = await client.send({ method: "DELETE", path, timeoutSeconds, signal });
      const request = { method: "DELETE", url: client.urlOf(path) };
      expectSuccess(request, response);
      if (response.status !== 202) {
        throw new GatewayError("unexpected_answer", request, `HTTP ${response.status} instead of 202`);
      }
    },

    async pushGroup(labels, naming, body, signal) {
      const path = groupPath(labels, naming);
      if (path === null) throw new Error(`no path names the group ${labelsKey(labels)}`);
      const request = { method: "PUT", url: client.urlOf(path) };
      const headers = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };
      const response = await client
        .send({ method: "PUT", path, headers, body, signal })
        .catch((error: unknown) => {
          throw explainSilentRefusal(error, request);
        });
      expectSuccess(request, response);
    },

    probeHealth: (signal) => probeHealth(client, clock, signal),
    close: () => client.close(),
  };
}

/** 1.11.0 closes the connection instead of saying why it refuses a push; other versions answer 400 with the reason. */
function explainSilentRefusal(error: unknown, request: { method: string; url: string }): unknown {
  if (!(error instanceof GatewayError) || error.code !== "no_answer") return error;
  return new GatewayError(
    "no_answer",
    request,
    "the gateway closed the connection without an answer; 1.11.0 refuses a push that way, its log says why",
    error.cause,
  );
}
