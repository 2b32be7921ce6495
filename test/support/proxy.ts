import { createServer, request as send, type IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";

import { listen } from "./listen.ts";

export interface ProxiedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What is in between: may answer itself, change what the gateway answered, or take its time. */
export type Between = (
  request: {
    readonly method: string;
    /** Without its query. */
    readonly path: string;
    readonly query: URLSearchParams;
    /** Which connection it came over, counted from 0. */
    readonly connection: number;
  },
  /** Asks the gateway, or another one. */
  ask: (target?: string) => Promise<ProxiedAnswer>,
) => Promise<ProxiedAnswer | "cut">;

/** A reverse proxy in front of a gateway, gone with the test. Paths go through as they are. */
export async function startProxy(target: string, between: Between): Promise<{ readonly url: string }> {
  const connections = new Map<Socket, number>();
  const server = createServer((incoming, outgoing) => {
    const { method = "GET", url: path = "/", headers } = incoming;
    const ask = (other = target): Promise<ProxiedAnswer> =>
      new Promise((resolve, reject) => {
        const { hostname, port } = new URL(other);
        const passed = send({ hostname, port, method, path, headers, agent: false }, (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () => {
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks),
            });
          });
        });
        passed.on("error", reject);
        incoming.pipe(passed);
      });
    const answer = async (): Promise<void> => {
      const connection = connections.get(incoming.socket) ?? connections.size;
      connections.set(incoming.socket, connection);
      const [bare = "", query] = path.split("?");
      const answered = await between(
        { method, path: bare, query: new URLSearchParams(query), connection },
        ask,
      );
      if (answered === "cut") return void incoming.socket.destroy();
      const { "transfer-encoding": _, ...kept } = answered.headers;
      // Only what the answer itself has: the gateway's own, or none.
      outgoing.sendDate = false;
      outgoing.writeHead(answered.status, kept).end(answered.body);
    };
    answer().catch(() => incoming.socket.destroy());
  });
  return { url: await listen(server) };
}
