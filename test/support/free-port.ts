import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * A loopback port that nobody listens on. Below the range (32768 and up on Linux) from which the kernel takes the
 * ports of outgoing connections: there, a gateway that is down for a moment could find its port in use.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
