import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

import { onTestFinished } from "vitest";

/**
 * Lets a server of the test listen on a free port of 127.0.0.1; it is gone with the test.
 * @returns its URL, without a slash at the end
 */
export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
