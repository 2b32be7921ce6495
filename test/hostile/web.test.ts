import { writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { hashSync } from "bcryptjs";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";

import { basic } from "../service/web/server.ts";
import { startBoundedService, type BoundedService } from "../support/bounded-service.ts";
import { createRandom } from "../support/random.ts";
import { apiAnswer, apiGroup, startScriptedGateway } from "../support/scripted-gateway.ts";
import { never, testFolder, writeConfig } from "../support/service.ts";
import { seconds, seed } from "./settings.ts";

const random = createRandom(seed);
const word = (length: number): string => Array.from({ length }, () => (random() < 0.5 ? "a" : "b")).join("");

let answer = "";
beforeAll(() => {
  const ordinary = Array.from({ length: 10_000 }, (_, index) =>
    apiGroup({ job: "batch", instance: `host-${index}` }),
  );
  const long = Array.from({ length: 40 }, (_, index) =>
    apiGroup({ job: "long", index: `${index}`, x: word(690_000) }),
  );
  const medium = Array.from({ length: 1000 }, () => apiGroup({ job: "medium", x: word(6000) }));
  answer = apiAnswer([...ordinary, ...long, ...medium]);
});

/** A service that knows of ordinary groups, and of long ones that a hostile pusher made. */
async function startKnowing(argv: readonly string[] = [], headers = {}): Promise<BoundedService> {
  const gateway = await startScriptedGateway(({ url = "" }, response) => {
    if (!url.startsWith("/api/v1/metrics")) return false;
    response.end(answer);
    return true;
  });
  const config = writeConfig(`
schedule: "${never}"
dry_run: true
pushgateways: [{ name: g, url: "${gateway.url}" }]
rules:
  - { name: first, matchers: ['x=~".*c.*"'], ttl: 1h }
  - { name: second, matchers: ['x!~".*(a|b)"', 'x!=""'], ttl: 1h }
  - { name: all, matchers: ['job=~"b.*|l.*"'], ttl: 1h }
`);
  const service = await startBoundedService([`--config.file=${config}`, ...argv]);
  await service.ask("/-/sweep", { method: "POST", headers, timeoutMs: 60_000 });
  return service;
}

/** Does it again and again, so many at once, until the time is over. */
async function flood(atOnce: number, request: () => Promise<unknown>): Promise<void> {
  const end = performance.now() + seconds * 1000;
  const loop = async (): Promise<void> => {
    while (performance.now() < end) await request().catch(() => sleep(10));
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
}

function open(url: string): Promise<Socket> {
  const { hostname: host, port } = new URL(url);
  // Not where the probe comes from: a crowd takes room from itself.
  const socket = connect({ host, port: Number(port), localAddress: "127.0.0.2" });
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(socket)).once("close", () => reject(new Error("not connected")));
  });
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

describe(`the web server survives (${seconds} s each, seed ${seed})`, () => {
  it("6 MB of pipelined requests whose senders disconnect", async () => {
    const service = await startKnowing();
    const requests = get("/").repeat(6_000_000 / get("/").length);
    await flood(4, async () => {
      const socket = await open(service.url);
      await new Promise((resolve) => socket.write(requests, resolve));
      socket.destroy();
    });
    await service.expectWell();
    expect((await service.ask("/-/ready")).status).toBe(200);
  });

  it("filters that RE2 would work on for minutes", async () => {
    const service = await startKnowing();
    const patterns = [
      "(a|b)*a(a|b){100}",
      ".*a.{240}y",
      "(.{0,1000}|\\pL{0,1000})".repeat(30),
      "[\\pL\\pN]{1000}".repeat(60),
      `(?i)${"[B-\\x{1E942}]".repeat(60)}`,
      `(${Array.from({ length: 200 }, (_, index) => `h.*${index}`).join("|")})`,
      "(((a{0,9}){0,9}){0,9}){0,9}",
    ];
    const statuses = new Set<number>();
    await flood(20, async () => {
      const pattern = patterns[Math.floor(random() * patterns.length)] ?? "";
      const label = random() < 0.5 ? "x" : "instance";
      const match = `{${label}=~${JSON.stringify(pattern)}}`;
      const path = random() < 0.5 ? "/" : "/api/v1/report";
      const { status } = await service.ask(`${path}?${new URLSearchParams({ match }).toString()}`);
      statuses.add(status);
    });
    expect([...statuses].filter((status) => ![200, 400, 503].includes(status))).toEqual([]);
    expect((await service.ask('/?match={instance="host-1"}')).status).toBe(200);
    await service.expectWell();
  });

  it("views of groups with very long labels, whose readers are slow or disconnect", async () => {
    const service = await startKnowing();
    const paths = [
      "/",
      "/?per_page=1000&sort=labels",
      "/?match={job=%22long%22}",
      "/api/v1/report?per_page=1000",
    ];
    await flood(60, async () => {
      const path = paths[Math.floor(random() * paths.length)] ?? "/";
      if (random() < 0.3) {
        await service.ask(path, { headers: { "accept-encoding": "gzip" } });
        return;
      }
      const socket = await open(service.url);
      socket.pause();
      socket.write(get(path));
      await sleep(random() * 3000);
      socket.destroy();
    });
    await service.expectWell();
    expect((await service.ask("/-/ready")).status).toBe(200);
  });

  it("more connections than it has room for", async () => {
    const service = await startKnowing();
    await flood(600, async () => {
      const socket = await open(service.url);
      if (random() < 0.5) socket.write(get("/"));
      await sleep(random() * 5000);
      socket.destroy();
    });
    await service.expectWell();
    expect((await service.ask("/-/ready")).status).toBe(200);
  });

  it("guesses at a password of bcrypt cost 14, and accepts the right one from elsewhere", async () => {
    const web = join(testFolder(), "web.yml");
    writeFileSync(web, `basic_auth_users:\n  admin: ${hashSync("right", 14)}\n`);
    const right = basic("admin", "right");
    const service = await startKnowing([`--web.config.file=${web}`], right);
    let tried = 0;
    const guessing = flood(50, () => service.ask("/", { headers: basic("admin", `guess ${(tried += 1)}`) }));
    const later = basic("admin", "right");
    const { status } = await service.ask("/config", { headers: later, timeoutMs: 20_000 });
    expect(status).toBe(200);
    await guessing;
    await service.expectWell();
  });
});
