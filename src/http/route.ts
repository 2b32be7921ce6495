import { isIP, type Socket } from "node:net";
import { isLinkLocal } from "../core/address.ts";
import { openSocket } from "./open-socket.ts";
import { proxyAuthorization, type Proxy } from "./proxy.ts";
import { toConnectionOptions, type TlsOptions } from "./server-options.ts";
import { openTunnel } from "./tunnel.ts";
import { buildConnector, Pool, type Dispatcher } from "undici";

export interface RouteOptions {
  readonly tls?: TlsOptions;
  readonly proxy?: Proxy;
  /** Whether a name may have a link-local address; left out: true. Names are the proxy's business if there is one. */
  readonly allowLinkLocal?: boolean;
  /** For one whole request; a connection has most of it, and ten seconds at most. */
  readonly timeoutSeconds: number;
}

/**
 * How many requests may be under way on one connection. Only requests that ask for it share one: the janitor's DELETEs. Over a
 * connection with a round trip of 150 ms, 32 of them are 200 a second.
 */
export const maxPipelined = 32;

/** How one server is reached: directly, or through a forward proxy. One connection at a time. */
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
export function createRoute(
  origin: string,
  { tls = {}, proxy, allowLinkLocal = true, timeoutSeconds }: RouteOptions,
): Route {
  // Not all of it, so that it is the connection that is blamed.
  const timeoutMs = Math.min(0.9 * timeoutSeconds, 10) * 1000;
  const refuses = proxy !== undefined || allowLinkLocal ? undefined : isLinkLocal;
  const openDirectly: Open = ({ hostname, port, protocol }) =>
    openSocket({ host: hostname, port: Number(port || defaultPort(protocol)), timeoutMs, refuses });
  if (proxy === undefined) return direct(createPool(origin, createConnector(tls, timeoutMs, openDirectly)));
  const proxyTls = { ...tls, servername: serverNameOf(proxy.url) };
  if (origin.startsWith("https:")) {
    const openThroughProxy: Open = ({ hostname, port }) => {
      const host = hostname.includes(":") ? `[${hostname}]` : hostname;
      return openTunnel(`${host}:${port || 443}`, { proxy, tls: proxyTls, timeoutMs });
    };
    return direct(createPool(origin, createConnector(tls, timeoutMs, openThroughProxy)));
  }
  return {
    // tinyproxy hangs up after each answer and does not announce it: the next request on that connection could be lost.
    dispatcher: createPool(new URL(proxy.url).origin, createConnector(proxyTls, timeoutMs, openDirectly), {
      keepAlive: false,
    }),
    pathStart: origin,
    headers: { host: new URL(origin).host, ...proxyAuthorization(proxy.url) },
  };
}

/** Opens the connection that TLS, or else HTTP, is then spoken on. */
type Open = (options: buildConnector.Options) => Promise<Socket>;

function defaultPort(protocol: string): number {
  return protocol === "https:" ? 443 : 80;
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
  connect: buildConnector.connector,
  { keepAlive }: { readonly keepAlive: boolean } = { keepAlive: true },
): Dispatcher {
  return new Pool(origin, {
    connect,
    connections: 1,
    // Longer than a sweep waits between two reads; undici's own 4 s would close it there.
    keepAliveTimeout: 10_000,
    // 0: a connection for each request.
    pipelining: keepAlive ? maxPipelined : 0,
    // One deadline over the whole request stands above these timeouts; undici's own are per part, and late below a second.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

/**
 * For TLS undici's own connector, but for alerts, and for the name: undici prefers the URL's host to a `servername` that was asked
 * for.
 */
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
        // In TLS 1.3 the server looks at the client's certificate after the handshake. Node emits the alert and keeps the socket; undici
        // would forget it when the connection is closed a moment later.
        socket.once("error", (alert) => socket.destroy(alert));
        callback(null, socket);
      });
    };
    void connect();
  };
}
