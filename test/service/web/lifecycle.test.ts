import { describe, expect, it, vi } from "vitest";

import { refuseForeignPage } from "../../../src/service/web/cross-site.ts";
import { ask, startServer } from "./server.ts";

const paths = ["/-/reload", "/-/sweep"];

describe("reload and sweep", () => {
  it("are done for a POST that no browser sent, and say what came of it", async () => {
    const { port } = await startServer();
    expect(await ask(port, "/-/reload", { method: "POST" })).toMatchObject({
      status: 200,
      text: "reloaded\n",
    });
    expect(await ask(port, "/-/sweep", { method: "POST" })).toMatchObject({ status: 200, text: "swept\n" });
  });

  it("say when they failed", async () => {
    const { port } = await startServer({
      handlers: {
        reload: () => Promise.resolve({ ok: false, message: "janitor.yml:1:1: wrong" }),
        sweep: () => Promise.resolve({ ok: false, status: 409, message: "a sweep is under way" }),
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
    ["a name that was made to lead here", { origin: "http://evil.example", host: "evil.example" }],
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
    ["http://localhost:9717", "localhost:9717", false, null],
    ["http://LOCALHOST:9717", "localhost:9717", false, null],
    ["http://[::1]:9717", "[::1]:9717", false, null],
    ["http://10.0.0.1", "10.0.0.1", false, null],
    ["http://10.0.0.1:80", "10.0.0.1", false, "it comes from http://10.0.0.1:80"],
    ["https://janitor.example", "janitor.example", true, null],
    [
      "http://janitor.example",
      "janitor.example",
      false,
      "a browser may ask for it only at --web.external-url, an IP address or localhost",
    ],
    ["http://10.evil.example", "10.evil.example", false, expect.any(String)],
    ["http://a/b", "a", true, "it comes from http://a/b"],
  ])("from %s at host %s, authenticated: %s", (origin, host, authenticated, refusal) => {
    expect(refuseForeignPage({ origin, host }, { externalOrigin: null, authenticated })).toEqual(refusal);
  });
});
