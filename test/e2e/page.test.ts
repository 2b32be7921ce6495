import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { hasBrowser, launchBrowser } from "../support/browser.ts";
import { serveHanging } from "../support/hanging-gateway.ts";
import { projectRoot } from "../support/project-root.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { getText, push } from "../support/push.ts";
import { never, startService, testFolder, writeConfig } from "../support/service.ts";

const old = (labels: Record<string, string>) => ({ labels, pushTime: 1000 });

function config(url: string, folder: string): string {
  return [
    `schedule: "${never}"`,
    `pushgateways: [{ name: g, url: "${url}" }]`,
    "limits: { max_outage: 0s }",
    "rules: [{ name: all, matchers: [], ttl: 1h }]",
    `archive: { dir: ${JSON.stringify(join(folder, "archive"))} }`,
  ].join("\n");
}

const isBack = async (url: string): Promise<readonly boolean[]> => {
  const text = await getText(url, "/metrics");
  return ["", 'it\'s <a> \\\\ \\"host\\"'].map((instance) =>
    text.includes(`push_time_seconds{instance="${instance}",job="batch"}`),
  );
};

describe("the page of a service", { timeout: 60_000 }, () => {
  it.skipIf(!hasBrowser)(
    "sweeps when asked to, without a script, and puts back one group by its command",
    async () => {
      const gateway = await startPushgateway({
        groups: [old({ job: "batch" }), old({ job: "batch", instance: 'it\'s <a> \\ "host"' })],
      });
      onTestFinished(() => gateway.stop());
      await push(gateway.url, { job: "fresh" }, "# TYPE busy gauge\nbusy 3\n");
      const folder = join(testFolder(), "it's here");
      mkdirSync(folder);
      const service = await startService([
        `--config.file=${writeConfig(config(gateway.url, folder), folder)}`,
        "--web.external-url=https://janitor.example/some/where",
      ]);
      const browser = await launchBrowser();
      onTestFinished(() => browser.close());
      const page = await browser.newPage({ javaScriptEnabled: false });
      // As behind a proxy that leaves the prefix, and names the host.
      await page.goto(`${service.url}/some/where/?rule=all`);
      const notice = page.locator(".notice");
      await page.getByRole("button", { name: "Dry run now" }).click();
      expect(page.url()).toBe(`${service.url}/some/where/`);
      expect(await notice.textContent()).toContain("Dry run: 2 groups to delete, 0 withheld, 1 kept.");
      expect(await isBack(gateway.url)).toEqual([true, true]);

      const link = await page.locator('a.metrics[href*="fresh"]').getAttribute("href");
      expect((await service.ask(`/${link}`)).body).toContain("# TYPE busy gauge\nbusy 3\n");
      const scripted = await browser.newPage();
      await scripted.goto(service.url);
      const fresh = scripted.locator(".groups tr").filter({ hasText: "fresh" });
      await fresh.getByText("Details").click();
      await scripted.route("**/group?*", (route) => route.fulfill({ status: 503, body: "try again" }), {
        times: 1,
      });
      await fresh.getByText("Its metrics").click();
      await fresh.getByText("try again").waitFor();
      await fresh.getByText("Its metrics").click();
      await fresh.locator("pre").filter({ hasText: "busy 3" }).waitFor();
      expect((await service.ask("/group?gateway=g&key=[]")).status).toBe(404);

      await page.getByRole("button", { name: "Sweep now" }).click();
      expect(await notice.textContent()).toContain("Sweep: 2 groups deleted, 0 withheld, 1 kept.");
      expect(await isBack(gateway.url)).toEqual([false, false]);

      const deletion = page.locator(".deletions tbody tr").filter({ hasNotText: "instance" });
      await deletion.getByText("Put it back").click();
      const command = (await deletion.locator(".command").textContent()) ?? "";
      const copied = command.replace(/^pushgateway-janitor/, `'${process.execPath}' dist/main.js`);
      const output = execFileSync("sh", ["-c", copied], {
        cwd: projectRoot,
        encoding: "utf8",
      });
      expect(output).toContain("1 restored");
      expect(await isBack(gateway.url)).toEqual([true, false]);
      expect((await service.stop()).exitCode).toBe(0);
    },
  );

  it("starts no dry run during a sweep, and says so", async () => {
    // The first read, at the start, is none of the sweep's.
    const gateway = await serveHanging("GET /api/v1/metrics", 1);
    const service = await startService([`--config.file=${writeConfig(config(gateway.url, testFolder()))}`]);
    await service.shows('msg="Gateway read"');
    const asked = service.post("/-/sweep");
    await gateway.reached;
    expect(await service.post("/-/dry-run")).toMatchObject({
      status: 409,
      body: "no dry-run: already_running\n",
    });
    const { status, headers } = await service.post("/-/dry-run?page");
    expect([status, headers.location]).toEqual([303, "../"]);
    expect((await service.ask("/")).body).toMatch(/<button +disabled>.*A sweep is under way/s);
    await service.stop();
    await asked.catch(() => {});
  });
});
