import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { TLSSocket } from "node:tls";

import type { WebTls } from "../../config/web-config.ts";
import { toSecureContextOptions } from "../../config/web-secure-context.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { asksForCertificate, refuseClient } from "./client-certificate.ts";
import type { WebLimits } from "./limits.ts";

export interface CreateServerOptions {
  /** null: plain HTTP. */
  readonly tls: WebTls | null;
  /** What is in force when a client comes: it may have been loaded anew. */
  readonly currentTls: () => WebTls | null;
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
            requestCert: asksForCertificate(tls),
            // What becomes of a client is decided below, by the mode that is in force then.
            rejectUnauthorized: false,
          },
          onRequest,
        );
  // Before the listener that begins to read requests.
  server.prependListener("secureConnection", (socket: TLSSocket) => checkClient(socket, options));
  return server;
}

function checkClient(socket: TLSSocket, { currentTls, log }: CreateServerOptions): void {
  const tls = currentTls();
  const refusal = tls === null ? null : refuseClient(socket, tls);
  if (refusal === null) return;
  log.info("Refused a TLS client", { reason: refusal, remote: socket.remoteAddress ?? null });
  socket.destroy();
}
