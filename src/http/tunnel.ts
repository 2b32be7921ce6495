import { request } from "node:http";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";

import { withoutBrackets } from "../core/address.ts";
import { openSocket } from "./open-socket.ts";
import { displayProxy, portOf, proxyAuthorization, type Proxy } from "./proxy.ts";
import { toConnectionOptions, type TlsOptions } from "./server-options.ts";

interface TunnelOptions {
  readonly proxy: Proxy;
  /** For a proxy that is itself reached by TLS. */
  readonly tls: TlsOptions;
  readonly timeoutMs: number;
}

/**
 * Asks a proxy by CONNECT for a connection to `target`, `host:port`. Not undici's ProxyAgent (7.30): it tries for ever to reach
 * a proxy that closes the connection on CONNECT, and does not say what the proxy answered.
 * @throws {@link ProxyError}
 */
export async function openTunnel(target: string, { proxy, tls, timeoutMs }: TunnelOptions): Promise<Socket> {
  const url = new URL(proxy.url);
  const isTls = url.protocol === "https:";
  const host = withoutBrackets(url.hostname);
  const names = { proxy: displayProxy(proxy.url), target };
  try {
    const toProxy = await openSocket({ host, port: portOf(url), timeoutMs });
    return await new Promise((resolve, reject) => {
      const connect = request({
        method: "CONNECT",
        path: target,
        headers: { host: target, ...toLists(proxy.connectHeaders), ...proxyAuthorization(proxy.url) },
        createConnection: () =>
          isTls ? connectTls({ ...toConnectionOptions(tls), host, socket: toProxy }) : toProxy,
      });
      const timer = setTimeout(
        () => connect.destroy(new ProxyError(names, `no answer to CONNECT within ${timeoutMs / 1000} s`)),
        timeoutMs,
      );
      connect.once("connect", ({ statusCode = 0, statusMessage = "" }, socket: Socket, head: Buffer) => {
        clearTimeout(timer);
        const isSuccess = statusCode >= 200 && statusCode < 300;
        if (isSuccess && head.length === 0) return resolve(socket);
        socket.destroy();
        const what = isSuccess
          ? "it sends data before the tunnel is used"
          : `it answers CONNECT with HTTP ${statusCode}`;
        reject(new ProxyError(names, what, { status: statusCode, statusText: statusMessage }));
      });
      connect.once("error", (error) => {
        clearTimeout(timer);
        reject(error);
      });
      connect.end();
    });
  } catch (error) {
    if (error instanceof ProxyError || !(error instanceof Error)) throw error;
    throw new ProxyError(names, error.message, { cause: error });
  }
}

function toLists(headers: Proxy["connectHeaders"]): Record<string, string[]> {
  return Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, [...values]]));
}

interface ProxyAnswer {
  readonly status?: number;
  readonly statusText?: string;
  readonly cause?: Error;
}

/** A forward proxy could not be reached, or made no tunnel. */
export class ProxyError extends Error {
  override readonly name = "ProxyError";
  /** `http://host:port`, without credentials. */
  readonly proxy: string;
  /** `host:port` of the server behind it. */
  readonly target: string;
  /** The event, in the janitor's words. */
  readonly what: string;
  /** Its answer to CONNECT; null: it gave none. */
  readonly status: number | null;
  /** The proxy's words beside the status: they may repeat secrets. */
  readonly statusText: string;

  constructor(
    { proxy, target }: { readonly proxy: string; readonly target: string },
    what: string,
    { status, statusText = "", cause }: ProxyAnswer = {},
  ) {
    super(`the proxy ${proxy}: ${what}`, { cause });
    this.proxy = proxy;
    this.target = target;
    this.what = what;
    this.status = status ?? null;
    this.statusText = statusText;
  }
}
