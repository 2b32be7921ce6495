import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { serveHanging } from "../support/hanging-gateway.ts";
import { startProgram } from "../support/program.ts";
import { never, startService, testFolder, writeConfig, type RunningService } from "../support/service.ts";

function config(url: string, ttl: string, more = ""): string {
  return [
    `schedule: "${never}"`,
    `pushgateways: [{ name: g, url: "${url}"${more} }]`,
    "limits: { max_outage: 0s }",
    `rules: [{ name: all, matchers: [], ttl: ${ttl} }]`,
    "",
  ].join("\n");
}

const bad = "schedule: never\ntimezone: Nowhere/Else\nrules: []\n";
const nowhere = "http://127.0.0.1:1";

const ttlInForce = async (service: RunningService): Promise<string | undefined> =>
  /ttl: (\w+)/.exec((await service.ask("/config")).body)?.[1];

/** The three ways to ask for a reload. */
const ways: readonly {
  readonly name: string;
  readonly flags: readonly string[];
  readonly ask: (service: RunningService) => unknown;
}[] = [
  {
    name: "SIGHUP",
    flags: ["--config.poll-interval=0s"],
    ask: (service) => service.process.kill("SIGHUP"),
  },
  {
    name: "POST /-/reload",
    flags: ["--config.poll-interval=0s"],
    ask: (service) => service.post("/-/reload"),
  },
  { name: "a changed file", flags: ["--config.poll-interval=50ms"], ask: () => {} },
];

describe.each(ways)("a reload by $name", { timeout: 60_000 }, ({ flags, ask }) => {
  it("puts a good file into force", async () => {
    const file = writeConfig(config(nowhere, "1h"));
    const service = await startService([`--config.file=${file}`, ...flags]);
    expect(await ttlInForce(service)).toBe("1h");
    writeFileSync(file, config(nowhere, "2h"));
    await ask(service);
    await expect.poll(() => ttlInForce(service)).toBe("2h");
    expect(await service.metric("config_last_reload_successful")).toBe("1");
    expect((await service.stop()).exitCode).toBe(0);
  });

  it("keeps the last good one instead of a bad file, reports all problems, and recovers", async () => {
    const file = writeConfig(config(nowhere, "1h"));
    const service = await startService([`--config.file=${file}`, ...flags]);
    const loadedAt = await service.metric("config_last_reload_success_timestamp_seconds");
    writeFileSync(file, bad);
    await ask(service);
    await expect.poll(() => service.metric("config_last_reload_successful")).toBe("0");
    expect(await service.metric("config_last_reload_success_timestamp_seconds")).toBe(loadedAt);
    for (const line of [1, 2, 3]) expect(service.stderr()).toContain(`${file}:${line}:`);
    expect(await ttlInForce(service)).toBe("1h");
    expect((await service.ask("/")).body).toContain("janitor.yml:2:");
    expect((await service.ask("/-/ready")).status).toBe(200);
    writeFileSync(file, config(nowhere, "3h"));
    await ask(service);
    await expect.poll(() => ttlInForce(service)).toBe("3h");
    await expect.poll(() => service.metric("config_last_reload_successful")).toBe("1");
    expect((await service.ask("/")).body).not.toContain("janitor.yml:2:");
    expect((await service.stop()).exitCode).toBe(0);
  });
});

describe("a reload", { timeout: 60_000 }, () => {
  it("answers POST /-/reload with all problems, or that it worked", async () => {
    const file = writeConfig(config(nowhere, "1h"));
    const service = await startService([`--config.file=${file}`]);
    expect(await service.post("/-/reload")).toMatchObject({ status: 200, body: "configuration reloaded\n" });
    writeFileSync(file, bad);
    const { status, body } = await service.post("/-/reload");
    expect(status).toBe(500);
    for (const line of [1, 2, 3]) expect(body).toContain(`${file}:${line}:`);
  });

  it("happens when Kubernetes swaps the folder of a ConfigMap", async () => {
    const root = testFolder();
    for (const [version, ttl] of Object.entries({ 1: "1h", 2: "2h" })) {
      mkdirSync(join(root, `..data_${version}`));
      writeConfig(config(nowhere, ttl), join(root, `..data_${version}`));
    }
    symlinkSync("..data_1", join(root, "..data"));
    symlinkSync("..data/janitor.yml", join(root, "janitor.yml"));
    const file = join(root, "janitor.yml");
    const service = await startService([`--config.file=${file}`, "--config.poll-interval=50ms"]);
    symlinkSync("..data_2", join(root, "..data_tmp"));
    renameSync(join(root, "..data_tmp"), join(root, "..data"));
    await expect.poll(() => ttlInForce(service)).toBe("2h");
  });

  it("keeps the last good one while the file is gone", async () => {
    const file = writeConfig(config(nowhere, "1h"));
    const service = await startService([`--config.file=${file}`, "--config.poll-interval=50ms"]);
    renameSync(file, `${file}.away`);
    await expect.poll(() => service.metric("config_last_reload_successful")).toBe("0");
    expect(await ttlInForce(service)).toBe("1h");
    renameSync(`${file}.away`, file);
    await expect.poll(() => service.metric("config_last_reload_successful")).toBe("1");
  });

  it("is not needed for a password that is replaced: the next sweep sends the new one", async () => {
    const logins: string[] = [];
    const server = createServer((request, response) => {
      logins.push(Buffer.from((request.headers.authorization ?? "").slice(6), "base64").toString());
      response.writeHead(401).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const folder = testFolder();
    writeFileSync(join(folder, "password"), "pw-one\n");
    const login = ", basic_auth: { username: me, password_file: password }";
    const file = writeConfig(config(url, "1h", login), folder);
    const service = await startService([`--config.file=${file}`, "--config.poll-interval=50ms"]);
    expect((await service.post("/-/sweep")).status).toBe(502);
    writeFileSync(join(folder, "password"), "pw-two\n");
    expect((await service.post("/-/sweep")).status).toBe(502);
    expect([...new Set(logins)]).toEqual(["me:pw-one", "me:pw-two"]);
    // And whoever watches the log sees that it was noticed.
    await service.shows('why="a file has changed"');
    expect(service.stderr()).not.toMatch(/pw-/);
  });

  it("does not change the rules of a sweep in flight", async () => {
    const gateway = await serveHanging("GET /api/v1/metrics", 1);
    const file = writeConfig(config(gateway.url, "1h"));
    const service = await startService([`--config.file=${file}`]);
    await service.shows('msg="Gateway read"');
    const sweep = service.post("/-/sweep");
    await gateway.reached;
    writeFileSync(file, config(gateway.url, "1000d"));
    expect((await service.post("/-/reload")).status).toBe(200);
    gateway.release();
    expect((await sweep).status).toBe(200);
    expect(service.stderr()).toContain('msg="Deleted group"');
    expect(await service.metric('deletes_total{gateway="g",rule="all"}')).toBe("1");
    expect((await service.ask("/config")).body).toContain("ttl: 1000d");
  });

  it("of a bad web configuration keeps the last good one and shows in the metric, too", async () => {
    const folder = testFolder();
    const web = join(folder, "web.yml");
    writeFileSync(web, "{}\n");
    const file = writeConfig(config(nowhere, "1h"), folder);
    const service = await startService([`--config.file=${file}`, `--web.config.file=${web}`]);
    writeFileSync(web, "basic_auth_users: { a: plain }\n");
    expect((await service.post("/-/reload")).status).toBe(500);
    expect(await service.metric("config_last_reload_successful")).toBe("0");
    writeFileSync(web, "{}\n");
    expect((await service.post("/-/reload")).status).toBe(200);
    expect(await service.metric("config_last_reload_successful")).toBe("1");
  });

  it("right before SIGTERM does not keep the process alive", async () => {
    const file = writeConfig(config(nowhere, "1h"));
    const service = await startService([`--config.file=${file}`]);
    for (let count = 0; count < 5; count += 1) service.process.kill("SIGHUP");
    writeFileSync(file, config(nowhere, "1h").replace(never, "* * * * *"));
    service.process.kill("SIGHUP");
    expect((await service.stop()).exitCode).toBe(0);
  });
});

describe("run --config.wait", { timeout: 60_000 }, () => {
  const flags = ["--config.wait", "--config.poll-interval=50ms"];

  it.each([
    ["no file", null, "cannot be read"],
    ["an invalid file", bad, "janitor.yml:2:"],
  ])(
    "stays up with %s, sweeps nothing, says so, and begins when the file is right",
    async (_, text, words) => {
      const gateway = await serveHanging("GET /never", 1);
      const file = join(testFolder(), "janitor.yml");
      if (text !== null) writeFileSync(file, text);
      const service = await startService([`--config.file=${file}`, ...flags]);
      expect(await service.metric("config_last_reload_successful")).toBe("0");
      expect(await service.metric("config_last_reload_success_timestamp_seconds")).toBe("0");
      expect(service.stderr()).toMatch(
        /level=error msg="No valid configuration: nothing is swept until there is one"/,
      );
      expect(service.stderr()).toContain(words);
      expect((await service.ask("/-/healthy")).status).toBe(200);
      expect((await service.ask("/-/ready")).status).toBe(503);
      expect((await service.ask("/")).body).toContain("without one, nothing is swept");
      expect(await service.post("/-/sweep")).toMatchObject({
        status: 503,
        body: "no sweep: no_configuration\n",
      });
      expect(service.stderr()).not.toContain("Sweep");

      writeFileSync(file, config(gateway.url, "1h"));
      await service.shows('msg="Gateway read"');
      expect(await service.metric("config_last_reload_successful")).toBe("1");
      expect((await service.ask("/-/ready")).status).toBe(200);
      expect((await service.post("/-/sweep")).status).toBe(200);
      expect((await service.stop()).exitCode).toBe(0);
    },
  );

  it("also notices that a file appears which a valid one names", async () => {
    const folder = testFolder();
    const login = ", basic_auth: { username: me, password_file: password }";
    const file = writeConfig(config(nowhere, "1h", login), folder);
    const service = await startService([`--config.file=${file}`, ...flags]);
    await service.shows(/there is no file \S+password/);
    writeFileSync(join(folder, "password"), "pw-one\n");
    await expect.poll(() => service.metric("config_last_reload_successful")).toBe("1");
  });

  it("ends all the same when a flag or the web configuration is wrong, and without it by a bad file", async () => {
    const web = join(testFolder(), "web.yml");
    writeFileSync(web, "basic_auth_users: { a: plain }\n");
    const file = writeConfig(bad);
    for (const argv of [
      ["--config.wait", `--web.config.file=${web}`],
      ["--config.wait", "--shard=auto/3"],
      [],
    ]) {
      const { exitCode } = await startProgram(["run", `--config.file=${file}`, ...argv]).ended;
      expect([argv, exitCode]).toEqual([argv, 2]);
    }
  });
});
