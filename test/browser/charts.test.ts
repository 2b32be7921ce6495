import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { hasBrowser, launchBrowser } from "../support/browser.ts";
import { group, keepRule, now, ttlRule } from "../support/core-values.ts";
import { startPageServer, type PageServer } from "../support/page-server.ts";
import { pageState, plannedGateway } from "../support/page-state.ts";
import { sweepReport } from "../support/reports.ts";

const day = 86_400;
const vanished = { query: "up", groupLabel: "instance", seriesLabel: "instance", ttlSeconds: 3600 };
const rules = [
  keepRule("kept", ['job="0"']),
  ttlRule(7200, { name: "a-rule-with-a-name-that-is-too-long-for-its-place", matchers: ['job="1"'] }),
  ttlRule(30 * day, { name: "\u05E9\u05DC\u05D5\u05DD <b>", matchers: ['job="2"'], vanished }),
  ttlRule(90 * day, { name: "everything-else" }),
];
const groups = Array.from({ length: 1000 }, (_, index) =>
  group({ job: String(index % 4), index: String(index) }, 30 * 1.017 ** index),
);
const sweep = { dryRun: false, deleted: 123_456, withheld: 78_901, failedGateways: 1, failedDeletions: 0 };
const state = pageState(
  sweepReport([plannedGateway(groups, rules)], { rules: rules.map(({ name }) => name) }),
  {
    sweeps: Array.from({ length: 50 }, (_, index) => ({ ...sweep, at: now - 300 * (50 - index) })),
    deletionsByDay: new Map([[Math.floor(now / day), 12_345_678]]),
    deletionsSince: now - 7200,
  },
);

describe.skipIf(!hasBrowser)("the charts in a browser", () => {
  let browser: Browser;
  let server: PageServer;

  beforeAll(async () => {
    server = await startPageServer(() => state);
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  async function open(width: number, colorScheme: "light" | "dark" = "light") {
    const page = await browser.newPage({
      viewport: { width, height: 900 },
      colorScheme,
      javaScriptEnabled: false,
    });
    onTestFinished(() => page.close());
    await page.goto(server.url);
    return page;
  }

  it.each([390, 1280])("have no text upon another, nor beside its card, at %i pixels", async (width) => {
    const page = await open(width);
    const cards = await page.locator(".chart").evaluateAll((all) =>
      all.map((card) => {
        const { left, right } = card.getBoundingClientRect();
        const boxes = [...card.querySelectorAll(".name, .value, text")].map((one) => ({
          text: one.textContent,
          box: one.getBoundingClientRect(),
        }));
        const outside = boxes.filter(({ box }) => box.left < left || box.right > right);
        const overlaps = boxes.flatMap((one, index) =>
          boxes
            .slice(index + 1)
            .filter(({ box }) => {
              const across = Math.min(one.box.right, box.right) - Math.max(one.box.left, box.left);
              // The boxes of lines reach beyond their letters.
              const down = Math.min(one.box.bottom, box.bottom) - Math.max(one.box.top, box.top);
              return across > 0 && down > 5;
            })
            .map(({ text }) => `${one.text} / ${text}`),
        );
        return { texts: boxes.length, wrong: [...outside.map(({ text }) => text), ...overlaps] };
      }),
    );
    expect(cards).toHaveLength(5);
    for (const { texts, wrong } of cards) expect([texts > 4, wrong]).toEqual([true, []]);
  });

  it("have names to tap on where their bars are narrow", async () => {
    const page = await open(390);
    const heights = await page
      .locator(".name a")
      .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height));
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(24);
  });

  it.each(["light", "dark"] as const)("are drawn in the colours of the %s theme", async (scheme) => {
    const page = await open(1280, scheme);
    const colors = await page.evaluate<string[]>(
      `[...document.querySelectorAll(".plot :is(.younger, .older, .deleted, .withheld, .ttl)")].map((one) =>
        getComputedStyle(one)[one.tagName === "line" ? "stroke" : "fill"])`,
    );
    // Black is what a shape has without a style.
    expect(new Set(colors).size).toBe(5);
    expect(colors).not.toContain("rgb(0, 0, 0)");
  });

  it("lead to the groups of a bar, and of a row", async () => {
    const page = await open(1280);
    const chart = page.getByRole("region", { name: "Expiring in the next 7 days" });
    const bar = chart.locator("svg a").last();
    const title = (await bar.locator("title").textContent()) ?? "";
    await bar.click();
    await page.waitForURL(/expires_until=.*#groups$/);
    const [, count] = /: (\d+) group/.exec(title) ?? [];
    expect(await page.locator(".groups tbody tr").count()).toBe(Number(count));
    await chart.getByRole("link", { name: "everything-else" }).click();
    await page.waitForURL(/rule=everything-else/);
    expect(await page.getByRole("status").textContent()).toMatch(
      /expiring from 2027-01-15 08:02 until 2027-01-22 00:00 UTC/,
    );
  });
});
