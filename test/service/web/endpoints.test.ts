import { gunzipSync } from "node:zlib";

import { describe, expect, it, test } from "vitest";

import { ask, startServer } from "./server.ts";

describe("an endpoint that reads", () => {
  it.each([
    ["/metrics", "text/plain; version=0.0.4", "up 1\n"],
    ["/-/healthy", "text/plain; charset=utf-8", "pushgateway-janitor is healthy.\n"],
    ["/-/ready", "text/plain; charset=utf-8", "pushgateway-janitor is ready.\n"],
    ["/config", "text/plain; charset=utf-8", "schedule: x\n"],
    ["/api/v1/report?a=1&b=%26", "application/json; charset=utf-8", '{"a":"1","b":"&"}'],
  ])("%s is served as %s", async (path, contentType, text) => {
    const { port } = await startServer();
    const answer = await ask(port, path);
    expect([answer.status, answer.headers["content-type"], answer.text]).toEqual([200, contentType, text]);
    const head = await ask(port, path, { method: "HEAD" });
    expect([head.status, head.text]).toEqual([200, ""]);
    expect(head.headers["content-length"]).toBe(String(Buffer.byteLength(text)));
  });

  it("has the status and body of its handler", async () => {
    const { port } = await startServer({
      handlers: {
        ready: () => false,
        report: () => Promise.resolve({ status: 400, body: "{}" }),
        page: () => Promise.resolve({ status: 400, body: "<p>" }),
      },
    });
    const statuses = await Promise.all(["/-/ready", "/api/v1/report", "/"].map((path) => ask(port, path)));
    expect(statuses.map(({ status }) => status)).toEqual([503, 400, 400]);
  });

  it("can be asked for in the absolute form that proxies use", async () => {
    const { port } = await startServer();
    expect(await ask(port, "http://elsewhere:1/-/healthy")).toMatchObject({ status: 200 });
  });
});

describe("the page", () => {
  it("may use one style and one script by a nonce that is new each time", async () => {
    const { port } = await startServer();
    const nonces = new Set<string | undefined>();
    for (let index = 0; index < 3; index++) {
      const { headers, text } = await ask(port, "/?q=x");
      const nonce = /nonce="([^"]+)"/.exec(text)?.[1];
      nonces.add(nonce);
      expect(headers["content-type"]).toBe("text/html; charset=utf-8");
      expect(headers["content-security-policy"]).toBe(
        `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; img-src data:; ` +
          "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      );
      expect(text).toContain("[x]");
    }
    expect(nonces.size).toBe(3);
  });

  it("is found below the external URL and without its prefix", async () => {
    const { port } = await startServer({ externalUrl: "https://example.com/janitor/" });
    for (const path of ["/", "/janitor/", "/janitor/?q=null"]) {
      expect((await ask(port, path)).text).toContain("[null]");
    }
    const { status, headers } = await ask(port, "/janitor?rule=a");
    expect([status, headers.location]).toEqual([308, "/janitor/?rule=a"]);
    expect((await ask(port, "/janitor/-/healthy")).status).toBe(200);
    expect((await ask(port, "/janitors")).status).toBe(404);
  });
});

describe("every answer", () => {
  it.each([
    ["/", "GET"],
    ["/metrics", "GET"],
    ["/none", "GET"],
    ["/metrics", "POST"],
    ["/-/reload", "POST"],
  ])("%s to %s has the security headers", async (path, method) => {
    const { port } = await startServer();
    const { headers } = await ask(port, path, { method });
    expect(headers).toMatchObject({
      "content-security-policy": expect.stringMatching(
        /^default-src 'none';.*frame-ancestors 'none'$/,
      ) as string,
      "x-content-type-options": "nosniff",
      "x-frame-options": "deny",
      "referrer-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "no-store",
    });
    expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  it.each([
    "/none",
    "//",
    "/metrics/",
    "/-/",
    "/__proto__",
    "/constructor",
    "/../metrics",
    "/%2d/healthy",
    "*",
  ])("to a path that does not exist, like %s, is a plain 404", async (path) => {
    const { port } = await startServer();
    const { status, headers, text } = await ask(port, path);
    expect([status, headers["content-type"], text]).toEqual([
      404,
      "text/plain; charset=utf-8",
      "404 page not found\n",
    ]);
  });

  it.each([
    ["/metrics", "POST", "GET, HEAD"],
    ["/", "DELETE", "GET, HEAD"],
    ["/config", "OPTIONS", "GET, HEAD"],
    ["/-/reload", "GET", "POST"],
    ["/-/sweep", "HEAD", "POST"],
    ["/-/sweep", "PUT", "POST"],
  ])("to %s with %s says which methods there are", async (path, method, allow) => {
    const { port } = await startServer();
    const { status, headers, text } = await ask(port, path, { method });
    expect([status, headers.allow]).toEqual([405, allow]);
    expect(text).toBe(method === "HEAD" ? "" : `405 method not allowed: only ${allow}\n`);
  });
});

describe("gzip", () => {
  const body = "metric 1\n".repeat(1000);
  const large = { metrics: () => Promise.resolve({ contentType: "text/plain", body }) };

  it.each(["gzip", "deflate, GZIP;q=0.5", "*"])(
    "is used for a large answer where %s is accepted",
    async (accepted) => {
      const { port } = await startServer({ handlers: large });
      const { headers, body: got } = await ask(port, "/metrics", {
        headers: { "accept-encoding": accepted },
      });
      expect(headers).toMatchObject({ "content-encoding": "gzip", vary: "Accept-Encoding" });
      expect(gunzipSync(got).toString()).toBe(body);
      expect(got.length).toBeLessThan(1000);
    },
  );

  it.each(["", "identity", "gzip;q=0", "gzip; q=0.00, *", "br"])(
    "is not used where %j is",
    async (accepted) => {
      const { port } = await startServer({ handlers: large });
      const { headers, text } = await ask(port, "/metrics", { headers: { "accept-encoding": accepted } });
      expect(headers["content-encoding"]).toBeUndefined();
      expect(text).toBe(body);
    },
  );

  it("is not worth it for a small answer", async () => {
    const { port } = await startServer();
    const { headers } = await ask(port, "/metrics", { headers: { "accept-encoding": "gzip" } });
    expect(headers["content-encoding"]).toBeUndefined();
  });
});

describe("a handler that throws", () => {
  it.each(["/metrics", "/config", "/"])(
    "at %s is answered without details and logged with them",
    async (path) => {
      const fail = () => {
        throw new Error("hunter2");
      };
      const server = await startServer({
        handlers: { metrics: () => Promise.reject(new Error("hunter2")), configText: fail, page: fail },
      });
      const { status, text } = await ask(server.port, path);
      expect([status, text]).toEqual([500, "500 internal error: the janitor's log says more\n"]);
      expect(server.log()).toContain("hunter2");
      expect((await ask(server.port, "/-/healthy")).status).toBe(200);
    },
  );
});

test("an address that is in use is said in words", async () => {
  const { address } = await startServer();
  await expect(startServer({ listenAddress: address })).rejects.toThrow(
    `cannot listen on ${address}: something else listens there`,
  );
});
