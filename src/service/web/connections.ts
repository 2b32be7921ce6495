import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Knows a server's connections and open answers, to end them in order. */
export interface Connections {
  readonly closing: boolean;
  /** Tells of a request that is now being answered. */
  opened(response: ServerResponse): void;
  /**
   * Takes no new connections, cuts those on which nothing is being answered, lets answers finish, and cuts what is left
   * after `graceMs`. Resolves when no socket is left; may be called again.
   */
  close(graceMs: number): Promise<void>;
}

export function trackConnections(server: Server): Connections {
  // TCP sockets: of HTTPS, too, where they exist before the TLS handshake, of which the server's own lists know nothing.
  const sockets = new Set<Socket>();
  const open = new Set<ServerResponse>();
  let closed: Promise<void> | null = null;

  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });

  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const cutWhenDone = (): void => {
    if (open.size === 0) cutAll();
  };
  const finished = (response: ServerResponse): void => {
    open.delete(response);
    if (closed === null) return;
    const { socket } = response.req;
    if ([...open].some(({ req }) => req.socket === socket)) return;
    if (socket.closed) {
      cutWhenDone();
    } else {
      socket.once("close", cutWhenDone);
      socket.destroySoon();
    }
  };

  return {
    get closing() {
      return closed !== null;
    },
    opened(response) {
      open.add(response);
      response.once("close", () => finished(response));
    },
    close(graceMs) {
      closed ??= new Promise((resolve) => {
        const deadline = setTimeout(cutAll, graceMs);
        server.close(() => {
          clearTimeout(deadline);
          resolve();
        });
      });
      cutWhenDone();
      return closed;
    },
  };
}
