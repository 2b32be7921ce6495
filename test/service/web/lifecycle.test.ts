import { describe, expect, it, vi } from "vitest";

import { refuseForeignHost, refuseForeignPage } from "../../../src/service/web/dispatch.ts";
import { ask, startServer, talk } from "./server.ts";

const paths = ["/-/reload", "/-/sweep", "/-/dry-run"];

describe("reload and sweep", () => {
  it("are done for a POST that no browser sent, and return the result", async () => {
    const { port } = await startServer();
    expect(await ask(port, "/-/reload", { method: "POST" })).toMatchObject({
      status: 200,
      text: "reloaded\n",
    });
    expect(await ask(port, "/-/sweep", { method: "POST" })).toMatchObject({ status: 200, text: "swept\n" });
  });

  it("asked for on the page lead back to it, whatever path it has, and say nothing else", async () => {
    const { port } = await startServer();
    for (const kind of ["sweep", "dry-run"]) {
      const { status, headers } = await ask(port, `/-/${kind}?page`, { method: "POST" });
      expect([status, headers.location]).toEqual([303, "../"]);
    }
  });

  it("say when they failed", async () => {
    const { port } = await startServer({
      handlers: {
        reload: () => Promise.resolve({ ok: false, message: "janitor.yml:1:1: wrong" }),
        sweep: () => Promise.resolve({ status: 409, message: "a sweep is under way" }),
      },
    });
    expect(await ask(port, "/-/reload", { method: "POST" })).toMatchObject({
      status: 500,
      text: "janitor.yml:1:1: wrong\n",
    });
    expect(await ask(port, "/-/sweep", { method: "POST" })).toMatchObject({ status: 409 });
  });

  it.each(paths)("%s needs the flag, and says which", async (path) => {
    const change = vi.fn(() => Promise.reject(new Error("called")));
    const { port } = await startServer({
      enableLifecycle: false,
      handlers: { reload: change, sweep: change },
    });
    expect(await ask(port, path, { method: "POST" })).toMatchObject({
      status: 403,
      text: "403 forbidden: this needs the flag --web.enable-lifecycle\n",
    });
    expect((await ask(port, path)).status).toBe(405);
    expect(change).not.toHaveBeenCalled();
  });

  it.each([
    ["another origin", { origin: "https://evil.example" }],
    ["an origin that hides", { origin: "null" }],
    ["a form on another site", { "sec-fetch-site": "cross-site", origin: "https://evil.example" }],
    ["another site without an origin", { "sec-fetch-site": "cross-site" }],
    ["a neighbour of the same site", { "sec-fetch-site": "same-site" }],
  ])("are refused to %s, and nothing is done", async (_, headers) => {
    const change = vi.fn(() => Promise.reject(new Error("called")));
    const server = await startServer({ handlers: { reload: change, sweep: change } });
    for (const path of paths) {
      const { status, headers: got } = await ask(server.port, path, { method: "POST", headers });
      expect(status).toBe(403);
      expect(got["access-control-allow-origin"]).toBeUndefined();
    }
    expect(change).not.toHaveBeenCalled();
    expect(server.log()).toContain("Refused a request of a foreign web page");
  });

  it("are done for the janitor's own page", async () => {
    const { port } = await startServer({ externalUrl: "https://example.com/janitor" });
    for (const headers of [
      { origin: `http://127.0.0.1:${port}`, "sec-fetch-site": "same-origin" },
      { origin: "https://example.com", "sec-fetch-site": "same-origin" },
    ]) {
      expect((await ask(port, "/-/sweep", { method: "POST", headers })).status).toBe(200);
    }
  });
});

describe("a browser's request for a change", () => {
  it.each([
    ["http://LOCALHOST:9717", "localhost:9717", null],
    ["http://[::1]:9717", "[::1]:9717", null],
    ["http://10.0.0.1:80", "10.0.0.1", "it comes from http://10.0.0.1:80"],
    ["https://janitor.example", "janitor.example", null],
    ["https://outside.example", "10.0.0.1", null],
    ["http://a/b", "a", "it comes from http://a/b"],
  ])("from %s at host %s", (origin, host, refusal) => {
    expect(refuseForeignPage({ origin, host }, "https://outside.example")).toEqual(refusal);
  });
});

describe("a request without a login", () => {
  const secret = ["/", "/config", "/api/v1/report", "/-/reload", "/-/sweep"];
  const open = ["/metrics", "/-/healthy", "/-/ready"];

  it.each([
    ["127.0.0.1:9717", true],
    ["10.1.2.3", true],
    ["[::1]:9717", true],
    ["localhost", true],
    ["LocalHost.:9717", true],
    ["janitor.localhost:80", true],
    ["Janitor.Example:9717", true],
    ["evil.example", false],
    ["evil.example:9717", false],
    ["127.0.0.1.evil.example", false],
    ["localhost.evil.example", false],
    ["1.2.3", false],
    ["janitor.example.evil.example", false],
    ["janitor.example@evil.example", false],
  ])("for the host %j: %s", async (host, isServed) => {
    const { port } = await startServer({ externalUrl: "https://janitor.example/janitor" });
    for (const path of secret) {
      const method = path.startsWith("/-/") ? "POST" : "GET";
      expect((await ask(port, path, { method, headers: { host } })).status).toBe(isServed ? 200 : 403);
    }
    for (const path of open) expect((await ask(port, path, { headers: { host } })).status).toBe(200);
  });

  it("is refused with a remedy", async () => {
    const server = await startServer();
    const { text } = await ask(server.port, "/", { headers: { host: "Janitor.Lan\u00e9:9717" } });
    expect(text).toBe(
      "403 forbidden: without a login this is served to IP addresses, localhost and the host of --web.external-url, not to " +
        '"janitor.lan\u00e9". If people use that name, set --web.external-url=http://NAME:PORT\n',
    );
    expect(server.log()).toContain("Refused a request for a host that is not the janitor's");
  });

  it("may name none: a browser always does", async () => {
    const { port } = await startServer();
    expect(await talk(port, "GET /config HTTP/1.0\r\n\r\n")).toContain("200 OK");
    expect(await talk(port, "GET /config HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n")).toContain("403");
  });

  it("may name the host of the listen address", () => {
    expect(refuseForeignHost("server1.lan:9717", new Set(["server1.lan"]))).toBeNull();
  });
});
