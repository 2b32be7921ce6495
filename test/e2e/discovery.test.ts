import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { shardOf } from "../../src/core/shard.ts";
import { cli } from "../support/cli.ts";
import { freePort } from "../support/free-port.ts";
import { jobsOf, startLightGateway, startRealGateway } from "../support/gateways.ts";
import { getText } from "../support/http.ts";
import { listen } from "../support/listen.ts";
import { nameAddresses } from "../support/names.ts";
import {
  loggedFields,
  never,
  startService,
  testFolder,
  writeConfig,
  type RunningService,
} from "../support/service.ts";

const rest = `schedule: "${never}"\nlimits: { max_outage: 0s }\nrules: [{ name: all, matchers: [], ttl: 30d }]\n`;
const host = (url: string): string => new URL(url).host;
const group = (url: string, name: string) => ({ targets: [host(url)], labels: { name } });

interface Inventory {
  readonly url: string;
  /** What it answers, or the status of a failure. */
  answer: unknown;
}

/** A server for HTTP discovery, gone with the test. */
async function startInventory(answer: unknown): Promise<Inventory> {
  const inventory = { url: "", answer };
  const server = createServer((_, response) => {
    if (typeof inventory.answer === "number") response.writeHead(inventory.answer).end();
    else
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(inventory.answer));
  });
  inventory.url = `${await listen(server)}/`;
  return inventory;
}

/** A janitor.yml and beside it gateways.json. */
function writeFileDiscovery(
  groups: unknown,
  before = "",
): { readonly config: string; write(groups: unknown): void } {
  const folder = testFolder();
  const write = (next: unknown): void => {
    writeFileSync(join(folder, "gateways.tmp"), typeof next === "string" ? next : JSON.stringify(next));
    renameSync(join(folder, "gateways.tmp"), join(folder, "gateways.json"));
  };
  write(groups);
  return {
    config: writeConfig(`${before}file_sd_configs: [{ files: [gateways.json] }]\n${rest}`, folder),
    write,
  };
}

const once = (config: string, ...flags: string[]) =>
  cli(["once", `--config.file=${config}`, "--output=csv", "--log.level=error", ...flags]);

/** Each gateway and what became of it. */
const sweep = async (service: RunningService): Promise<string> =>
  (await service.post("/-/sweep")).body.trimEnd();

describe("once", () => {
  it("sweeps what is listed and what is found, each once, and says what was named twice", async () => {
    const [listed, found] = [await startRealGateway(), await startRealGateway()];
    const inventory = await startInventory([group(found, "found"), group(listed, "again")]);
    const { config } = writeFileDiscovery(
      [group(found, "from-file")],
      `pushgateways: [{ name: listed, url: "${listed}" }]\nhttp_sd_configs: [{ url: "${inventory.url}" }]\n`,
    );
    const metrics = join(testFolder(), "janitor.prom");
    const { exitCode, stderr } = await once(config, `--metrics.textfile=${metrics}`);
    expect(exitCode).toBe(0);
    expect(stderr).toBe(
      [
        `${config}: warning: ${found} is named more than once; it is swept once, as from-file`,
        `${config}: warning: ${listed} is named more than once; it is swept once, as listed`,
        "",
      ].join("\n"),
    );
    expect([await jobsOf(listed), await jobsOf(found)]).toEqual([["fresh"], ["fresh"]]);
    const text = readFileSync(metrics, "utf8");
    expect(text).toContain('discovered_gateways{mechanism="file"} 1\n');
    expect(text).toContain('discovered_gateways{mechanism="http"} 2\n');
    expect(text).toContain('discovery_last_refresh_successful{mechanism="http"} 1\n');
    expect(text).toContain('shard_info{shard="0",shards="1"} 1\n');
  });

  it("fails when no discovery answers and nothing is listed", async () => {
    const config = writeConfig(
      `http_sd_configs: [{ url: "http://127.0.0.1:${await freePort()}/" }]\n${rest}`,
    );
    for (const command of ["once", "report", "doctor"]) {
      const { exitCode, stdout, stderr } = await cli([command, `--config.file=${config}`]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
      expect(stderr).toContain("ECONNREFUSED");
      expect(stderr).toContain("no discovery has answered, and no gateway is listed");
    }
  });

  it("fails when the discoveries name no gateway at all: a mistake is more likely than a fleet of none", async () => {
    const { exitCode, stderr } = await once(writeFileDiscovery([]).config);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("no gateway is listed, and the discoveries name none that could be swept");
  });

  it("sweeps what it knows when a discovery does not answer, and does not call that done", async () => {
    const listed = await startLightGateway();
    const dead = `http://127.0.0.1:${await freePort()}/`;
    const config = writeConfig(
      `pushgateways: [{ name: listed, url: "${listed}" }]\nhttp_sd_configs: [{ url: "${dead}" }]\n${rest}`,
    );
    expect((await once(config)).exitCode).toBe(21);
    expect(await jobsOf(listed)).toEqual(["fresh"]);
    expect((await cli(["report", `--config.file=${config}`])).exitCode).toBe(21);
    // Healthy as far as it was seen.
    expect((await cli(["doctor", `--config.file=${config}`])).exitCode).toBe(1);
  });

  it("never reaches a target with credentials or a path, and does not call that done", async () => {
    const good = await startLightGateway();
    const { config } = writeFileDiscovery([
      { targets: [host(good), `me:hunter2@${host(good)}`, `${host(good)}/elsewhere`] },
    ]);
    const { exitCode, stderr } = await once(config);
    expect(exitCode).toBe(21);
    expect(stderr).toContain("a target must not hold credentials");
    expect(stderr).toContain("without a scheme and a path");
    expect(stderr).not.toContain("hunter2");
  });

  it("never reaches a link-local address, be it named or hidden behind a name", async () => {
    nameAddresses({ "metadata.test": ["169.254.169.254"] });
    const targets = ["169.254.169.254:80", "0xA9FEA9FE:80", "metadata.test:80"];
    const { config } = writeFileDiscovery([{ targets: [host(await startLightGateway()), ...targets] }]);
    const { exitCode, stderr } = await once(config);
    expect(exitCode).toBe(21);
    for (const target of targets.slice(0, 2)) {
      expect(stderr).toContain(`target "${target}" is not swept: 169.254.169.254 is link-local`);
    }
    expect(stderr).toContain("metadata.test has the address 169.254.169.254: it is link-local");
  });

  it("sweeps its shard only: every gateway is in one of them", async () => {
    const urls = await Promise.all(Array.from({ length: 6 }, startLightGateway));
    const { config } = writeFileDiscovery(urls.map((url, index) => group(url, `gateway-${index}`)));
    const swept = async (): Promise<readonly boolean[]> =>
      Promise.all(urls.map(async (url) => (await jobsOf(url)).join() === "fresh"));
    const expected = (shard: number) => urls.map((_, index) => shardOf(`gateway-${index}`, 3) <= shard);
    expect((await once(config, "--shard=0/3")).exitCode).toBe(0);
    expect(await swept()).toEqual(expected(0));
    const env = { JOB_COMPLETION_INDEX: "1" };
    expect((await cli(["once", `--config.file=${config}`, "--shard=auto/3"], { env })).exitCode).toBe(0);
    expect(await swept()).toEqual(expected(1));
    expect((await once(config, "--shard=2/3")).exitCode).toBe(0);
    expect(await swept()).toEqual(urls.map(() => true));
  });

  it("has nothing to do in a shard without gateways, and says so", async () => {
    const { config } = writeFileDiscovery([group(await startLightGateway(), "only")]);
    const empty = (shardOf("only", 2) + 1) % 2;
    const { exitCode, stderr } = await once(config, `--shard=${empty}/2`);
    expect(exitCode).toBe(0);
    expect(stderr).toBe(`Shard ${empty}/2 has none of the 1 gateways\n`);
  });
});

describe("run", { timeout: 60_000 }, () => {
  it("reads its file at every sweep: the series of a removed gateway end, and half a file changes nothing", async () => {
    const [first, second] = [await startRealGateway(), await startRealGateway()];
    const { config, write } = writeFileDiscovery([group(first, "first")]);
    const service = await startService([`--config.file=${config}`]);
    expect(await sweep(service)).toBe("first: ok");
    expect(await service.metric('gateway_up{gateway="first"}')).toBe("1");
    expect(await service.metric('discovered_gateways{mechanism="file"}')).toBe("1");

    write([group(first, "first"), group(second, "second")]);
    expect(await sweep(service)).toBe("first: ok\nsecond: ok");
    expect(await jobsOf(second)).toEqual(["fresh"]);

    write('[{"targets": ["');
    expect(await sweep(service)).toBe("first: ok\nsecond: ok");
    expect(Number(await service.metric('discovery_failures_total{mechanism="file"}'))).toBeGreaterThan(0);
    expect(await service.metric('discovery_last_refresh_successful{mechanism="file"}')).toBe("0");

    write([group(second, "second")]);
    expect(await sweep(service)).toBe("second: ok");
    const text = await getText(service.url, "/metrics");
    expect(text).toContain('gateway="second"');
    expect(text).not.toContain('gateway="first"');
    const { stderr } = await service.stop();
    expect(loggedFields(stderr, "Gateways discovered", "gateways")).toEqual(["1", "2", "1"]);
    // Once, however often it was read.
    expect(loggedFields(stderr, "Discovery warning", "warning").join()).toMatch(
      /^"[^"]*not valid JSON, or half written; [^"]*"$/,
    );
  });

  it("asks a server at its interval, without a sweep, and keeps its last good answer", async () => {
    const gateway = await startLightGateway();
    const inventory = await startInventory([group(gateway, "one")]);
    const config = writeConfig(
      `http_sd_configs: [{ url: "${inventory.url}", refresh_interval: 250ms }]\n${rest}`,
    );
    const service = await startService([`--config.file=${config}`]);
    await expect.poll(() => service.metric('gateway_up{gateway="one"}')).toBe("1");
    expect((await service.ask("/")).body).toContain(">one<");

    inventory.answer = 500;
    await expect
      .poll(async () => Number(await service.metric('discovery_failures_total{mechanism="http"}')))
      .toBeGreaterThan(2);
    expect(await sweep(service)).toBe("one: ok");

    inventory.answer = [];
    await expect.poll(() => service.metric('gateway_up{gateway="one"}')).toBe(undefined);
    expect(await service.post("/-/sweep")).toMatchObject({
      status: 502,
      body: "no gateway is known: see the log\n",
    });
    expect((await service.stop()).exitCode).toBe(0);
  });

  it("keeps what it knows across a reload, and forgets discoveries that were removed", async () => {
    const [first, second] = [await startLightGateway(), await startLightGateway()];
    const inventory = await startInventory([group(first, "first")]);
    const { config, write } = writeFileDiscovery(
      [group(second, "second")],
      `http_sd_configs: [{ url: "${inventory.url}" }]\n`,
    );
    const service = await startService([`--config.file=${config}`, "--config.poll-interval=0s"]);
    expect(await sweep(service)).toBe("second: ok\nfirst: ok");
    inventory.answer = 500;
    rmSync(config.replace("janitor.yml", "gateways.json"));
    writeFileSync(config, `http_sd_configs: [{ url: "${inventory.url}", refresh_interval: 10m }]\n${rest}`);
    expect((await service.post("/-/reload")).status).toBe(200);
    expect(await sweep(service)).toBe("first: ok");
    expect(await service.metric('gateway_up{gateway="second"}')).toBe(undefined);
    write([]);
    expect((await service.stop()).exitCode).toBe(0);
  });

  it("exports its shard, and starts without any known gateway", async () => {
    const { config, write } = writeFileDiscovery("half written");
    const service = await startService([`--config.file=${config}`, "--shard=auto/4"], {
      env: { JOB_COMPLETION_INDEX: "3" },
    });
    expect(await service.metric('shard_info{shard="3",shards="4"}')).toBe("1");
    expect((await service.post("/-/sweep")).status).toBe(502);
    const gateway = await startLightGateway();
    const names = Array.from({ length: 40 }, (_, index) => `gateway-${index}`);
    const [own = "", other = ""] = [true, false].map((mine) =>
      names.find((name) => (shardOf(name, 4) === 3) === mine),
    );
    write([group(gateway, own), { targets: ["127.0.0.1:1"], labels: { name: other } }]);
    expect(await sweep(service)).toBe(`${own}: ok`);
    const { stderr } = await service.stop();
    expect(loggedFields(stderr, "Configuration loaded", "shard")).toEqual(["3/4"]);
    expect(loggedFields(stderr, "Gateways discovered", "of_all_shards")).toEqual(["2"]);
  });
});

describe("--only", () => {
  it("sweeps the gateways of these names, listed or found, and no other", async () => {
    const urls = [await startLightGateway(), await startLightGateway(), await startLightGateway()];
    const [first = "", second = "", third = ""] = urls;
    const { config } = writeFileDiscovery(
      [group(second, "second"), group(third, "third")],
      `pushgateways: [{ name: first, url: "${first}" }]\n`,
    );
    const left = () => Promise.all(urls.map(async (url) => (await jobsOf(url)).length));
    expect((await once(config, "--only=third", "--dry-run")).stdout).toMatch(/^third,/m);
    expect(await once(config, "--only=third", "--only=first")).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await left()).toEqual([1, 2, 1]);
    const unknown = await once(config, "--only=secnod");
    expect(unknown).toEqual({
      exitCode: 2,
      stdout: "",
      stderr:
        '--only=secnod: there is no gateway of this name: did you mean "second"?\nThe gateways are first, second, third\n',
    });
    const both = await once(config, "--only=first", "--shard=0/2");
    expect(both).toMatchObject({
      exitCode: 2,
      stderr: "--only and --shard exclude each other: a name needs no shard\n",
    });
    expect(await left()).toEqual([1, 2, 1]);
  });

  it("needs only the gateways that it names, and does not take a failed discovery for an empty one", async () => {
    const gateway = await startLightGateway();
    const { config } = writeFileDiscovery(
      "half written",
      `pushgateways: [{ name: first, url: "${gateway}" }]\n`,
    );
    const unknown = await once(config, "--only=second");
    expect(unknown.exitCode).toBe(1);
    expect(unknown.stderr).toContain("--only=second: not known, and not every discovery has answered\n");
    expect((await once(config, "--only=first")).exitCode).toBe(0);
    expect((await once(config)).exitCode).toBe(21);
  });
});

describe("--shard and --gateways.concurrency", () => {
  it.each<[string, Record<string, string>, string]>([
    ["--shard=auto/3", {}, "takes the index from JOB_COMPLETION_INDEX, which is not set"],
    ["--shard=auto/3", { JOB_COMPLETION_INDEX: "3" }, "JOB_COMPLETION_INDEX: the index must be from 0 to 2"],
    ["--shard=3/3", {}, "--shard: the index must be from 0 to 2"],
    ["--gateways.concurrency=0", {}, "--gateways.concurrency: expected a whole number from 1 to 1000"],
  ])("refuse %s with %j", async (flag, env, message) => {
    for (const command of ["once", "report", "run"]) {
      const { exitCode, stderr } = await cli([command, "--gateway=http://a", "--ttl=1d", flag], { env });
      expect(stderr).toContain(message);
      expect(exitCode).toBe(2);
    }
  });
});
