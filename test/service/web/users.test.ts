import { setTimeout as sleep } from "node:timers/promises";

import { hashSync } from "bcryptjs";
import { describe, expect, it, vi } from "vitest";

import { createPasswordCheck } from "../../../src/service/web/access.ts";
import { ask, basic, load, startServer, webFiles } from "./server.ts";

const alice = `alice: ${hashSync("open sesame", 4)}`;
const bob = `bob: ${hashSync("pässwort:1", 4)}`;

describe("a server with users", () => {
  it("serves nothing without a login", async () => {
    const path = webFiles({ "web.yml": `basic_auth_users:\n  ${alice}\n` });
    const { port } = await startServer({ webConfig: await load(path("web.yml")) });
    for (const endpoint of [
      "/",
      "/metrics",
      "/-/healthy",
      "/-/ready",
      "/config",
      "/api/v1/report",
      "/none",
    ]) {
      const { status, headers, text } = await ask(port, endpoint);
      expect([status, text]).toEqual([401, "401 unauthorized\n"]);
      expect(headers["www-authenticate"]).toBe('Basic realm="pushgateway-janitor", charset="UTF-8"');
    }
  });

  it("knows each user by the password, and logs neither", async () => {
    const path = webFiles({ "web.yml": `basic_auth_users:\n  ${alice}\n  ${bob}\n` });
    const server = await startServer({ webConfig: await load(path("web.yml")) });
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await ask(server.port, "/metrics", { headers })).status;
    for (let round = 0; round < 2; round++) {
      expect(await status(basic("alice", "open sesame"))).toBe(200);
      expect(await status(basic("bob", "pässwort:1"))).toBe(200);
      expect(await status(basic("alice", "pässwort:1"))).toBe(401);
      expect(await status(basic("alice", ""))).toBe(401);
      expect(await status(basic("mallory", "open sesame"))).toBe(401);
      expect(await status(basic("", ""))).toBe(401);
      expect(await status(basic("__proto__", "open sesame"))).toBe(401);
    }
    expect(
      await status({ authorization: basic("alice", "open sesame").authorization.replace("Basic", "BASIC") }),
    ).toBe(200);
    for (const authorization of [
      "Basic",
      "Basic !",
      `Basic ${Buffer.from("alice").toString("base64")}`,
      "Bearer x",
    ]) {
      expect(await status({ authorization })).toBe(401);
    }
    expect(server.log()).toContain("Refused a login");
    expect(server.log()).not.toMatch(/sesame|mallory|alice|\$2b\$/);
  });

  it("still refuses foreign pages, whose requests have the user's login", async () => {
    const path = webFiles({ "web.yml": `basic_auth_users:\n  ${alice}\n` });
    const { port } = await startServer({ webConfig: await load(path("web.yml")) });
    const login = basic("alice", "open sesame");
    const post = (headers: Record<string, string>) =>
      ask(port, "/-/sweep", { method: "POST", headers: { ...login, ...headers } });
    expect((await post({ origin: "https://evil.example" })).status).toBe(403);
    expect((await post({ origin: "http://janitor.lan", host: "janitor.lan" })).status).toBe(200);
    expect((await post({})).status).toBe(200);
  });
});

const client = "192.0.2.1";

describe("checking passwords", () => {
  it("costs a comparison once for each user, password and hash", async () => {
    const compare = vi.fn((_: string, password: string, hash: string) => Promise.resolve(password === hash));
    const passwords = createPasswordCheck(compare);
    for (let round = 0; round < 3; round++) {
      expect(await passwords.check(client, "a", "x", "x")).toBe(true);
      expect(await passwords.check(client, "a", "y", "x")).toBe(false);
      expect(await passwords.check(client, "b", "x", "x")).toBe(true);
      expect(await passwords.check(client, "a", "x", "z")).toBe(false);
    }
    expect(compare).toHaveBeenCalledTimes(4);
  });

  it("is done once for simultaneous requests", async () => {
    const compare = vi.fn(() => Promise.resolve(true));
    const passwords = createPasswordCheck(compare);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => passwords.check(client, "a", "x", "x")),
    );
    expect(answers.every((answer) => answer === true)).toBe(true);
    expect(compare).toHaveBeenCalledTimes(1);
  });

  it("that were turned away are checked when they come again", async () => {
    const compare = vi
      .fn<() => Promise<boolean | null>>()
      .mockResolvedValueOnce(null)
      .mockResolvedValue(true);
    const passwords = createPasswordCheck(compare);
    expect(await passwords.check(client, "a", "x", "x")).toBeNull();
    expect(await passwords.check(client, "a", "x", "x")).toBe(true);
  });

  it("does not forget the right ones, however many wrong ones are tried", async () => {
    const compare = vi.fn((_: string, password: string) => Promise.resolve(password === "right"));
    const passwords = createPasswordCheck(compare);
    await passwords.check(client, "a", "right", "x");
    for (let index = 0; index < 300; index++) await passwords.check(client, "a", String(index), "x");
    const before = compare.mock.calls.length;
    expect(await passwords.check(client, "a", "right", "x")).toBe(true);
    expect(compare).toHaveBeenCalledTimes(before);
    await passwords.check(client, "a", "0", "x");
    expect(compare).toHaveBeenCalledTimes(before + 1);
  });

  it("continues after a comparison that failed", async () => {
    const compare = vi
      .fn<() => Promise<boolean>>()
      .mockRejectedValueOnce(new Error("broken"))
      .mockResolvedValue(true);
    const passwords = createPasswordCheck(compare);
    await expect(passwords.check(client, "a", "x", "x")).rejects.toThrow("broken");
    expect(await passwords.check(client, "a", "x", "x")).toBe(true);
  });

  it("takes as long for an unknown user as for a wrong password", async () => {
    const path = webFiles({ "web.yml": `basic_auth_users:\n  alice: ${hashSync("x", 10)}\n` });
    const { port } = await startServer({ webConfig: await load(path("web.yml")) });
    const time = async (user: string, password: string): Promise<number> => {
      const start = performance.now();
      await ask(port, "/metrics", { headers: basic(user, password) });
      return performance.now() - start;
    };
    await time("alice", "warm up");
    const known = await time("alice", "wrong");
    const unknown = await time("mallory", "wrong");
    const remembered = await time("mallory", "wrong");
    expect(unknown).toBeGreaterThan(known / 3);
    expect(remembered).toBeLessThan(unknown);
  });
});

describe("a flood of guesses", () => {
  it("delays no other request, is refused, and does not keep others from logging in", async () => {
    const path = webFiles({ "web.yml": `basic_auth_users:\n  alice: ${hashSync("right", 11)}\n` });
    const { port } = await startServer({ webConfig: await load(path("web.yml")) });
    const guess = (index: number): Promise<number> =>
      ask(port, "/metrics", { headers: basic("alice", `guess ${index}`) }).then(({ status }) => status);
    const guesses = Array.from({ length: 30 }, (_, index) => guess(index));
    let slowestMs = 0;
    const isOver = Promise.all(guesses).then(() => true);
    const right = ask(port, "/metrics", { headers: basic("alice", "right"), localAddress: "127.0.0.2" });
    while (!(await Promise.race([right.then(() => true), sleep(20, false)]))) {
      const start = performance.now();
      expect((await ask(port, "/-/healthy")).status).toBe(401);
      slowestMs = Math.max(slowestMs, performance.now() - start);
    }
    expect((await right).status).toBe(200);
    expect(await Promise.race([isOver, sleep(1, false)])).toBe(false);
    expect(slowestMs).toBeLessThan(1000);
    expect((await Promise.all(guesses)).filter((status) => status === 503)).toHaveLength(25);
  });
});

describe("headers of the web configuration", () => {
  it("are in every answer, instead of the janitor's own", async () => {
    const path = webFiles({
      "web.yml": `http_server_config:
  http2: false
  headers:
    Strict-Transport-Security: max-age=31536000
    X-Frame-Options: sameorigin
    X-XSS-Protection: "0"
    Content-Security-Policy: ""`,
    });
    const { port } = await startServer({ webConfig: await load(path("web.yml")) });
    for (const endpoint of ["/", "/none", "/-/sweep"]) {
      const { headers } = await ask(port, endpoint);
      expect(headers).toMatchObject({
        "strict-transport-security": "max-age=31536000",
        "x-frame-options": "sameorigin",
        "x-xss-protection": "0",
        "content-security-policy": expect.stringContaining("frame-ancestors 'self'") as string,
      });
    }
  });
});
