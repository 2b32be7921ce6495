import { request } from "node:http";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { openSocket } from "./open-socket.ts";
import { displayProxy, proxyAuthorization, type Proxy } from "./proxy.ts";
import { toConnectionOptions, type TlsOptions } from "./server-options.ts";

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
export async function openTunnel(target: string, { proxy, tls, timeoutMs }: TunnelOptions): Promise<Socket> {
  const { protocol, hostname, port } = new URL(proxy.url);
  const isTls = protocol === "https:";
  const host = hostname.replace(/^\[|\]$/g, "");
  const where = { proxy: displayProxy(proxy.url), target };
  const toProxyError = (error: Error): ProxyError =>
    error instanceof ProxyError ? error : new ProxyError(where, error.message, { cause: error });
  const toProxy = await openSocket({ host, port: Number(port || (isTls ? 443 : 80)), timeoutMs }).catch(
    (error: Error) => {
      throw toProxyError(error);
    },
  );
  return new Promise((resolve, reject) => {
    const connect = request({
      method: "CONNECT",
      path: target,
      headers: { host: target, ...toLists(proxy.connectHeaders), ...proxyAuthorization(proxy.url) },
      createConnection: () =>
        isTls ? connectTls({ ...toConnectionOptions(tls), host, socket: toProxy }) : toProxy,
    });
    const timer = setTimeout(
      () => connect.destroy(new ProxyError(where, `no answer to CONNECT within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    connect.once("connect", ({ statusCode = 0, statusMessage = "" }, socket: Socket, head: Buffer) => {
      clearTimeout(timer);
      if (statusCode >= 200 && statusCode < 300 && head.length === 0) return resolve(socket);
      socket.destroy();
      const what =
        head.length > 0 && statusCode < 300
          ? "it sends data before the tunnel is used"
          : `it answers CONNECT with HTTP ${statusCode}`;
      reject(new ProxyError(where, what, { status: statusCode, statusText: statusMessage }));
    });
    connect.once("error", (error) => {
      clearTimeout(timer);
      reject(toProxyError(error));
    });
    connect.end();
  });
}

function toLists(headers: Proxy["connectHeaders"]): Record<string, string[]> {
  return Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, [...values]]));
}

/** A forward proxy could not be reached, or made no tunnel. */
export class ProxyError extends Error {
  override readonly name = "ProxyError";
  /** `http://host:port`, without credentials. */
  readonly proxy: string;
  /** `host:port` of the server behind it. */
  readonly target: string;
  /** What happened, in the janitor's words. */
  readonly what: string;
  /** Its answer to CONNECT; null: it gave none. */
  readonly status: number | null;
  /** What it says beside the status: may repeat secrets. */
  readonly statusText: string;

  constructor(
    { proxy, target }: { readonly proxy: string; readonly target: string },
    what: string,
    {
      status = null,
      statusText = "",
      cause,
    }: { readonly status?: number | null; readonly statusText?: string; readonly cause?: unknown } = {},
  ) {
    super(`the proxy ${proxy}: ${what}`, cause === undefined ? undefined : { cause });
    this.proxy = proxy;
    this.target = target;
    this.what = what;
    this.status = status;
    this.statusText = statusText;
  }
}
