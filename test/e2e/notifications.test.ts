import { readFileSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";

import { beforeAll, describe, expect, it, onTestFinished } from "vitest";

import { startChat, type Chat } from "../support/chat.ts";
import { cli } from "../support/cli.ts";
import { startProgram } from "../support/program.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { never, startService, testFolder, writeConfig } from "../support/service.ts";
import { readMetrics } from "../telemetry/read-metrics.ts";

const secret = "s3cret-hook-0123";
const path = `/services/T0/${secret}?key=${secret}-key`;
const old = (n: string) => ({ labels: { job: "ci", n }, pushTime: 1000 });

const ok: RequestListener = (_, response) => void response.end("ok");
/** As a debugging proxy that repeats what it was sent. */
const broken: RequestListener = ({ url, headers }, response) =>
  void response.writeHead(400).end(JSON.stringify({ url, headers }));
const textsOf = ({ messages }: Chat): readonly string[] =>
  messages.map((body) => (JSON.parse(body) as { text: string }).text);

function configWith(gatewayUrl: string, chats: readonly Chat[], more = ""): string {
  const folder = testFolder();
  const entries = chats.map(({ url }, index) => {
    const file = join(folder, `hook-${index}`);
    writeFileSync(file, `${url.href}\nthe rest is a comment\n`);
    return index === 0 ? `  - url: "${url.href}"` : `  - url_file: ${file}\n    format: report`;
  });
  return writeConfig(
    [
      `schedule: "${never}"`,
      `pushgateways: [{ name: g, url: "${gatewayUrl}", timeout: 5s }]`,
      "limits: { max_outage: 0s, max_delete_ratio: 1 }",
      "rules: [{ name: ci, matchers: ['job=\"ci\"'], ttl: 1h }]",
      "notifications:",
      ...entries,
      more,
    ].join("\n"),
  );
}

describe("notifications", { timeout: 30_000 }, () => {
  let gatewayUrl = "";
  beforeAll(async () => {
    const gateway = await startPushgateway({ groups: [old("1"), old("2")] });
    gatewayUrl = gateway.url;
    return () => gateway.stop();
  });

  it("of once are sent before it ends, in both formats, and one that fails is no failure of the sweep", async () => {
    const chats = [await startChat(path, ok), await startChat(path, ok), await startChat(path, broken)];
    const metrics = join(testFolder(), "janitor.prom");
    const file = configWith(gatewayUrl, chats);
    const result = await cli([
      "once",
      `--config.file=${file}`,
      "--output=none",
      `--metrics.textfile=${metrics}`,
    ]);
    expect(result.exitCode).toBe(0);
    expect(textsOf(chats[0]!)).toEqual([
      expect.stringMatching(
        /^pushgateway-janitor: 2 groups deleted\n`g`: 2 groups deleted \(4 series\): 2 by rule `ci`\. `\{job="ci", n="\d"\}` \(/,
      ),
    ]);
    const report = JSON.parse(chats[1]!.messages[0] ?? "") as { matched: number; gateways: object[] };
    expect(report).toMatchObject({
      matched: 2,
      gateways: [{ name: "g", groups: [{ verdict: "delete", outcome: "gone" }, { verdict: "delete" }] }],
    });
    expect(result.stderr).toContain("Notification could not be delivered");
    const text = readFileSync(metrics, "utf8");
    const samples = readMetrics(text);
    expect(
      [0, 1, 2].map((index) =>
        samples.get(`notification_last_delivery_successful{notification="notifications[${index}]"}`),
      ),
    ).toEqual(["1", "1", "0"]);
    expect(`${result.stdout}${result.stderr}${text}`).not.toContain(secret);
  });

  it("of run say when a failure begins and when it ends, and show their secrets nowhere", async () => {
    const gateway = await startPushgateway();
    onTestFinished(() => gateway.stop());
    await gateway.kill();
    const chats = [await startChat(path, ok), await startChat(path, broken)];
    const service = await startService([
      `--config.file=${configWith(gateway.url, chats)}`,
      "--log.level=debug",
    ]);
    for (let sweep = 0; sweep < 3; sweep += 1) expect((await service.post("/-/sweep")).status).toBe(502);
    await gateway.restart();
    for (let sweep = 0; sweep < 2; sweep += 1) expect((await service.post("/-/sweep")).status).toBe(200);
    await expect
      .poll(() => textsOf(chats[0]!).map((text) => text.split("\n")[0]))
      .toEqual(["pushgateway-janitor: 1 gateway failed", "pushgateway-janitor: 1 gateway recovered"]);
    expect(textsOf(chats[0]!)[0]).toContain("nothing listens there");
    await expect
      .poll(() => service.metric('notification_failures_total{notification="notifications[1]"}'))
      // Not delivered, it is sent again at every sweep as long as the condition lasts.
      .toBe("3");
    const pages = await Promise.all(
      ["/", "/api/v1/report", "/config", "/metrics"].map(async (path) => (await service.ask(path)).body),
    );
    const { stdout, stderr, exitCode } = await service.stop();
    expect(exitCode).toBe(0);
    expect(pages.every((page) => page.length > 100)).toBe(true);
    expect([...pages, stdout, stderr].join("\n")).not.toContain(secret);
  });

  it("that hang do not hold up the end of run", async () => {
    const chat = await startChat(path, () => {});
    const service = await startService([`--config.file=${configWith("http://127.0.0.1:1", [chat])}`]);
    await service.post("/-/sweep");
    await expect.poll(() => chat.messages.length).toBe(1);
    const start = performance.now();
    const { exitCode, stderr } = await service.stop();
    expect(exitCode).toBe(0);
    expect(performance.now() - start).toBeLessThan(5000);
    expect(stderr).toContain("interrupted");
  });

  it("that hang end once within seconds of SIGTERM", async () => {
    const chat = await startChat(path, () => {});
    const once = startProgram([
      "once",
      `--config.file=${configWith("http://127.0.0.1:1", [chat])}`,
      "--output=none",
    ]);
    await expect.poll(() => chat.messages.length, { timeout: 10_000 }).toBe(1);
    const start = performance.now();
    once.process.kill("SIGTERM");
    const { stderr } = await once.ended;
    expect(performance.now() - start).toBeLessThan(5000);
    expect(stderr).toContain("Notification could not be delivered");
    expect(stderr).not.toContain(secret);
  });

  it("are tried by check notifications, and described by check config without their secrets", async () => {
    const chats = [await startChat(path, ok), await startChat(path, ok), await startChat(path, broken)];
    const file = configWith("http://127.0.0.1:1", chats);
    const checked = await cli(["check", "notifications", file]);
    expect(checked).toMatchObject({
      exitCode: 1,
      stdout: `${file}: notifications[0]: a test message was delivered\n${file}: notifications[1]: a test message was delivered\n`,
    });
    expect(checked.stderr).toMatch(/: notifications\[2\]: HTTP 400: \{"url":"\/?<secret>/);
    expect(textsOf(chats[0]!)).toEqual([expect.stringContaining("this is a test")]);
    expect(JSON.parse(chats[1]!.messages[0] ?? "")).toMatchObject({ gateways: [] });
    const noUrl = join(testFolder(), "hook");
    writeFileSync(noUrl, secret);
    const bad = writeConfig(
      `pushgateways: [{ name: g, url: "http://g" }]\nrules: [{ name: r, matchers: [], ttl: 1h }]\nnotifications: [{ url_file: ${noUrl} }]\n`,
    );
    expect(await cli(["check", "notifications", bad])).toMatchObject({
      exitCode: 1,
      stderr: `${bad}: notifications[0]: ${noUrl}: a URL must start with http:// or https://\n`,
    });
    const config = await cli(["check", "config", file]);
    expect(config.exitCode).toBe(0);
    expect(`${checked.stdout}${checked.stderr}${config.stdout}${config.stderr}`).not.toContain(secret);
  });
});
