import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

interface Connection {
  readonly key: string;
  /** With TLS, the TCP socket below it: that one exists before the handshake. */
  readonly socket: Socket;
  readonly client: string;
  /** One for each request that is not answered yet, in order: calls of `turnOf` to be resolved. */
  readonly requests: ((isThere: boolean) => void)[];
}

/** Bounds what the connections of a server can take of it, and ends them in an orderly way. */
export function trackConnections(
  server: Server,
  { maxConnections, maxPipelined }: Pick<WebLimits, "maxConnections" | "maxPipelined">,
) {
  // In the order in which they became idle.
  const connections = new Map<string, Connection>();
  let closed: Promise<void> | null = null;

  server.on("connection", (socket: Socket) => {
    if (connections.size >= maxConnections) cut(chooseVictim([...connections.values()]));
    const connection = { key: keyOf(socket), socket, client: clientOf(socket), requests: [] };
    connections.set(connection.key, connection);
    socket.once("close", () => forget(connection));
  });

  const forget = (connection: Connection): void => {
    if (connections.get(connection.key) === connection) connections.delete(connection.key);
    for (const begin of connection.requests.splice(0)) begin(false);
  };

  const cut = (connection: Connection): void => {
    forget(connection);
    connection.socket.destroy();
  };

  const answered = (connection: Connection, { req }: ServerResponse): void => {
    connection.requests.shift();
    const [next] = connection.requests;
    if (next !== undefined) return next(true);
    if (closed !== null) return req.socket.destroySoon();
    if (connections.get(connection.key) !== connection) return;
    // Idle from now on.
    connections.delete(connection.key);
    connections.set(connection.key, connection);
  };

  return {
    get closing(): boolean {
      return closed !== null;
    },
    /**
     * Resolves once the earlier requests of the same connection are answered: true, or false if the client has gone. So only one
     * answer at a time is made for a client that pipelines requests.
     */
    turnOf(response: ServerResponse): Promise<boolean> {
      const connection = connections.get(keyOf(response.req.socket));
      if (connection === undefined) return Promise.resolve(false);
      const { requests } = connection;
      if (requests.length > maxPipelined) {
        cut(connection);
        return Promise.resolve(false);
      }
      response.once("close", () => answered(connection, response));
      return new Promise((begin) => {
        requests.push(begin);
        if (requests.length === 1) begin(true);
      });
    },
    /**
     * Accepts no new connections, cuts those without a request, lets answers finish, and cuts what is left after `graceMs`.
     * Resolves when no socket is left; may be called again.
     */
    close(graceMs: number): Promise<void> {
      closed ??= new Promise((resolve) => {
        const deadline = setTimeout(() => [...connections.values()].forEach(cut), graceMs);
        server.close(() => {
          clearTimeout(deadline);
          resolve();
        });
      });
      [...connections.values()].filter(isIdle).forEach(cut);
      return closed;
    },
  };
}

/** The same for a TLS socket and the TCP socket below it. */
function keyOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}

function isIdle({ requests }: Connection): boolean {
  return requests.length === 0;
}

/**
 * Which connection is cut for a new one: of the client that holds the most, so that one that opens too many cuts its own; an idle one,
 * if there is any; the first of these.
 */
function chooseVictim(connections: readonly Connection[]): Connection {
  const counts = new Map<string, number>();
  for (const { client } of connections) counts.set(client, (counts.get(client) ?? 0) + 1);
  const most = Math.max(...counts.values());
  const candidates = connections.filter(({ client }) => counts.get(client) === most);
  return candidates.find(isIdle) ?? (candidates[0] as Connection);
}

/** The client that a connection counts for: its IPv4 address, or the /64 of its IPv6 address, which is what one machine gets. */
export function clientOf({ remoteAddress = "" }: Pick<Socket, "remoteAddress">): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(remoteAddress)?.[1];
  if (mapped !== undefined) return mapped;
  if (!remoteAddress.includes(":")) return remoteAddress;
  const [left = [], right] = remoteAddress
    .split("::")
    .map((half) => half.split(":").filter((one) => one !== ""));
  const zeros = right === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array.from({ length: zeros }, () => "0"), ...(right ?? [])].slice(0, 4).join(":");
}

/** Bounds on what clients can take of the server. Tests shorten the times; everybody else has these. */
export const defaultWebLimits = {
  /** For one more, one of the client that holds the most is cut. */
  maxConnections: 256,
  /** Requests of one connection that wait for the answer before; more of them end the connection. */
  maxPipelined: 16,
  /** Of the request line and all headers. */
  maxHeaderBytes: 16 * 1024,
  /** No endpoint reads a body; a small one is ignored. */
  maxBodyBytes: 4 * 1024,
  /** For receiving one complete request, from the connection or its first byte on; also for the TLS handshake. */
  requestTimeoutMs: 10_000,
  /** Between two requests of one connection: longer than most scrape intervals. */
  keepAliveTimeoutMs: 65_000,
  /** Until an answer has gone out, from when its first part was ready. */
  sendTimeoutMs: 60_000,
  /** Of all answers that wait for their clients; over it those that have waited for longest are cut. */
  maxHeldBytes: 64 * 1024 * 1024,
  /** How often the timeouts of requests are checked. */
  checkIntervalMs: 1000,
};

export type WebLimits = Readonly<typeof defaultWebLimits>;

/** Ignores a request's body; false: it is longer than `maxBytes`, and the connection has to end. Rejects when the client goes away. */
export function discardBody(request: IncomingMessage, maxBytes: number): Promise<boolean> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) return;
      request.pause();
      resolve(false);
    });
    request.once("end", () => resolve(true));
    request.once("error", reject);
  });
}
