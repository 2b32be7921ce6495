import { once } from "node:events";
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { PeerCertificate, TLSSocket } from "node:tls";
import type { WebConfig, WebTls } from "../../config/web/web-config.ts";
import { toSecureContextOptions } from "../../config/web/load-web-config.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { ReloadResult } from "../reload.ts";
import { createLoginCheck } from "./access.ts";
import { createSender, createTurns, plain, type ReadyAnswer } from "./send-answer.ts";
import { defaultWebLimits, discardBody, trackConnections, type WebLimits } from "./connections.ts";
import { dispatch, parseExternalUrl } from "./dispatch.ts";
import { formatAddress, parseListenAddress, type ListenAddress } from "./listen-address.ts";
import { createWebReloader } from "./reload-web-config.ts";
import type { WebHandlers } from "./routes.ts";

export interface WebServerOptions {
  /** As {@link parseListenAddress} takes it. */
  readonly listenAddress: string;
  /** That of `--web.config.file`; null: plain HTTP for everybody. */
  readonly webConfig: WebConfig | null;
  readonly enableLifecycle: boolean;
  /** The URL of the janitor behind a proxy; its path is a prefix that requests may have. */
  readonly externalUrl?: string | undefined;
  readonly handlers: WebHandlers;
  readonly log: Logger;
  /** Differences from {@link defaultWebLimits}, for tests. */
  readonly limits?: Partial<WebLimits>;
}

export interface WebServer {
  /** `127.0.0.1:9717`, with the port that it really is. */
  readonly address: string;
  /** The files of the web configuration in force; empty without one. */
  configFiles(): readonly string[];
  /** Reads the web configuration again; the result is logged, too. */
  reloadWebConfig(): Promise<ReloadResult>;
  /**
   * No new connections; requests in flight have `graceMs` (3000) to finish, then they are cut. Resolves when no socket
   * and no timer is left.
   */
  close(graceMs?: number): Promise<void>;
}

/**
 * Starts to serve; resolves when it listens.
 * @throws {@link ParseError} for a bad address, {@link TypeError} for a bad URL, and an Error with a message for people when the
 * address cannot be listened on
 */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  const { handlers, enableLifecycle, webConfig, log } = options;
  const limits = { ...defaultWebLimits, ...options.limits };
  const address = parseListenAddress(options.listenAddress);
  const external = parseExternalUrl(options.externalUrl);
  const ownNames = new Set([address.host, external.host].flatMap((name) => name?.toLowerCase() ?? []));
  const inTurn = createTurns();
  const send = createSender(limits);
  let config = webConfig;
  const refuseLogin = createLoginCheck(() => config?.users ?? new Map(), log);

  /** null: the client has gone. */
  async function answer(request: IncomingMessage): Promise<ReadyAnswer | null> {
    const refusal = await refuseLogin(request);
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
    const extraHeaders = config?.headers ?? {};
    await send(request, response, answered, { extraHeaders, last: connections.closing || !fits });
  }

  const server = createServer(webConfig?.tls ?? null, limits, log, (request, response) => {
    // Of a connection that was cut, the requests that had been pipelined still arrive.
    if (request.socket.destroyed) return;
    serve(request, response).catch((error: unknown) => {
      // Mostly a client that went away while its request was read.
      if (!request.socket.destroyed) log.error("A web request failed", { error: String(error) });
      response.destroy();
    });
  });
  const connections = trackConnections(server, limits);
  await listen(server, address, options.listenAddress);
  server.on("error", (error) => log.error("The web server has trouble", { error: error.message }));

  return {
    address: formatAddress(server.address() as AddressInfo),
    configFiles: () => config?.files ?? [],
    reloadWebConfig:
      webConfig === null
        ? () => Promise.resolve({ ok: true, message: "there is no web configuration" })
        : createWebReloader({
            server,
            log,
            current: () => config ?? webConfig,
            use: (next) => void (config = next),
          }),
    close: (graceMs = 3000) => connections.close(graceMs),
  };
}

/**
 * Connections that the system keeps until they are accepted. Without room, a client tries again after a second: a probe would wait
 * behind a crowd.
 */
const backlog = 4096;

async function listen(server: Server, { host, port }: ListenAddress, text: string): Promise<void> {
  server.listen({ port, backlog, ...(host === null ? {} : { host }) });
  try {
    await once(server, "listening");
  } catch (error) {
    const why = explainListenError(error as NodeJS.ErrnoException);
    throw new Error(`cannot listen on ${text}: ${why}`, { cause: error });
  }
}

function explainListenError({ code, message }: NodeJS.ErrnoException): string {
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

/** A server that does not listen yet. */
function createServer(
  tls: WebTls | null,
  limits: WebLimits,
  log: Logger,
  onRequest: RequestListener,
): Server {
  const http = {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.requestTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: limits.checkIntervalMs,
  };
  if (tls === null) return createHttpServer(http, onRequest);
  const requestCert = tls.requiresClientCertificate;
  const https = {
    ...http,
    ...toSecureContextOptions(tls),
    handshakeTimeout: limits.requestTimeoutMs,
    requestCert,
    // The listener below decides, and logs why it refuses a client.
    rejectUnauthorized: false,
  };
  const server = createHttpsServer(https, onRequest);
  if (requestCert) {
    // Before the listener that begins to read requests.
    server.prependListener("secureConnection", (socket: TLSSocket) => {
      const reason = refuseClient(socket);
      if (reason === null) return;
      log.info("Refused a TLS client", { reason, remote: socket.remoteAddress ?? null });
      socket.destroy();
    });
  }
  return server;
}

/** Why a client must not be let in, or null. `authorized` alone is not enough: a resumed session without a certificate has it, too. */
export function refuseClient(peer: Pick<TLSSocket, "authorized" | "getPeerCertificate">): string | null {
  // An empty object means none.
  const certificate: Partial<PeerCertificate> | null = peer.getPeerCertificate();
  if (certificate?.raw === undefined) return "it has no certificate";
  return peer.authorized ? null : "its certificate is not of a trusted authority, or not valid now";
}
