import { request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import type { Socket } from "node:net";

import { displayProxy, proxyAuthorization, type Proxy } from "./proxy.ts";
import { ProxyError } from "./proxy-error.ts";
import type { TlsOptions } from "./tls-options.ts";

export interface TunnelOptions {
  readonly proxy: Proxy;
  /** For a proxy that is itself reached by TLS. */
  readonly tls: TlsOptions;
  readonly timeoutMs: number;
}

/**
 * Asks a proxy by CONNECT for a connection to `target`, `host:port`. Not undici's ProxyAgent (7.30): it tries for ever to reach
 * a proxy that hangs up on CONNECT, and does not say what the proxy answered.
 * @throws {@link ProxyError}
 */
export function openTunnel(target: string, { proxy, tls, timeoutMs }: TunnelOptions): Promise<Socket> {
  const { protocol, hostname, port } = new URL(proxy.url);
  const isTls = protocol === "https:";
  const where = { proxy: displayProxy(proxy.url), target };
  return new Promise((resolve, reject) => {
    const request = (isTls ? requestTls : requestPlain)({
      method: "CONNECT",
      host: hostname.replace(/^\[|\]$/g, ""),
      port: port === "" ? (isTls ? 443 : 80) : port,
      path: target,
      headers: { host: target, ...toLists(proxy.connectHeaders), ...proxyAuthorization(proxy.url) },
      agent: false,
      ...(isTls ? tls : {}),
    });
    const timer = setTimeout(
      () => request.destroy(new ProxyError(where, `no answer to CONNECT within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    request.once("connect", ({ statusCode = 0, statusMessage = "" }, socket: Socket, head: Buffer) => {
      clearTimeout(timer);
      if (statusCode >= 200 && statusCode < 300 && head.length === 0) return resolve(socket);
      socket.destroy();
      const what =
        head.length > 0 && statusCode < 300
          ? "it sends data before the tunnel is used"
          : `it answers CONNECT with HTTP ${statusCode} ${statusMessage}`.trim();
      reject(new ProxyError(where, what, { status: statusCode }));
    });
    request.once("error", (error) => {
      clearTimeout(timer);
      reject(error instanceof ProxyError ? error : new ProxyError(where, error.message, { cause: error }));
    });
    request.end();
  });
}

function toLists(headers: Proxy["connectHeaders"]): Record<string, string[]> {
  return Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, [...values]]));
}
