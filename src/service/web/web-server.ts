import { once } from "node:events";
import {
  type IncomingMessage,
  type Server,
  type ServerResponse,
  createServer,
  type RequestListener,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { WebConfig, WebTls } from "../../config/web-config.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { ReloadResult } from "../reload.ts";
import { createAccess } from "./access.ts";
import { createSender, plain, type ReadyAnswer, createTurns } from "./answer.ts";
import { trackConnections, defaultWebLimits, type WebLimits, discardBody } from "./connections.ts";
import { dispatch, parseExternalUrl } from "./dispatch.ts";
import type { WebHandlers } from "./routes.ts";
import { formatAddress, parseListenAddress, type ListenAddress } from "./listen-address.ts";
import { createWebReloader } from "./reload-web-config.ts";
import { createServer as createHttpsServer } from "node:https";
import type { PeerCertificate, TLSSocket } from "node:tls";
import { toSecureContextOptions } from "../../config/web-secure-context.ts";

export interface WebServerOptions {
  /** As {@link parseListenAddress} takes it. */
  readonly listenAddress: string;
  /** What `--web.config.file` says; null: plain HTTP for everybody. */
  readonly webConfig: WebConfig | null;
  readonly enableLifecycle: boolean;
  /** Where people find the janitor behind a proxy; its path is a prefix that requests may bear. */
  readonly externalUrl?: string | undefined;
  readonly handlers: WebHandlers;
  readonly log: Logger;
  /** Differences from {@link defaultWebLimits}, for tests. */
  readonly limits?: Partial<WebLimits>;
}

export interface WebServer {
  /** `127.0.0.1:9717`, with the port that it really is. */
  readonly address: string;
  /** Of the web configuration in force, for whoever watches them; empty without one. */
  configFiles(): readonly string[];
  /** Reads the web configuration again; what came of it is logged, too. */
  reloadWebConfig(): Promise<ReloadResult>;
  /**
   * No new connections; requests in flight have `graceMs` (3000) to finish, then they are cut. Resolves when no socket
   * and no timer is left.
   */
  close(graceMs?: number): Promise<void>;
}

/**
 * Starts to serve; resolves when it listens.
 * @throws {@link ParseError} for an address that is none, {@link TypeError} for a URL that is none, and an Error with a
 * message for people when the address cannot be listened on
 */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  const { handlers, enableLifecycle, log } = options;
  const limits = { ...defaultWebLimits, ...options.limits };
  const where = parseListenAddress(options.listenAddress);
  const external = parseExternalUrl(options.externalUrl);
  const ownNames = new Set([where.host, external.host].flatMap((name) => name?.toLowerCase() ?? []));
  const inTurn = createTurns();
  const send = createSender(limits);
  let config = options.webConfig;
  const access = createAccess(config, log);

  /** null: the client has gone. */
  async function answer(request: IncomingMessage): Promise<ReadyAnswer | null> {
    const refusal = await access.refuse(request);
    if (refusal !== null) return refusal;
    if (!request.socket.writable) return null;
    const authenticated = config !== null && (config.tls !== null || config.users.size > 0);
    return dispatch(request, authenticated, { handlers, enableLifecycle, external, ownNames, inTurn, log });
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!(await connections.turnOf(response))) return;
    const fits = await discardBody(request, limits.maxBodyBytes);
    const answered = fits ? await answer(request) : plain(413, "413 body too large");
    if (answered === null) return;
    await send(request, response, answered, {
      extraHeaders: config?.headers ?? {},
      last: connections.closing || !fits,
    });
  }

  const server = createWebServer({ tls: config?.tls ?? null, limits, log }, (request, response) => {
    // One of the many requests behind that for which the connection was cut.
    if (request.socket.destroyed) return;
    serve(request, response).catch((error: unknown) => {
      // Mostly a client that went away while its request was read.
      if (!request.socket.destroyed) log.error("A web request failed", { error: String(error) });
      response.destroy();
    });
  });
  const connections = trackConnections(server, limits);
  await listen(server, where, options.listenAddress);
  server.on("error", (error) => log.error("The web server has trouble", { error: error.message }));

  return {
    address: formatAddress(server.address() as AddressInfo),
    configFiles: () => config?.files ?? [],
    reloadWebConfig: reloaderFor(server),
    close: (graceMs = 3000) => connections.close(graceMs),
  };

  function reloaderFor(server: Server): WebServer["reloadWebConfig"] {
    const first = config;
    if (first === null) return () => Promise.resolve({ ok: true, message: "there is no web configuration" });
    return createWebReloader({
      server,
      log,
      current: () => config ?? first,
      use: (next) => {
        config = next;
        access.use(next);
      },
    });
  }
}

/**
 * Connections that the system keeps until they are accepted. Where there is no room, a client tries again after a second, and so does a
 * probe behind a crowd.
 */
const backlog = 4096;

async function listen(server: Server, { host, port }: ListenAddress, asked: string): Promise<void> {
  server.listen({ port, backlog, ...(host === null ? {} : { host }) });
  try {
    await once(server, "listening");
  } catch (error) {
    throw new Error(`cannot listen on ${asked}: ${explain(error as NodeJS.ErrnoException)}`, {
      cause: error,
    });
  }
}

function explain({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "EADDRINUSE":
      return "something else listens there";
    case "EACCES":
      return "ports below 1024 need more rights";
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return "this machine has no such address";
    default:
      return message;
  }
}

export interface CreateServerOptions {
  /** null: plain HTTP. */
  readonly tls: WebTls | null;
  readonly limits: WebLimits;
  readonly log: Logger;
}

/** A server that does not listen yet. */
export function createWebServer(options: CreateServerOptions, onRequest: RequestListener): Server {
  const { tls, limits } = options;
  const http = {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.requestTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: limits.checkIntervalMs,
  };
  const server =
    tls === null
      ? createServer(http, onRequest)
      : createHttpsServer(
          {
            ...http,
            ...toSecureContextOptions(tls),
            handshakeTimeout: limits.requestTimeoutMs,
            requestCert: tls.requiresClientCertificate,
            // checkClient decides, and logs why it refuses a client.
            rejectUnauthorized: false,
          },
          onRequest,
        );
  if (tls?.requiresClientCertificate === true) {
    // Before the listener that begins to read requests.
    server.prependListener("secureConnection", (socket: TLSSocket) => checkClient(socket, options.log));
  }
  return server;
}

function checkClient(socket: TLSSocket, log: Logger): void {
  const refusal = refuseClient(socket);
  if (refusal === null) return;
  log.info("Refused a TLS client", { reason: refusal, remote: socket.remoteAddress ?? null });
  socket.destroy();
}

/** Why a client must not be let in, or null. `authorized` alone is not enough: a resumed session without a certificate has it, too. */
export function refuseClient(peer: Pick<TLSSocket, "authorized" | "getPeerCertificate">): string | null {
  // An empty object means none.
  const certificate: Partial<PeerCertificate> | null = peer.getPeerCertificate();
  if (certificate?.raw === undefined) return "it has no certificate";
  return peer.authorized ? null : "its certificate is not of a trusted authority, or not valid now";
}
