import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { freePort } from "../support/free-port.ts";
import { serveHanging } from "../support/hanging-gateway.ts";
import { startProgram } from "../support/program.ts";
import { startPushgateway, type PushgatewayOptions } from "../support/pushgateway.ts";
import { getText } from "../support/push.ts";
import { readMetrics } from "../telemetry/read-metrics.ts";
import { startProxy } from "../support/proxy.ts";
import { loggedFields, never, startService, testFolder, writeConfig } from "../support/service.ts";

const old = (job: string): { labels: { job: string }; pushTime: number } => ({
  labels: { job },
  pushTime: 1000,
});

/** A config whose one rule deletes what is older than an hour. */
function config(url: string, more = "", schedule = never): string {
  return [
    `schedule: "${schedule}"`,
    `pushgateways: [{ name: g, url: "${url}" }]`,
    "limits: { max_outage: 0s }",
    "rules: [{ name: all, matchers: [], ttl: 1h }]",
    more,
  ].join("\n");
}

/** A service with a sweep that was asked for and hangs at this request of its gateway. */
async function startHangingSweep(at: string) {
  // The first read, at the start, is none of the sweep's.
  const gateway = await serveHanging(at, at.startsWith("GET") ? 1 : 0);
  const service = await startService([`--config.file=${writeConfig(config(gateway.url))}`]);
  await service.shows('msg="Gateway read"');
  const asked = service.post("/-/sweep");
  await gateway.reached;
  return { gateway, service, asked };
}

async function realGateway(options: PushgatewayOptions) {
  const gateway = await startPushgateway(options);
  onTestFinished(() => gateway.stop());
  return gateway;
}

describe("run", { timeout: 60_000 }, () => {
  it("starts and is ready without its gateway, and sweeps on schedule once that is up", async () => {
    const gateway = await realGateway({ groups: [old("a")] });
    await gateway.kill();
    const service = await startService([
      `--config.file=${writeConfig(config(gateway.url, "", "* * * * * *"))}`,
    ]);
    expect((await service.ask("/-/ready")).status).toBe(200);
    expect((await service.ask("/-/healthy")).status).toBe(200);
    await service.shows('msg="Sweep failed"');
    expect(await service.metric('gateway_up{gateway="g"}')).toBe("0");
    await gateway.restart();
    await service.shows('msg="Deleted group"');
    await expect.poll(() => service.metric('deletes_total{gateway="g",rule="all"}')).toBe("1");
    expect(await service.metric('gateway_up{gateway="g"}')).toBe("1");
    expect(await service.stop()).toMatchObject({ exitCode: 0, stdout: "" });
  });

  it("knows at its start what the gateway holds, deletes nothing for it, and remembers it when the gateway dies, and what it deleted after a restart", async () => {
    const fresh = { labels: { job: "b" }, pushTime: Date.now() / 1000 };
    const gateway = await realGateway({ groups: [old("a"), fresh] });
    const file = writeConfig(config(gateway.url, `archive: { dir: ${join(testFolder(), "archive")} }`));
    let service = await startService([`--config.file=${file}`]);
    const page = async (): Promise<string> => (await service.ask("/")).body.replaceAll(/<[^>]*>/g, " ");
    const report = async (): Promise<object> => JSON.parse((await service.ask("/api/v1/report")).body);
    const metrics = async (): Promise<object> =>
      Object.fromEntries(readMetrics((await service.ask("/metrics")).body));
    await service.shows('msg="Gateway read" gateway=g groups=2 kept=1 expired=1');
    expect(await report()).toMatchObject({
      dry_run: true,
      gateways: [{ status: "ok", last_swept_at: null, snapshot: { groups: 2 }, totals: { delete: 1 } }],
    });
    expect(await page()).toMatch(/No sweep yet.* 1 \s*to delete/s);
    expect(await page()).not.toMatch(/dry run:|deleted \s*\d/i);
    expect(await metrics()).toMatchObject({
      'gateway_up{gateway="g"}': "1",
      'groups{gateway="g",verdict="delete"}': "1",
      'rule_expired_groups{gateway="g",rule="all"}': "1",
      'last_sweep_timestamp_seconds{gateway="g"}': "0",
      'last_success_timestamp_seconds{gateway="g"}': "0",
      'sweeps_total{gateway="g"}': "0",
      dry_run: "0",
    });
    expect(await getText(gateway.url, "/metrics")).toContain('job="a"');

    expect((await service.post("/-/sweep")).status).toBe(200);
    await gateway.kill();
    expect((await service.post("/-/sweep")).status).toBe(502);
    expect(await report()).toMatchObject({
      dry_run: false,
      gateways: [{ status: "failed", snapshot: { groups: 1 }, groups: [{ labels: { job: "b" } }] }],
    });
    expect(await page()).toMatch(/Not readable.*Last seen.*, 1 group.*\sFailed\s+1 sweep\s.*last seen/s);
    expect(await metrics()).toMatchObject({
      'gateway_up{gateway="g"}': "0",
      'groups{gateway="g",verdict="keep"}': "1",
    });
    expect((await service.stop()).exitCode).toBe(0);

    service = await startService([`--config.file=${file}`]);
    await service.shows('msg="Gateway not readable yet"');
    await expect
      .poll(page)
      .toMatch(
        /Last seen\s+never.*There was no sweep since.*All rules\s+1\s.*Recently deleted.*ago.*job\s*=\s*&#34;a&#34;.*The groups of g are not known/s,
      );
    expect((await service.stop()).exitCode).toBe(0);
  });

  it("survives that its gateway disappears and comes back, and reports both", async () => {
    const gateway = await realGateway({ groups: [old("a")] });
    const service = await startService([`--config.file=${writeConfig(config(gateway.url))}`]);
    expect((await service.post("/-/sweep")).status).toBe(200);
    await gateway.kill();
    expect((await service.post("/-/sweep")).status).toBe(502);
    expect(await service.metric('gateway_up{gateway="g"}')).toBe("0");
    expect(await service.metric('sweep_failures_total{gateway="g",reason="unreachable"}')).toBe("1");
    expect((await service.ask("/-/ready")).status).toBe(200);
    await gateway.restart();
    // Killed, it has forgotten what was deleted since it began.
    expect((await service.post("/-/sweep")).status).toBe(200);
    expect(await service.metric('deletes_total{gateway="g",rule="all"}')).toBe("2");
    expect((await service.stop()).exitCode).toBe(0);
  });

  it("reads a gateway that dies of being read less and less often, and says what helps", async () => {
    const gateway = await realGateway({ groups: [{ labels: { job: "b" }, pushTime: Date.now() / 1000 }] });
    let reads = 0;
    const proxy = await startProxy(gateway.url, async ({ path }, ask) => {
      if (path !== "/api/v1/metrics") return ask();
      reads += 1;
      await gateway.kill();
      await gateway.restart();
      return "cut";
    });
    const file = writeConfig(config(proxy.url));
    const service = await startService([`--config.file=${file}`]);
    await service.shows('msg="Gateway not readable yet"');
    await service.post("/-/sweep");
    const { status, body } = await service.post("/-/sweep");
    expect(status).toBe(502);
    expect(body).toContain("the last 2 reads each ended with a restart of the gateway");
    expect(body).toContain("Not read again for 10m. `source: auto` reads /metrics first");
    expect(reads).toBe(2);
    expect(service.stderr()).toContain(
      'msg="Gateway restarts when it is read, reads are postponed" gateway=g',
    );
    expect((await service.ask("/")).body).toContain("the last 2 reads each ended with a restart");
    expect(await service.metric('sweep_failures_total{gateway="g",reason="read_postponed"}')).toBe("1");

    writeFileSync(file, config(proxy.url).replace(" }]", ", source: auto }]"));
    expect((await service.post("/-/reload")).status).toBe(200);
    expect((await service.post("/-/sweep")).status).toBe(200);
    expect((await service.stop()).exitCode).toBe(0);
  });

  it("survives an archive that disappears, and creates it again", async () => {
    const gateway = await realGateway({ groups: [old("a")] });
    const archive = join(testFolder(), "archive");
    const service = await startService([
      `--config.file=${writeConfig(config(gateway.url, `archive: { dir: ${archive} }`))}`,
    ]);
    expect((await service.post("/-/sweep")).status).toBe(200);
    rmSync(archive, { recursive: true });
    await gateway.kill();
    await gateway.restart();
    expect((await service.post("/-/sweep")).status).toBe(200);
    expect(existsSync(archive)).toBe(true);
    expect(await service.metric('archived_groups_total{gateway="g"}')).toBe("2");
    expect((await service.stop()).exitCode).toBe(0);
  });

  it("deletes nothing while nothing can be archived, says so, and continues when it can", async () => {
    const gateway = await realGateway({ groups: [old("a")] });
    const archive = join(testFolder(), "archive");
    writeFileSync(archive, "a file stands where the folder should");
    const service = await startService([
      `--config.file=${writeConfig(config(gateway.url, `archive: { dir: ${archive} }`))}`,
    ]);
    expect((await service.post("/-/sweep")).status).toBe(502);
    expect(await getText(gateway.url, "/metrics")).toContain('job="a"');
    expect(await service.metric('groups_withheld_total{gateway="g",reason="archive_failed"}')).toBe("1");
    expect(service.stderr()).toContain('msg="Archive cannot be written to, nothing is deleted"');
    rmSync(archive);
    expect((await service.post("/-/sweep")).status).toBe(200);
    expect(await service.metric('deletes_total{gateway="g",rule="all"}')).toBe("1");
    expect((await service.stop()).exitCode).toBe(0);
  });

  it.skipIf(process.getuid?.() !== 0)("deletes nothing into an archive that is read-only", async () => {
    const gateway = await realGateway({ groups: [old("a")] });
    const folder = testFolder();
    const archive = join(folder, "archive");
    mkdirSync(archive, { mode: 0o555 });
    chmodSync(folder, 0o755);
    const file = writeConfig(config(gateway.url, `archive: { dir: ${archive} }`), folder);
    // Root may write everywhere.
    const service = await startService([`--config.file=${file}`], { uid: 65_534 });
    expect((await service.post("/-/sweep")).status).toBe(502);
    expect(await getText(gateway.url, "/metrics")).toContain('job="a"');
    expect(await service.metric('sweep_failures_total{gateway="g",reason="archive_failed"}')).toBe("1");
    chmodSync(archive, 0o777);
    expect((await service.post("/-/sweep")).status).toBe(200);
    expect((await service.stop()).exitCode).toBe(0);
  });

  it("survives a secret's missing file: only the sweep fails", async () => {
    const gateway = await realGateway({ groups: [old("a")] });
    const folder = testFolder();
    const password = join(folder, "password");
    writeFileSync(password, "one");
    const file = writeConfig(
      config(gateway.url).replace(" }]", ", basic_auth: { username: u, password_file: password } }]"),
      folder,
    );
    const service = await startService([`--config.file=${file}`]);
    await service.shows('msg="Gateway read"');
    renameSync(password, `${password}.away`);
    const { status, body } = await service.post("/-/sweep");
    expect(status).toBe(502);
    expect(body).toContain(password);
    expect(await service.metric('sweeps_total{gateway="g"}')).toBe("1");
    expect(await service.metric('gateway_up{gateway="g"}')).toBe("1");
    renameSync(`${password}.away`, password);
    expect((await service.post("/-/sweep")).status).toBe(200);
    expect((await service.stop()).exitCode).toBe(0);
  });

  it("asked for a sweep during another refuses and counts it", async () => {
    const { gateway, service, asked: first } = await startHangingSweep("GET /api/v1/metrics");
    expect(await service.post("/-/sweep")).toMatchObject({
      status: 409,
      body: "no sweep: already_running\n",
    });
    expect(await service.metric('sweeps_skipped_total{reason="already_running"}')).toBe("1");
    gateway.release();
    expect((await first).status).toBe(200);
    expect(loggedFields(service.stderr(), "Sweep skipped", "reason")).toEqual(["already_running"]);
    expect((await service.stop()).exitCode).toBe(0);
  });

  it("skips what is due during a long sweep, and counts it", async () => {
    const gateway = await serveHanging("GET /api/v1/metrics");
    const service = await startService([
      `--config.file=${writeConfig(config(gateway.url, "", "* * * * * *"))}`,
    ]);
    await gateway.reached;
    await service.shows('msg="Sweep skipped" reason=already_running');
    gateway.release();
    await service.shows('msg="Sweep finished"');
    expect((await service.stop()).exitCode).toBe(0);
  });

  it("exits with 1 and says so if its port is in use", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const program = startProgram([
      "run",
      `--config.file=${writeConfig(config("http://127.0.0.1:1"))}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    const { exitCode, stderr } = await program.ended;
    expect(exitCode).toBe(1);
    expect(stderr).toBe(`cannot listen on 127.0.0.1:${port}: something else listens there\n`);
  });

  it("with a bad file does not start: all problems, exit 2, and the port stays free", async () => {
    const file = writeConfig("schedule: never\ntimezone: Nowhere/Else\nrules: []\n");
    const port = await freePort();
    const program = startProgram(["run", `--config.file=${file}`, `--web.listen-address=127.0.0.1:${port}`]);
    const { exitCode, stderr } = await program.ended;
    expect(exitCode).toBe(2);
    for (const line of [1, 2, 3]) expect(stderr).toContain(`${file}:${line}:`);
  });
});

describe("SIGTERM", { timeout: 60_000 }, () => {
  it("ends an idle service at once with 0: no timer, socket or file keeps it alive", async () => {
    const service = await startService([
      `--config.file=${writeConfig(config("http://127.0.0.1:1"))}`,
      "--schedule.jitter=1h",
    ]);
    // Connections that clients keep open.
    const idle = await Promise.all([fetch(`${service.url}/metrics`), fetch(`${service.url}/`)]);
    await Promise.all(idle.map((response) => response.text()));
    const { exitCode, stderr } = await service.stop();
    // A process that only its deadline ends has 143.
    expect(exitCode).toBe(0);
    expect(stderr).toContain("msg=Stopped");
  });

  it("forgets sweeps that wait for their jitter", async () => {
    const file = writeConfig(config("http://127.0.0.1:1", "", "* * * * * *"));
    const service = await startService([`--config.file=${file}`, "--schedule.jitter=1h"]);
    const due = async (): Promise<number> => Number(await service.metric("next_sweep_timestamp_seconds"));
    // So long that several wait.
    const until = (await due()) + 2;
    await expect.poll(() => Date.now() / 1000, { timeout: 10_000 }).toBeGreaterThan(until);
    expect((await service.stop()).exitCode).toBe(0);
  });

  it("lets a DELETE in flight finish, answers the request for the sweep, and exits with 0", async () => {
    const { gateway, service, asked } = await startHangingSweep("DELETE /metrics/job/a");
    const ended = service.stop();
    await service.shows('msg="Stopping');
    gateway.release(202);
    expect((await asked).status).toBe(200);
    const { exitCode, stderr } = await ended;
    expect(exitCode).toBe(0);
    expect(loggedFields(stderr, "Deleted group", "rule")).toEqual(["all"]);
    expect(loggedFields(stderr, "Sweep finished", "deleted")).toEqual(["1"]);
  });

  it("waits a few seconds for a DELETE that hangs, then exits with 0 before anybody kills it", async () => {
    const { service, asked } = await startHangingSweep("DELETE /metrics/job/a");
    const begun = performance.now();
    const { exitCode, stderr } = await service.stop();
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(exitCode).toBe(0);
    expect((await asked).status).toBe(502);
    expect(stderr).toContain('msg="Deletion failed"');
  });

  it("during a snapshot that hangs ends at once: nothing is lost", async () => {
    const { service, asked } = await startHangingSweep("GET /api/v1/metrics");
    const { exitCode } = await service.stop();
    expect(exitCode).toBe(0);
    expect((await asked).status).toBe(502);
  });

  it("begins no new sweep, and is not ready any more", async () => {
    const { gateway, service, asked } = await startHangingSweep("DELETE /metrics/job/a");
    const ended = service.stop();
    await service.shows('msg="Stopping');
    expect((await service.ask("/-/ready")).status).toBe(503);
    expect((await service.ask("/metrics")).status).toBe(200);
    expect(await service.post("/-/sweep")).toMatchObject({ status: 503, body: "no sweep: stopping\n" });
    gateway.release(202);
    await asked;
    expect((await ended).exitCode).toBe(0);
  });

  it("a second time ends it at once", async () => {
    const { service, asked } = await startHangingSweep("DELETE /metrics/job/a");
    asked.catch(() => {});
    service.process.kill("SIGTERM");
    await service.shows('msg="Stopping');
    service.process.kill("SIGTERM");
    expect((await service.ended).exitCode).toBe(143);
  });
});
