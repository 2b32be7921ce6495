import { createServer, type AddressInfo } from "node:net";

import { expect, it, onTestFinished } from "vitest";

import { systemClock } from "../../src/cli/system-clock.ts";
import { createGateway } from "../../src/gateway/gateway.ts";

it("a proxy that closes every connection ends in the gateway's timeout, not in a loop without end", async () => {
  const proxy = createServer((socket) => socket.once("data", () => socket.destroy()));
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void proxy.close());
  const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const gateway = createGateway(
    "g",
    { url: "http://gateway.invalid:9091", timeoutSeconds: 1, proxy: { url: proxyUrl, connectHeaders: {} } },
    systemClock,
  );
  await expect(gateway.status()).rejects.toMatchObject({ name: "RequestError" });
  await gateway.close();
});
