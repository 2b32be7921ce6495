import { isIP, type Socket } from "node:net";
import { setFlagsFromString } from "node:v8";

import { buildConnector, Pool, type Dispatcher } from "undici";

import { isLinkLocal } from "../core/address.ts";
import { openSocket } from "./open-socket.ts";
import { portOf, proxyAuthorization } from "./proxy.ts";
import { toConnectionOptions, type ServerOptions, type TlsOptions } from "./server-options.ts";
import { openTunnel } from "./tunnel.ts";

/**
 * How many requests may be under way on one connection. Only requests that ask for it share one: the janitor's DELETEs. Over a
 * connection with a round trip of 150 ms, 32 of them are 200 a second.
 */
export const maxPipelined = 32;

/** How one server is reached: directly, or through a forward proxy. One connection at a time. */
export interface Route {
  readonly dispatcher: Dispatcher;
  /** Precedes every path on the wire. */
  readonly pathStart: string;
  /** For the proxy; sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Opens a route to the server at `origin`, as Go's HTTP client does: a proxy is asked for http servers by their full URL, since
 * many proxies allow CONNECT only to ports of TLS, and for https servers by CONNECT.
 */
export function createRoute(
  origin: string,
  { tls = {}, proxy, allowLinkLocal = true, timeoutSeconds }: ServerOptions,
): Route {
  keepMemorySmall();
  // Less than the request has, so that the error names the connection.
  const timeoutMs = Math.min(0.9 * timeoutSeconds, 10) * 1000;
  const refuses = proxy !== undefined || allowLinkLocal ? undefined : isLinkLocal;
  const openDirectly: Open = (target) =>
    openSocket({ host: target.hostname, port: portOf(target), timeoutMs, refuses });
  const direct = (open: Open): Route => {
    const connect = createConnector(tls, timeoutMs, open);
    return { dispatcher: createPool(origin, connect, maxPipelined), pathStart: "", headers: {} };
  };
  if (proxy === undefined) return direct(openDirectly);
  const proxyTls = { ...tls, servername: serverNameOf(proxy.url) };
  if (origin.startsWith("https:")) {
    return direct(({ hostname, port }) => {
      const host = hostname.includes(":") ? `[${hostname}]` : hostname;
      return openTunnel(`${host}:${port || 443}`, { proxy, tls: proxyTls, timeoutMs });
    });
  }
  const connect = createConnector(proxyTls, timeoutMs, openDirectly);
  return {
    // A connection for each request: tinyproxy closes one after each answer without announcing it, and the next request could be lost.
    dispatcher: createPool(new URL(proxy.url).origin, connect, 0),
    pathStart: origin,
    headers: { host: new URL(origin).host, ...proxyAuthorization(proxy.url) },
  };
}

/**
 * Keeps V8 from growing the part of its heap that holds new objects, so that it is collected more often: 8 to 30 MB less in `report`
 * on Node 20.20. Called before the first connection, and not earlier: of what is loaded afterwards, Node discards the code that it was
 * built with, as compiled under other flags. Newer versions of V8 take a factor of 2 at least (flag-definitions.h): nothing changes
 * there.
 */
function keepMemorySmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}

/** Opens the connection on which TLS or plain HTTP is then spoken. */
type Open = (options: buildConnector.Options) => Promise<Socket>;

/** Of the proxy itself, whatever the server's certificate is called; an address is no name. */
function serverNameOf(proxyUrl: string): string {
  const { hostname } = new URL(proxyUrl);
  return hostname.startsWith("[") || isIP(hostname) !== 0 ? "" : hostname;
}

function createPool(origin: string, connect: buildConnector.connector, pipelining: number): Dispatcher {
  return new Pool(origin, {
    connect,
    connections: 1,
    // Longer than a sweep waits between two reads; undici's own 4 s would close it there.
    keepAliveTimeout: 10_000,
    pipelining,
    // The client has one deadline for the complete request; undici's are per part, and late below a second.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

/** undici's connector, except that it handles alerts, and prefers a `servername` that was asked for to the URL's host. */
function createConnector(tls: TlsOptions, timeout: number, open: Open): buildConnector.connector {
  const startTls = buildConnector({ ...toConnectionOptions(tls), timeout } as buildConnector.BuildOptions);
  return (options, callback) => {
    const connect = async (): Promise<void> => {
      let httpSocket: Socket;
      try {
        httpSocket = await open(options);
      } catch (error) {
        return callback(error as Error, null);
      }
      if (options.protocol !== "https:") return callback(null, httpSocket);
      const servername = tls.servername ?? options.servername;
      const named = servername === undefined ? options : { ...options, servername };
      startTls({ ...named, httpSocket }, (...[error, socket]) => {
        if (error !== null) return callback(error, null);
        // In TLS 1.3 the server checks the client's certificate after the handshake. Node emits the alert and keeps the socket;
        // undici would forget it when the connection is closed a moment later.
        socket.once("error", (alert) => socket.destroy(alert));
        callback(null, socket);
      });
    };
    void connect();
  };
}
