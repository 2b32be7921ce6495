import { createServer, request } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

import { describe, expect, it, onTestFinished } from "vitest";

import { systemClock } from "../../src/cli/system-clock.ts";
import { createGateway } from "../../src/gateway/gateway.ts";
import { openSocket } from "../../src/http/open-socket.ts";
import type { ServerOptions } from "../../src/http/server-options.ts";
import { createAuthority } from "../support/certificates.ts";
import { freePort } from "../support/free-port.ts";
import { startLossyFront } from "../support/lossy-front.ts";
import { nameAddresses } from "../support/names.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { startSecureGateway } from "../support/secure-gateway.ts";

const portOf = (url: string): string => new URL(url).port;

async function startGateway(): Promise<string> {
  const gateway = await startPushgateway();
  onTestFinished(() => gateway.stop());
  return portOf(gateway.url);
}

/** A forward proxy, for whole URLs and for CONNECT; names are its own business. */
async function startForwardProxy(): Promise<number> {
  const proxy = createServer((incoming, outgoing) => {
    const { port, pathname } = new URL(incoming.url ?? "");
    request({ port, path: pathname, method: incoming.method, agent: false }, (response) => {
      outgoing.writeHead(response.statusCode ?? 0, response.headers);
      response.pipe(outgoing);
    }).end();
  });
  proxy.on("connect", (incoming, socket: Socket) => {
    const inside = connect(Number(incoming.url?.split(":")[1]), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      inside.pipe(socket).pipe(inside);
    });
    for (const side of [inside, socket]) side.on("error", () => side.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return (proxy.address() as AddressInfo).port;
}

/** Asks a gateway for its status. */
async function ask(options: Partial<ServerOptions> & Pick<ServerOptions, "url">): Promise<number | null> {
  const gateway = createGateway("test", { timeoutSeconds: 60, ...options }, systemClock);
  onTestFinished(() => gateway.close());
  return (await gateway.status()).startedAt;
}

describe("a name with several addresses", () => {
  it("is connected to though its answer takes more than a second and another address refuses at once, on every route", async () => {
    // Nobody listens at the second address.
    nameAddresses({ "slow.test": ["127.0.0.1", "127.0.0.2"] });
    const authority = createAuthority();
    const certificate = authority.issue("slow", "DNS:slow.test");
    const tls = { ca: authority.cert };
    const [plain, secure] = [await startGateway(), await startSecureGateway({ authority, certificate })];
    const proxy = await startForwardProxy();
    const fronts = await Promise.all(
      [plain, portOf(secure.url), proxy].map((port) => startLossyFront(port, ["127.0.0.1"])),
    );
    const [toPlain, toSecure, toProxy] = fronts.map(({ port }) => port);
    const slowProxy = { url: `http://slow.test:${toProxy}`, connectHeaders: {} };
    // The request itself is sent after a second and more.
    const asked = Promise.all([
      ask({ url: `http://slow.test:${toPlain}` }),
      ask({ url: `https://slow.test:${toSecure}`, tls }),
      ask({ url: `http://inside.test:${plain}`, proxy: slowProxy }),
      ask({ url: `https://slow.test:${portOf(secure.url)}`, tls, proxy: slowProxy }),
    ]);
    setTimeout(() => fronts.forEach((front) => front.recover()), 400);
    expect(await asked).toEqual([
      expect.any(Number),
      expect.any(Number),
      expect.any(Number),
      expect.any(Number),
    ]);
  });

  it("is connected to at the address that answers, without waiting for the one that does not", async () => {
    nameAddresses({ "half.test": ["127.0.0.2", "127.0.0.1"] });
    const gateway = await startGateway();
    const black = await startLossyFront(gateway, ["127.0.0.2"]);
    const front = createServer((_, response) =>
      response.end('{"status":"success","data":{"start_time":"2026-01-01T00:00:00Z"}}'),
    );
    await new Promise<void>((resolve) => front.listen(black.port, "127.0.0.1", resolve));
    onTestFinished(() => {
      front.closeAllConnections();
      front.close();
    });
    const startedAt = performance.now();
    await ask({ url: `http://half.test:${black.port}` });
    expect(performance.now() - startedAt).toBeLessThan(900);
  });

  it("is refused with what each of them said", async () => {
    nameAddresses({ "dead.test": ["127.0.0.2", "127.0.0.1"] });
    const port = await freePort();
    await expect(ask({ url: `http://dead.test:${port}` })).rejects.toThrow(
      `connect ECONNREFUSED 127.0.0.2:${port}; connect ECONNREFUSED 127.0.0.1:${port}: nothing listens there`,
    );
  });
});

describe("a link-local address behind a name", () => {
  const refused = { allowLinkLocal: false };

  it.each([["169.254.169.254"], ["fe80::1"], ["::ffff:169.254.169.254"]])(
    "is not connected to where that is not allowed: %s",
    async (address) => {
      nameAddresses({ "metadata.test": [address] });
      await expect(ask({ url: "http://metadata.test", ...refused })).rejects.toThrow(
        `metadata.test has the address ${address}: it is link-local; if a gateway is there, set`,
      );
    },
  );

  it("leaves the other addresses of the name", async () => {
    nameAddresses({ "both.test": ["169.254.169.254", "127.0.0.1"] });
    const port = await startGateway();
    expect(await ask({ url: `http://both.test:${port}`, ...refused })).toEqual(expect.any(Number));
  });
});

describe("an address that does not answer", () => {
  it("is named when the time that a connection has is over", async () => {
    const { port } = await startLossyFront(await freePort(), ["127.0.0.1"]);
    nameAddresses({ "black.test": ["127.0.0.1", "127.0.0.2"] });
    const refused = expect.objectContaining({ code: "ECONNREFUSED" });
    const late = {
      code: "ETIMEDOUT",
      message: `no connection to 127.0.0.1:${port} could be made within 0.4 s`,
    };
    await expect(openSocket({ host: "black.test", port, timeoutMs: 400 })).rejects.toMatchObject({
      errors: [late, refused],
    });
    await expect(ask({ url: `http://127.0.0.1:${port}`, timeoutSeconds: 1 })).rejects.toThrow(
      `no connection to 127.0.0.1:${port} could be made within 0.9 s: is the address right`,
    );
  });
});
