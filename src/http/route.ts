import { isIP } from "node:net";

import type { buildConnector as Connectors, Dispatcher } from "undici";

import { proxyAuthorization, type Proxy } from "./proxy.ts";
import { toConnectionOptions, type TlsOptions } from "./tls-options.ts";
import { openTunnel } from "./tunnel.ts";
import { buildConnector, Pool } from "./undici.ts";

export interface RouteOptions {
  readonly tls?: TlsOptions;
  readonly proxy?: Proxy;
  /** For one whole request; a connection has at most ten seconds of it. */
  readonly timeoutSeconds: number;
}

/**
 * The way to one server: directly, or through a forward proxy. One connection at a time, on which requests wait for each other.
 */
export interface Route {
  readonly dispatcher: Dispatcher;
  /** What stands before a path on the wire. */
  readonly pathStart: string;
  /** For whoever forwards; sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Opens the way to the server at `origin`, as Go's HTTP client does: through a proxy, http servers are asked for by the whole
 * URL, since many proxies allow CONNECT to ports of TLS only, and https servers are reached by CONNECT.
 */
export function createRoute(origin: string, { tls = {}, proxy, timeoutSeconds }: RouteOptions): Route {
  const timeoutMs = Math.min(timeoutSeconds, 10) * 1000;
  if (proxy === undefined) return direct(createPool(origin, connectTls(tls, timeoutMs)));
  const proxyTls = { ...tls, servername: serverNameOf(proxy.url) };
  if (origin.startsWith("https:")) {
    return direct(createPool(origin, connectThrough(proxy, proxyTls, connectTls(tls, timeoutMs), timeoutMs)));
  }
  return {
    // tinyproxy hangs up after each answer and does not announce it: the next request on that connection could be lost.
    dispatcher: createPool(new URL(proxy.url).origin, connectTls(proxyTls, timeoutMs), { keepAlive: false }),
    pathStart: origin,
    headers: { host: new URL(origin).host, ...proxyAuthorization(proxy.url) },
  };
}

/** Of the proxy itself, whatever the server's certificate is called; an address is no name. */
function serverNameOf(proxyUrl: string): string {
  const { hostname } = new URL(proxyUrl);
  return hostname.startsWith("[") || isIP(hostname) !== 0 ? "" : hostname;
}

function direct(dispatcher: Dispatcher): Route {
  return { dispatcher, pathStart: "", headers: {} };
}

function createPool(
  origin: string,
  connect: Connectors.connector,
  { keepAlive }: { readonly keepAlive: boolean } = { keepAlive: true },
): Dispatcher {
  return new Pool(origin, {
    connect,
    connections: 1,
    // 0: a connection for each request.
    pipelining: keepAlive ? 1 : 0,
    // One deadline over the whole request stands above these timeouts; undici's own are per part, and late below a second.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

/** undici's own connector, but for alerts, and for the name: undici prefers the URL's host to a `servername` that was asked for. */
function connectTls(tls: TlsOptions, timeout: number): Connectors.connector {
  const connect = buildConnector({ ...toConnectionOptions(tls), timeout } as Connectors.BuildOptions);
  return (options, callback) => {
    const servername = tls.servername ?? options.servername;
    connect(servername === undefined ? options : { ...options, servername }, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      // In TLS 1.3 the server looks at the client's certificate after the handshake. Node tells its alert and lives on; undici
      // would forget it when the connection is closed a moment later.
      socket.once("error", (alert) => socket.destroy(alert));
      callback(null, socket);
    });
  };
}

function connectThrough(
  proxy: Proxy,
  tls: TlsOptions,
  connect: Connectors.connector,
  timeoutMs: number,
): Connectors.connector {
  return (options, callback) => {
    const host = options.hostname.includes(":") ? `[${options.hostname}]` : options.hostname;
    const target = `${host}:${options.port || 443}`;
    const connectInside = async (): Promise<void> => {
      try {
        const httpSocket = await openTunnel(target, { proxy, tls, timeoutMs });
        connect({ ...options, httpSocket }, callback);
      } catch (error) {
        callback(error as Error, null);
      }
    };
    void connectInside();
  };
}
