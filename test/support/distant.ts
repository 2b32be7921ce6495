import { connect, createServer, type AddressInfo, type Socket } from "node:net";

import { onTestFinished } from "vitest";

/** A way to a server on which every byte takes so long, in each direction, and every new connection a round trip. */
export async function startDistance(target: string, oneWayMs: number): Promise<{ readonly url: string }> {
  const { port } = new URL(target);
  const carry = (from: Socket, to: Socket): void => {
    from.on("data", (chunk: Buffer) => setTimeout(() => to.write(chunk), oneWayMs));
    from.on("close", () => setTimeout(() => to.destroy(), oneWayMs));
    from.on("error", () => {});
  };
  const server = createServer((client) => {
    // What is sent during the handshake's round trip waits for it.
    client.pause();
    setTimeout(() => {
      const upstream = connect(Number(port), "127.0.0.1");
      carry(client, upstream);
      carry(upstream, client);
      client.resume();
    }, 2 * oneWayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
