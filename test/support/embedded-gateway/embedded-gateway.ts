import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { formatTime } from "./go-format.ts";
import type { StoredGroup } from "./group.ts";
import { ownFamilies } from "./own-families.ts";
import { answer, type RouteOptions } from "./routes.ts";
import { seedGroup, type SeedGroup } from "./seed.ts";
import { createStore, type Store } from "./store.ts";

export interface EmbeddedGatewayOptions {
  /** The gateway's clock in unix seconds; also that of its `Date` headers. The machine's by default. */
  readonly now?: () => number;
  /** When it says it was started, unix seconds; now by default. */
  readonly startedAt?: number;
  /** Groups to start with, by their times. */
  readonly groups?: readonly SeedGroup[];
  /** Groups to start with, as another gateway's `store.groups()` returned them: a restart. */
  readonly state?: readonly StoredGroup[];
  /** `false` is `--push.disable-consistency-check`: pushes are not checked and answered with 202. */
  readonly checkConsistency?: boolean;
  /** `--push.enable-utf8-names`. */
  readonly utf8Names?: boolean;
  /** `--web.route-prefix`. */
  readonly routePrefix?: string;
  /** What it says it is, in GET /api/v1/status. */
  readonly version?: string;
  /** On 127.0.0.1. A free one by default. */
  readonly port?: number;
  /** Decides the order of groups in the API's answers; from 0 to 1, as `Math.random`. */
  readonly random?: () => number;
}

/** A Pushgateway within this process, for tests that need another clock than the machine's. */
export interface EmbeddedGateway {
  /** With the route prefix, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  readonly store: Store;
  /** Ends open connections too. */
  close(): Promise<void>;
}

/** Resolves when the gateway listens. */
export async function startEmbeddedGateway(options: EmbeddedGatewayOptions = {}): Promise<EmbeddedGateway> {
  const {
    now = () => Date.now() / 1000,
    groups = [],
    state = [],
    checkConsistency = true,
    utf8Names = false,
  } = options;
  const prefix = (options.routePrefix ?? "").replace(/^\/*(.*?)\/*$/, "/$1").replace(/^\/$/, "");
  const store = createStore({ now, groups: [...groups.map(seedGroup), ...state], checkConsistency });
  const startedAt = options.startedAt ?? now();
  const routes: RouteOptions = {
    store,
    routePrefix: prefix,
    checkConsistency,
    utf8Names,
    status: statusJson(options, prefix, startedAt),
    ownFamilies: ownFamilies(options.version ?? defaultVersion, startedAt),
    random: options.random ?? Math.random,
  };

  const server = createServer((request, response) => {
    void handle(request, response, routes, now);
  });
  const port = await listen(server, options.port ?? 0);
  return {
    url: `http://127.0.0.1:${port}${prefix}`,
    port,
    store,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  routes: RouteOptions,
  now: () => number,
): Promise<void> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return; // The client is gone.
  }
  const { method = "GET", url: target = "/", headers } = request;
  const answered = answer({ method, target, headers, body: Buffer.concat(chunks) }, routes);
  if (answered === undefined) {
    request.socket.destroy();
    return;
  }
  response.setHeader("Date", new Date(now() * 1000).toUTCString());
  response.writeHead(answered.status, answered.headers);
  response.end(answered.body);
}

const defaultVersion = "1.11.0";

/** Flags are text, as they are in the gateway's answer. */
function statusJson(options: EmbeddedGatewayOptions, prefix: string, startTime: number): string {
  const flags = {
    "persistence.file": "",
    "persistence.interval": "5m0s",
    "push.disable-consistency-check": String(options.checkConsistency === false),
    "push.enable-utf8-names": String(options.utf8Names === true),
    "web.enable-admin-api": "false",
    "web.enable-lifecycle": "false",
    "web.route-prefix": prefix,
    "web.telemetry-path": "/metrics",
  };
  const build = { branch: "embedded", revision: "embedded", version: options.version ?? defaultVersion };
  return JSON.stringify({
    status: "success",
    data: { build_information: build, flags, start_time: formatTime(startTime) },
  });
}
