import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect, it, onTestFinished } from "vitest";

import { readArchive } from "../../src/archive/read-archive.ts";
import { startPushgateway, type Pushgateway } from "../support/pushgateway.ts";
import { startService, testFolder, type RunningService } from "../support/service.ts";
import { readMetrics } from "../telemetry/read-metrics.ts";
import { Hosts } from "./hosts.ts";
import { parseLog, readSweeps } from "./log.ts";
import { growthPerMinute, readMemory, renderSamples, type MemorySample } from "./memory.ts";
import { createRandom } from "../support/random.ts";

const soakSeconds = Number(process.env["SOAK_SECONDS"] ?? 300);
const seed = Number(process.env["SOAK_SEED"] ?? Math.floor(Math.random() * 2 ** 32));

/** The shortest TTL of each job; a reload makes it up to `ttlSpreadSeconds` longer. Everybody pushes every second. */
const ttlSeconds: Readonly<Record<string, number>> = { batch: 8, ci: 10, nightly: 12 };
const ttlSpreadSeconds = 2;
/** "A few sweeps" that did all of their work. Not so many seconds: a slow machine makes sweeps slow. */
const toleratedSweeps = 4;
/** Over an hour that would be 60 times as much; noise of the collector is below it, a leak of a sweep's report is not. */
const maxGrowthMbPerMinute = 3;
const settledAfterSeconds = 180;

/** What may be logged at warn or error while a gateway is killed and bad files are written. */
const expectedTrouble: ReadonlySet<string> = new Set([
  "Sweep failed",
  "Sweep incomplete",
  "Sweep skipped",
  "Gateway restarts when it is read, reads are postponed",
  "Deletion failed",
  "Deletions could not be verified",
  "Reload failed, the configuration before stays in force",
  // A schedule of every second is worth one.
  "Configuration warning",
]);

const now = (): number => Date.now() / 1000;

interface Scene {
  readonly gateway: Pushgateway;
  readonly service: RunningService;
  readonly hosts: Hosts;
  readonly random: () => number;
  readonly configFile: string;
  readonly archiveDir: string;
  /** When the gateway last came up. */
  gatewayUpSince: number;
  /** When it last wrote its state. */
  gatewaySavedAt: number;
}

function goodConfig(url: string, archiveDir: string, random: () => number): string {
  const rules = Object.entries(ttlSeconds).map(([job, seconds]) => {
    const ttl = seconds * 1000 + Math.floor(random() * ttlSpreadSeconds * 1000);
    return `  - { name: ${job}, matchers: ['job="${job}"'], ttl: ${Math.floor(ttl / 1000)}s${ttl % 1000}ms }`;
  });
  return [
    'schedule: "* * * * * *"',
    `pushgateways: [{ name: g, url: "${url}" }]`,
    "limits: { max_delete_ratio: 1 }",
    `archive: { dir: ${archiveDir} }`,
    `rules:\n${rules.join("\n")}\n`,
  ].join("\n");
}

async function createScene(): Promise<Scene> {
  const random = createRandom(seed);
  const folder = testFolder();
  const gateway = await startPushgateway({ stateFile: join(folder, "state") });
  onTestFinished(() => gateway.stop());
  const configFile = join(folder, "janitor.yml");
  const archiveDir = join(folder, "archive");
  writeFileSync(configFile, goodConfig(gateway.url, archiveDir, random));
  const service = await startService(
    [`--config.file=${configFile}`, "--config.poll-interval=5s", "--log.format=json"],
    // So small that the collector comes often: what is left is what is held.
    { env: { NODE_OPTIONS: "--max-old-space-size=48" } },
  );
  const jobs = Object.keys(ttlSeconds);
  const hosts = new Hosts({ url: gateway.url, random, jobs, population: 40, now });
  return {
    gateway,
    service,
    hosts,
    random,
    configFile,
    archiveDir,
    gatewayUpSince: now(),
    gatewaySavedAt: 0,
  };
}

/** Does something again and again, until it is told to stop; the first failure ends the soak. */
async function keep(
  stop: AbortSignal,
  pauseMs: number | (() => number),
  act: () => Promise<void>,
): Promise<void> {
  while (!stop.aborted) {
    await act();
    await sleep(typeof pauseMs === "number" ? pauseMs : pauseMs(), undefined, { signal: stop }).catch(
      () => {},
    );
  }
}

async function disturb(scene: Scene, done: Map<string, number>): Promise<void> {
  const { gateway, service, hosts, random, configFile, archiveDir } = scene;
  const kinds: Readonly<Record<string, () => Promise<unknown>>> = {
    async restart() {
      scene.gatewaySavedAt = now();
      await gateway.restart();
      scene.gatewayUpSince = now();
    },
    async kill() {
      await gateway.kill();
      await sleep(random() * 2500);
      hosts.forget(scene.gatewaySavedAt);
      await gateway.restart();
      scene.gatewayUpSince = now();
    },
    async "good reload"() {
      writeFileSync(configFile, goodConfig(gateway.url, archiveDir, random));
      expect((await service.post("/-/reload")).status).toBe(200);
    },
    async hangup() {
      writeFileSync(configFile, goodConfig(gateway.url, archiveDir, random));
      service.process.kill("SIGHUP");
      await Promise.resolve();
    },
    async "bad reload"() {
      writeFileSync(configFile, "schedule: never\nrules: [\n");
      expect((await service.post("/-/reload")).status).toBe(500);
      expect(await service.metric("config_last_reload_successful")).toBe("0");
    },
    sweep: () => service.post("/-/sweep"),
  };
  const kind = Object.keys(kinds)[Math.floor(random() * Object.keys(kinds).length)]!;
  done.set(kind, (done.get(kind) ?? 0) + 1);
  await kinds[kind]!();
}

/** Vanished groups that are there after several sweeps that should have deleted them. */
async function findOverdue({ service, hosts, gatewayUpSince }: Scene): Promise<readonly string[]> {
  const sweeps = readSweeps(parseLog(service.stderr())).filter(({ status }) => status === "ok");
  const present = await hosts.onGateway();
  if (present === null) return [];
  return [...present].filter((instance) => {
    const host = hosts.all.get(instance);
    if (host === undefined) return true;
    // The time in which the gateway was down is not held against anybody: their age begins anew, at most.
    const since = Math.max(host.vanishesAt, host.pushedAt.at(-1) ?? 0, gatewayUpSince);
    const dueAt = since + ttlSeconds[host.job]! + ttlSpreadSeconds;
    return sweeps.filter(({ beganAt }) => beganAt > dueAt).length >= toleratedSweeps;
  });
}

async function sample({ service }: Scene, beganAt: number): Promise<MemorySample> {
  const metrics = readMetrics((await service.ask("/metrics")).body);
  return {
    seconds: now() - beganAt,
    ...readMemory(service.process.pid ?? 0),
    sweeps: Number(metrics.get('sweeps_total{gateway="g"}')),
    deletes: sumDeletes(metrics),
  };
}

function sumDeletes(metrics: ReadonlyMap<string, string>): number {
  return Object.keys(ttlSeconds).reduce(
    (sum, rule) => sum + Number(metrics.get(`deletes_total{gateway="g",rule="${rule}"}`)),
    0,
  );
}

it(`runs for ${soakSeconds} s, whatever happens to its gateway and files (seed ${seed})`, async () => {
  const scene = await createScene();
  const { service, hosts, random, gateway } = scene;
  const beganAt = now();
  const stop = new AbortController();
  const disturbances = new Map<string, number>();
  const samples: MemorySample[] = [];
  const overdue: string[] = [];
  const paths = [
    "/metrics",
    "/",
    "/api/v1/report?per_page=10",
    "/?verdict=keep&page=2",
    "/config",
    "/?match=%7B",
  ];
  const looking = keep(stop.signal, 2000, async () => void overdue.push(...(await findOverdue(scene))));
  const work = Promise.all([
    keep(stop.signal, 1000, () => hosts.round()),
    keep(
      stop.signal,
      () => 1500 + random() * 5000,
      () => disturb(scene, disturbances),
    ),
    keep(stop.signal, 250, async () => {
      const { status } = await service.ask(paths[Math.floor(random() * paths.length)]!);
      expect([200, 400, 503]).toContain(status);
    }),
    keep(stop.signal, 5000, async () => void samples.push(await sample(scene, beganAt))),
    looking,
  ]);
  await Promise.race([work, sleep(soakSeconds * 1000)]);
  stop.abort();
  await work;

  // Everybody vanishes, and everything has to go.
  writeFileSync(scene.configFile, goodConfig(gateway.url, scene.archiveDir, random));
  expect((await service.post("/-/reload")).status).toBe(200);
  hosts.vanish();
  const everything = { timeout: 120_000, interval: 500 };
  await expect.poll(async () => [...((await hosts.onGateway()) ?? ["down"])], everything).toEqual([]);
  samples.push(await sample(scene, beganAt));
  const before = (await service.metric('sweeps_total{gateway="g"}'))!;
  await expect.poll(() => service.metric('sweeps_total{gateway="g"}'), { timeout: 60_000 }).not.toBe(before);
  // No sweep between this exposition and the end, as what is compared would not be of the same moment.
  writeFileSync(
    scene.configFile,
    goodConfig(gateway.url, scene.archiveDir, random).replace('"* * * * * *"', '"0 0 29 2 *"'),
  );
  await service.post("/-/reload");
  await expect.poll(() => service.post("/-/sweep"), { timeout: 60_000 }).toMatchObject({ status: 200 });
  const metrics = readMetrics((await service.ask("/metrics")).body);
  const { exitCode, stderr } = await service.stop();

  if (process.env["SOAK_LOG"]) writeFileSync(process.env["SOAK_LOG"], stderr);
  const lines = parseLog(stderr);
  const sweeps = readSweeps(lines);
  const deletions = sweeps.flatMap((sweep) => sweep.deletions);
  const growth = growthPerMinute(samples);
  console.log(
    [
      renderSamples(samples),
      `RSS ${growth.toFixed(2)} MB a minute over the last two thirds`,
      `${hosts.all.size} hosts, ${hosts.pushes} pushes, ${hosts.refusedPushes} of them refused`,
      `disturbances: ${[...disturbances].map(([kind, count]) => `${kind} ${count}`).join(", ")}`,
      `sweeps: ${sweeps.length}, of them ok ${sweeps.filter(({ status }) => status === "ok").length}`,
      `deletions logged ${deletions.length}, counted ${sumDeletes(metrics)}`,
    ].join("\n"),
  );

  const ofLiving = deletions.flatMap(({ at, instance }) => {
    const host = hosts.all.get(instance)!;
    const lastPushAt = host.pushedAt.findLast((one) => one <= at) ?? 0;
    const tooEarly = host.vanishesAt > at || at - lastPushAt < ttlSeconds[host.job]!;
    return tooEarly ? [{ ...host, at, lastPushAt, pushedAt: null }] : [];
  });
  expect(ofLiving, "deleted while alive").toEqual([]);
  expect([...new Set(overdue)], "there long after their time").toEqual([]);
  expect(
    sweeps.filter((sweep) => sweep.status === "ok" && sweep.deleted !== sweep.deletions.length),
    "sweeps whose count is not that of their lines",
  ).toEqual([]);
  expect(sumDeletes(metrics)).toBe(sweeps.reduce((sum, { deleted }) => sum + deleted, 0));
  expect(metrics.get('sweeps_total{gateway="g"}')).toBe(String(sweeps.length));
  const skipped = lines.filter(({ msg }) => msg === "Sweep skipped").length;
  expect(Number(metrics.get('sweeps_skipped_total{reason="already_running"}'))).toBe(skipped);
  const trouble = lines.filter(({ level, msg }) => level !== "info" && !expectedTrouble.has(msg));
  expect(trouble, "unexpected warnings and errors").toEqual([]);

  const archived = new Set<string>();
  const damage: string[] = [];
  for await (const { records } of readArchive(scene.archiveDir, ({ text }) => void damage.push(text))) {
    for (const one of records) if (one.kind === "group") archived.add(one.labels.get("instance") ?? "");
  }
  expect(damage, "damage in the archive").toEqual([]);
  expect(
    deletions.filter(({ instance }) => !archived.has(instance)),
    "not archived",
  ).toEqual([]);
  expect(exitCode).toBe(0);
  // Before that, a process that has just begun still grows into its place.
  const settledGrowth = soakSeconds < settledAfterSeconds ? 0 : growth;
  expect(settledGrowth, "growth of RSS, MB a minute").toBeLessThan(maxGrowthMbPerMinute);
});
