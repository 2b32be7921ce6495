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

/** Starts what listens on a port. Between finding a free one and listening on it another test may take it. */
export async function onFreePort<T>(
  launch: (port: number) => Promise<T>,
): Promise<[port: number, launched: T]> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return [port, await launch(port)];
    } catch (error) {
      if (attempt === 5 || !/address already in use/i.test(String(error))) throw error;
    }
  }
}
