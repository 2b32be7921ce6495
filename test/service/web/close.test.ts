import { Agent } from "node:http";
import { connect } from "node:net";
import { getActiveResourcesInfo } from "node:process";

import { describe, expect, it } from "vitest";

import { ask, startServer, talk, type TestServer } from "./server.ts";

/** TCP sockets and servers of this process. */
function openHandles(): readonly string[] {
  return getActiveResourcesInfo().filter((name) => name.startsWith("TCP"));
}

/** A server with a sweep in flight that ends when the test says so. */
async function startSweeping(
  body = "swept",
): Promise<{ server: TestServer; finish: () => void; begun: Promise<void> }> {
  const begun = createSignal();
  const finished = createSignal();
  const server = await startServer({
    handlers: {
      sweep: async () => {
        begun.send();
        await finished.sent;
        return { status: 200, message: body };
      },
    },
  });
  return { server, finish: finished.send, begun: begun.sent };
}

function createSignal(): { send: () => void; sent: Promise<void> } {
  let send = (): void => {};
  const sent = new Promise<void>((resolve) => (send = resolve));
  return { send: () => send(), sent };
}

describe("closing", () => {
  it("cuts idle connections, those without a request and those with half of one; none stays open", async () => {
    const before = openHandles();
    const { port, close } = await startServer();
    const agent = new Agent({ keepAlive: true });
    await ask(port, "/-/healthy", { agent });
    const silent = talk(port, "");
    const half = talk(port, "GET / HTTP/1.1\r\nHost:");
    await ask(port, "/-/healthy");
    await close();
    expect([await silent, await half]).toEqual(["", ""]);
    agent.destroy();
    await expect.poll(openHandles).toEqual(before);
    await expect(ask(port, "/-/healthy")).rejects.toThrow("ECONNREFUSED");
  });

  it("lets a request in flight finish, takes no other, and waits for nothing more", async () => {
    const body = "swept".repeat(1_000_000);
    const { server, finish, begun } = await startSweeping(body);
    const agent = new Agent({ keepAlive: true });
    const sweep = ask(server.port, "/-/sweep", { method: "POST", agent });
    await begun;
    const closed = server.close(30_000);
    await expect(ask(server.port, "/-/healthy")).rejects.toThrow("ECONNREFUSED");
    finish();
    const { status, headers, text } = await sweep;
    expect([status, headers.connection, text.length]).toEqual([200, "close", body.length + 1]);
    await closed;
    agent.destroy();
  });

  it("cuts requests that do not finish in time", async () => {
    const { server, begun, finish } = await startSweeping();
    const sweep = ask(server.port, "/-/sweep", { method: "POST" }).then(
      () => "answered",
      () => "cut off",
    );
    await begun;
    await server.close(20);
    expect(await sweep).toBe("cut off");
    finish();
  });

  it("can be asked for twice", async () => {
    const { close } = await startServer();
    await Promise.all([close(), close()]);
    expect(await close()).toBeUndefined();
  });

  it("does not wait for a client that never takes its answer", async () => {
    const { server, begun, finish } = await startSweeping("x".repeat(30_000_000));
    const socket = connect(server.port, "127.0.0.1");
    socket.pause();
    socket.on("error", () => {});
    socket.write("POST /-/sweep HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await begun;
    finish();
    const start = performance.now();
    await server.close(50);
    expect(performance.now() - start).toBeLessThan(5000);
    socket.destroy();
  });
});
