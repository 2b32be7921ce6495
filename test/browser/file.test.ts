import { writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

import { renderHtml } from "../../src/report/html/page.ts";
import { hasBrowser, launchBrowser } from "../support/browser.ts";
import { group, keepRule, ttlRule } from "../support/core-values.ts";
import { hostileValues } from "../support/hostile.ts";
import { plannedGateway } from "../support/page-state.ts";
import { sweepReport } from "../support/reports.ts";
import { testFolder } from "../support/service.ts";
import { whole } from "../support/whole.ts";

const rules = [keepRule("keep-billing", ['job="billing"']), ttlRule(7200, { name: "everything-else" })];

const groups = [
  ...Array.from({ length: 1500 }, (_, index) =>
    group({ job: "batch", instance: `web-${index}.example.com` }, 8000 - index),
  ),
  // The last to expire: their rows are not among those that are elements from the start.
  ...hostileValues.map(([, value]) => group({ job: "hostile", value }, 60)),
  group({ job: "billing" }, 60),
];

describe.skipIf(!hasBrowser)("the file that is mailed, in a browser", () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const file = join(testFolder(), "report.html");
    const gateway = plannedGateway(groups, rules);
    writeFileSync(file, whole(renderHtml(sweepReport([gateway], { dryRun: true }), {}, rules)));
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      if (request.url() !== `file://${file}`) complaints.push(request.url());
    });
    onTestFinished(async () => {
      await context.close();
      expect(complaints).toEqual([]);
    });
    await page.goto(`file://${file}`);
    return page;
  }

  const rows = (page: Page) => page.locator(".groups tbody tr");

  it("shows all groups without scripts, and no filter", async () => {
    const page = await open({ javaScriptEnabled: false });
    expect(await rows(page).count()).toBe(groups.length);
    expect(await page.getByRole("searchbox").count()).toBe(0);
  });

  it.each([
    ["everything", "", "1,000 of 1,525 groups shown", 1000],
    ["a part of a label", 'instance="web-149', "11 of 11 groups shown, filtered from 1,525", 11],
    ["words in any order and case", "KEEP WEB-14", "100 of 100 groups shown, filtered from 1,525", 100],
    ["what is only in the decision", "does not match", "0 of 0 groups shown, filtered from 1,525", 0],
    ["a rule", "keep-billing", "1 of 1 groups shown, filtered from 1,525", 1],
  ])("filters by %s", async (_, words, range, count) => {
    const page = await open();
    const field = page.getByRole("searchbox");
    await field.fill("x");
    await field.fill(words);
    await page.getByText(range, { exact: true }).waitFor();
    expect(await rows(page).count()).toBe(count);
  });

  it("shows a thousand groups at a time", async () => {
    const page = await open();
    await page.getByText("1,000 of 1,525 groups shown", { exact: true }).waitFor();
    expect(await rows(page).count()).toBe(1000);
    await page.getByRole("button", { name: "Show more" }).click();
    await page.getByText("1,525 of 1,525 groups shown", { exact: true }).waitFor();
    expect(await rows(page).count()).toBe(groups.length);
    expect(await page.getByRole("button", { name: "Show more" }).count()).toBe(0);
  });

  it("keeps text that tries to be something else as text", async () => {
    const page = await open();
    await page.getByRole("searchbox").fill("hostile");
    await page.getByText(/^24 of 24 groups shown/).waitFor();
    expect(await page.title()).toContain("Pushgateway groups");
    expect(await rows(page).locator("script, img, h1").count()).toBe(0);
    await page.getByRole("searchbox").fill("</td></tr></table></main><h1>owned</h1>");
    await page.getByText(/^1 of 1 groups shown/).waitFor();
  });

  it("unfolds a group to its decision, rule by rule", async () => {
    const page = await open();
    await rows(page).first().getByText("Details").click();
    expect(await rows(page).first().locator(".why li").allInnerTexts()).toEqual([
      'keep-billing: does not match job="billing"',
      "everything-else: matches, decides",
      expect.stringMatching(/^Rule everything-else: more than 2h after its last push/) as string,
      expect.stringMatching(
        /^Its last push was 2h13m20s ago, and its TTL is 2h: it expired 13m20s ago\.$/,
      ) as string,
      "delete (ttl_expired): older than its TTL.",
    ]);
  });
});
