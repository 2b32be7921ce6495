import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, it } from "vitest";

import { ask, startServer, talk } from "./server.ts";

const short = { requestTimeoutMs: 60, checkIntervalMs: 15 };

/** An idle connection. */
async function open(port: number, localAddress = "127.0.0.1"): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  socket.on("error", () => {});
  await new Promise((resolve) => socket.on("connect", resolve));
  return socket;
}

/** A request and its answer; the connection stays. */
async function requestOn(socket: Socket): Promise<string> {
  socket.write("GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n");
  return String(await new Promise((resolve) => socket.once("data", resolve)));
}

/** How much arrives within a moment, or until the connection is closed. */
async function sizeOf(socket: Socket): Promise<number> {
  let size = 0;
  socket.on("data", (chunk) => (size += chunk.length));
  let before = -1;
  while (before < size) {
    before = size;
    await sleep(100);
  }
  return size;
}

const ok = /^HTTP\/1.1 200 /;

describe("a client that is too slow is cut off", () => {
  it("when it says nothing", async () => {
    const { port } = await startServer({ limits: short });
    expect(await talk(port, "")).toMatch(/^(?:HTTP\/1.1 408 |$)/);
  });

  it("when its headers never end", async () => {
    const { port } = await startServer({ limits: short });
    expect(await talk(port, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-A: ")).toMatch(/^HTTP\/1.1 408 /);
  });

  it("when it drips", async () => {
    const { port } = await startServer({ limits: short });
    const socket = connect(port, "127.0.0.1");
    let heard = "";
    socket.on("data", (chunk) => (heard += String(chunk)));
    socket.on("error", () => {});
    const closed = new Promise((resolve) => socket.on("close", resolve));
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ");
    const drip = setInterval(() => socket.write("a"), 5);
    await closed;
    clearInterval(drip);
    expect(heard).toMatch(/^(?:HTTP\/1.1 408 |$)/);
  });

  it("when its body never ends", async () => {
    const { port } = await startServer({ limits: short });
    const heard = await talk(
      port,
      "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc",
    );
    expect(heard).toMatch(/^(?:HTTP\/1.1 408 |$)/);
  });

  it("when it does not take its answer", async () => {
    const body = "x".repeat(30_000_000);
    const { port } = await startServer({
      limits: { sendTimeoutMs: 50 },
      handlers: { metrics: () => Promise.resolve({ contentType: "text/plain", body }) },
    });
    const socket = connect(port, "127.0.0.1");
    socket.pause();
    socket.on("error", () => {});
    socket.write("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await sleep(200);
    let size = 0;
    const closed = new Promise((resolve) => socket.on("close", resolve));
    socket.on("data", (chunk) => (size += chunk.length));
    socket.resume();
    await closed;
    expect(size).toBeLessThan(body.length);
  });

  it("but not when its answer takes the janitor long", async () => {
    const { port } = await startServer({
      limits: short,
      handlers: {
        sweep: async () => {
          await sleep(200);
          return { status: 200, message: "swept" };
        },
      },
    });
    expect((await ask(port, "/-/sweep", { method: "POST" })).text).toBe("swept\n");
  });
});

describe("connections", () => {
  it("are kept for the next request, for a while", async () => {
    const { port } = await startServer({ limits: { keepAliveTimeoutMs: 30 } });
    const socket = connect(port, "127.0.0.1");
    const closed = new Promise((resolve) => socket.on("close", resolve));
    for (let index = 0; index < 2; index++) expect(await requestOn(socket)).toMatch(ok);
    socket.resume();
    await closed;
  });

  it("over the limit make room: idle ones are cut, those of a crowd before others, the longest idle first", async () => {
    const { port } = await startServer({ limits: { maxConnections: 4 } });
    const lonely = await open(port, "127.0.0.2");
    const crowd = [await open(port), await open(port), await open(port)];
    expect(await requestOn(crowd[0]!)).toMatch(ok);
    for (let index = 0; index < 2; index++) expect((await ask(port, "/-/healthy")).status).toBe(200);
    await expect.poll(() => crowd.map(({ destroyed }) => destroyed)).toEqual([false, true, false]);
    expect(lonely.destroyed).toBe(false);
    expect(await requestOn(lonely)).toMatch(ok);
  });

  it("on which something is answered are cut last", async () => {
    const { port } = await startServer({
      limits: { maxConnections: 2 },
      handlers: { metrics: () => new Promise(() => {}) },
    });
    const busy = [await open(port), await open(port)];
    for (const socket of busy) socket.write("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await expect.poll(async () => (await ask(port, "/-/healthy")).status).toBe(200);
    await expect.poll(() => busy.map(({ destroyed }) => destroyed)).toContain(true);
    const idle = await open(port);
    const left = busy.find(({ destroyed }) => !destroyed);
    expect((await ask(port, "/-/healthy")).status).toBe(200);
    await expect.poll(() => idle.destroyed).toBe(true);
    expect(left?.destroyed).toBe(false);
  });

  it("of a crowd are cut before an idle one of somebody else, even if all of them are busy", async () => {
    const { port } = await startServer({
      limits: { maxConnections: 3 },
      handlers: { metrics: () => new Promise(() => {}) },
    });
    const lonely = await open(port, "127.0.0.2");
    const crowd = [await open(port), await open(port)];
    for (const socket of crowd) socket.write("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect((await ask(port, "/-/healthy", { localAddress: "127.0.0.3" })).status).toBe(200);
    await expect.poll(() => crowd.map(({ destroyed }) => destroyed)).toEqual([true, false]);
    expect(await requestOn(lonely)).toMatch(ok);
  });
});

describe("pipelined requests", () => {
  it("are answered one after the other", async () => {
    let atOnce = 0;
    const { port } = await startServer({
      handlers: {
        metrics: async () => {
          atOnce += 1;
          await new Promise(setImmediate);
          const body = `${atOnce}\n`;
          atOnce -= 1;
          return { contentType: "text/plain", body };
        },
      },
    });
    const get = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n";
    const heard = await talk(port, `${get}\r\n${get}\r\n${get}Connection: close\r\n\r\n`);
    expect(heard.match(/(?<=\r\n\r\n)\d+/g)).toEqual(["1", "1", "1"]);
  });

  it("without end are not answered, and nothing is rendered for a client that has left", async () => {
    let rendered = 0;
    const { port } = await startServer({
      handlers: {
        metrics: async () => {
          rendered += 1;
          await new Promise(setImmediate);
          return { contentType: "text/plain", body: "x".repeat(100_000) };
        },
      },
    });
    const flood = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(20_000);
    const heard = await talk(port, flood);
    expect(rendered).toBeLessThan(3);
    expect(heard.length).toBeLessThan(300_000);
    expect((await ask(port, "/-/healthy")).status).toBe(200);
  });
});

describe("an answer in parts", () => {
  /** A page without end that counts what of it was rendered. */
  function endlessPage() {
    const seen = { parts: 0, ended: false };
    const body = (function* () {
      try {
        for (;;) {
          seen.parts += 1;
          yield "x".repeat(10_000);
        }
      } finally {
        seen.ended = true;
      }
    })();
    return { seen, page: () => Promise.resolve({ status: 200, body }) };
  }

  it("is rendered as the client reads it, and no further once the client has gone", async () => {
    const { seen, page } = endlessPage();
    const { port } = await startServer({ handlers: { page } });
    const socket = await open(port);
    socket.pause();
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let before = -1;
    await expect.poll(() => before === (before = seen.parts), { interval: 100 }).toBe(true);
    expect((await ask(port, "/-/healthy")).status).toBe(200);
    expect(seen).toEqual({ parts: before, ended: false });
    socket.destroy();
    await expect.poll(() => seen.ended).toBe(true);
    expect(seen.parts).toBeLessThan(before + 20);
  });

  it("is cut off when it takes too long", async () => {
    const { seen, page } = endlessPage();
    const { port } = await startServer({ limits: { sendTimeoutMs: 50 }, handlers: { page } });
    expect(await talk(port, "GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n")).toContain(
      "gzip",
    );
    await expect.poll(() => seen.ended).toBe(true);
  });

  it("has no body for HEAD, and is an error as long as its first part fails", async () => {
    const { seen, page } = endlessPage();
    const { port } = await startServer({ handlers: { page } });
    expect(await ask(port, "/", { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
    expect(seen.parts).toBeLessThan(20);
    const broken = await startServer({
      handlers: {
        page: () =>
          Promise.resolve({
            status: 200,
            body: (function* () {
              yield "";
              throw new Error("x");
            })(),
          }),
      },
    });
    expect(await ask(broken.port, "/")).toMatchObject({ status: 500 });
  });

  it("gives way to newer ones when too much waits for slow clients", async () => {
    const body = "x".repeat(8_000_000);
    const { port } = await startServer({
      limits: { maxHeldBytes: 20_000_000 },
      handlers: { metrics: () => Promise.resolve({ contentType: "text/plain", body }) },
    });
    const slow: Socket[] = [];
    for (let index = 0; index < 3; index += 1) {
      const socket = await open(port);
      slow.push(socket);
      socket.write("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
      await new Promise((resolve) => socket.once("readable", resolve));
    }
    const sizes = await Promise.all(slow.slice(1).map(sizeOf));
    expect(sizes.every((size) => size > body.length)).toBe(true);
    expect(await sizeOf(slow[0]!)).toBeLessThan(body.length);
  });
});

describe("a request that is too large is refused", () => {
  it("for its headers", async () => {
    const { port } = await startServer();
    expect(await talk(port, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(17_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431 /,
    );
    expect((await ask(port, `/?q=${"x".repeat(15_000)}`)).status).toBe(200);
  });

  it("for its length, before it is read", async () => {
    const { port } = await startServer();
    const heard = await talk(
      port,
      "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n",
    );
    expect(heard).toMatch(/^HTTP\/1.1 413 .*Connection: close/s);
  });

  it("for the size that arrives", async () => {
    const { port } = await startServer();
    const chunk = `1000\r\n${"x".repeat(0x1000)}\r\n`;
    const head = "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    expect(await talk(port, `${head}${chunk}${chunk}`)).toMatch(/^HTTP\/1.1 413 /);
  });

  it("but a small body, which nobody needs, is let pass", async () => {
    const { port } = await startServer();
    expect((await ask(port, "/-/reload", { method: "POST", body: "{}" })).status).toBe(200);
  });
});

describe("a request that is not HTTP", () => {
  it.each([
    "hello\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
  ])("%j is refused and harms nobody", async (text) => {
    const { port } = await startServer();
    expect(await talk(port, text)).toMatch(/^HTTP\/1.1 400 /);
    expect((await ask(port, "/-/healthy")).status).toBe(200);
  });

  it("a client that goes away in the middle is not worth a word", async () => {
    const server = await startServer();
    const outgoing = request({ port: server.port, method: "POST", path: "/-/reload", agent: false });
    outgoing.on("error", () => {});
    outgoing.write("a");
    await new Promise((resolve) => outgoing.on("socket", (socket) => socket.on("connect", resolve)));
    await sleep(30);
    outgoing.destroy();
    expect((await ask(server.port, "/-/healthy")).status).toBe(200);
    expect(server.log()).toBe("");
  });
});
