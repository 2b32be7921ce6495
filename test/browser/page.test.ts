import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { formatShortLabels } from "../../src/core/labels.ts";
import { addToKnown, type SweepReport } from "../../src/core/report.ts";
import { hasBrowser, launchBrowser } from "../support/browser.ts";
import { group, keepRule, now, ttlRule } from "../support/core-values.ts";
import { hostileValues } from "../support/hostile.ts";
import { startPageServer, type PageServer } from "../support/page-server.ts";
import { pageState, plannedGateway } from "../support/page-state.ts";
import { sweepReport, unreadGateway } from "../support/reports.ts";

const rules = [
  keepRule("keep-billing", ['job="billing"']),
  ttlRule(7200, { name: "ci", matchers: ['job=~"ci|build"'] }),
  ttlRule(2_592_000, { name: "everything-else" }),
];

const groups = [
  group({ job: "billing" }, 17_300_000),
  group({ job: "ci", instance: "runner-1" }, 7300),
  group({ job: "build", instance: "runner-2", branch: "main" }, 6900),
  ...Array.from({ length: 240 }, (_, index) =>
    group(
      { job: "batch", instance: `web-${index}.example.com`, datacenter: "fra-1" },
      3600 * (index * 3 + 1),
    ),
  ),
];
const hostile = hostileValues.map(([, value], index) => group({ job: "hostile", value }, 60 * index));

const legacy = { name: "legacy", url: "http://legacy:9091" };
const legacyGroups = [group({ job: "legacy" }, 60)];

/** Of a janitor that could read the gateway `legacy` when it was started, and not since. */
function createReport(): SweepReport {
  const read = sweepReport([plannedGateway(legacyGroups, rules, legacy)], { finishedAt: now - 9000 });
  const sweep = sweepReport([
    plannedGateway(groups, rules, { name: "batch", url: "http://batch:9091", outcome: "gone" }),
    plannedGateway(hostile, rules, { name: "edge", url: "http://edge:9091" }),
    unreadGateway("timeout", legacy),
  ]);
  return addToKnown(addToKnown(null, read, "read"), sweep, "sweep");
}

describe.skipIf(!hasBrowser)("the page in a browser", () => {
  let browser: Browser;
  let server: PageServer;

  beforeAll(async () => {
    const recentDeletions = hostile.map(({ labels }, index) => ({
      at: now - index * 400,
      gateway: "batch",
      labels,
      rule: "ci",
    }));
    const report = createReport();
    server = await startPageServer(() => pageState(report, { recentDeletions, rules }));
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  /** A page of its own. Whatever it complains about, or asks of anybody else, fails the test at its end. */
  async function open(query = "", options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1360, height: 1000 }, ...options });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("dialog", (dialog) => complaints.push(dialog.message()));
    page.on("request", (request) => {
      if (!request.url().startsWith(server.url)) complaints.push(request.url());
    });
    onTestFinished(async () => {
      await context.close();
      expect(complaints).toEqual([]);
    });
    await page.goto(server.url + query);
    return page;
  }

  const rows = (page: Page): ReturnType<Page["locator"]> => page.locator(".groups tbody tr");

  it("shows problems, gateways, rules, deletions and groups, each under its heading", async () => {
    const page = await open();
    const headings = await page.getByRole("heading", { level: 2 }).allTextContents();
    expect(headings).toEqual([
      "Needs attention",
      "Gateways",
      "Expiring in the next 24 hours",
      "Expiring in the next 7 days",
      "Ages and TTLs",
      "Latest sweeps",
      "Deleted in the last 30 days",
      "Rules",
      "Recently deleted",
      "Groups",
    ]);
    for (const role of ["banner", "main", "contentinfo", "search"] as const) {
      expect(await page.getByRole(role).count()).toBe(1);
    }
    const card = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "legacy" }) });
    expect(await card.textContent()).toContain("Not readable");
    expect(await card.getByRole("term").filter({ hasText: "Last seen" }).count()).toBe(1);
    expect(await card.textContent()).toMatch(/Last seen\s*05:30 UTC, 1 group \(2h32m ago\)/);
    expect(await page.getByRole("region", { name: "Needs attention" }).textContent()).toContain(
      "Is it overloaded?",
    );
    expect(await rows(page).count()).toBe(100);
  });

  it("shows every hostile value as the text that it is", async () => {
    const page = await open("?match={job=%22hostile%22}&sort=labels");
    expect(await page.title()).toBe("1 failed, pushgateway-janitor");
    const shown = await page.locator(".groups tbody th .labels").evaluateAll((all) =>
      all.map((one) => {
        for (const more of one.querySelectorAll(".more")) more.remove();
        return one.textContent ?? "";
      }),
    );
    expect(new Set(shown)).toEqual(
      new Set(hostile.map(({ labels }) => formatShortLabels(labels).replace("… (7000 characters)", ""))),
    );
    expect(await page.locator("main h1, main img, main script").count()).toBe(0);
  });

  it("folds a value of 7 kB, and unfolds it by keyboard", async () => {
    const page = await open("?match={value=~%22x%2B%22}");
    const row = rows(page).first();
    const folded = await row.boundingBox();
    expect(folded?.height).toBeLessThan(200);
    await row.locator(".long summary").focus();
    await page.keyboard.press("Enter");
    expect(await row.locator(".long").getAttribute("open")).not.toBeNull();
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  });

  it("keeps text from right to left from reversing the text beside it", async () => {
    const page = await open("?match={value=~%22.*%D7%A9.*%22}");
    const boxes = await rows(page)
      .first()
      .locator(".labels > *")
      .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().left));
    expect(boxes).toEqual(boxes.toSorted((a, b) => a - b));
  });

  it("filters by the typed matchers, and the address can be shared", async () => {
    const page = await open();
    await page.keyboard.press("/");
    await page.keyboard.type('{instance=~"web-1[0-9].example.com"}');
    await page.keyboard.press("Enter");
    await page.waitForURL(/match=/);
    expect(new URL(page.url()).search).toBe("?match=%7Binstance%3D%7E%22web-1%5B0-9%5D.example.com%22%7D");
    expect(await rows(page).count()).toBe(10);
    await page.getByRole("link", { name: "Clear" }).click();
    await page.waitForURL((url) => !url.search.includes("match"));
    expect(await rows(page).count()).toBe(100);
  });

  it("filters by choice, by rule and by a label's own link", async () => {
    const page = await open();
    await page.getByRole("link", { name: /^Delete/ }).click();
    await page.waitForURL(/verdict=delete/);
    await page.getByLabel("Reason", { exact: true }).selectOption("ttl_expired");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.waitForURL(/reason=ttl_expired&verdict=delete#groups$/);
    expect(await rows(page).count()).toBe(1);
    await page.getByRole("region", { name: "Rules" }).first().getByRole("link", { name: "ci" }).click();
    await page.waitForURL(/rule=ci.*#groups$/);
    await page.getByRole("link", { name: /^All \d/ }).click();
    await page.waitForURL((url) => !url.search.includes("verdict"));
    expect(await rows(page).count()).toBe(2);
    await rows(page).first().getByRole("link", { name: '"main"' }).click();
    await page.waitForURL(/match=/);
    await rows(page).first().getByRole("link", { name: '"build"' }).click();
    await page.waitForURL(/match=.*job.*#groups$/);
    expect(await page.getByLabel("Matchers").inputValue()).toBe('{branch="main", job="build"}');
  });

  it("says where a filter goes wrong", async () => {
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const response = await page.goto(`${server.url}?match={job=~%22a%22`);
    expect(response?.status()).toBe(400);
    const alert = page.getByRole("alert");
    expect(await alert.textContent()).toContain('expected a comma or "}"');
    expect(await page.getByLabel("Matchers").inputValue()).toBe('{job=~"a"');
  });

  it("goes through the pages and keeps the filter", async () => {
    const page = await open("?gateway=batch&sort=age");
    const pages = page.getByRole("navigation", { name: "Pages" });
    expect(await pages.locator("[aria-current=page]").textContent()).toBe("1");
    await pages.getByRole("link", { name: "Next" }).click();
    await page.waitForURL(/page=2/);
    await pages.getByRole("link", { name: "Page 3" }).click();
    await page.waitForURL(/page=3/);
    expect(new URL(page.url()).search).toBe("?gateway=batch&sort=age&page=3");
    expect(await rows(page).count()).toBe(43);
    expect(await pages.getByRole("link", { name: "Next" }).count()).toBe(0);
  });

  it("follows the system's theme until the reader chooses, and remembers the choice", async () => {
    const page = await open();
    const ground = (): Promise<string> =>
      page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
    const light = await ground();
    await page.emulateMedia({ colorScheme: "dark" });
    const dark = await ground();
    expect(dark).not.toBe(light);
    const toggle = page.getByRole("button", { name: "Dark" });
    expect(await toggle.getAttribute("aria-pressed")).toBe("true");
    await toggle.click();
    expect(await ground()).toBe(light);
    await page.reload();
    expect(await ground()).toBe(light);
    expect(await toggle.getAttribute("aria-pressed")).toBe("false");
  });

  it("refreshes by itself, but not while a field has the focus, and not when it is switched off", async () => {
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.clock.install();
    await page.goto(server.url);
    const refresh = page.getByRole("button", { name: "Refresh" });
    await page.clock.runFor(10_000);
    expect(await refresh.innerText()).toBe("Refresh 50 s");
    await page.getByLabel("Matchers").focus();
    await page.clock.runFor(120_000);
    expect(await refresh.innerText()).toBe("Refresh 50 s");
    await page.getByLabel("Matchers").blur();
    await Promise.all([page.waitForEvent("load"), page.clock.runFor(50_000).catch(() => {})]);
    await refresh.click();
    expect(await refresh.innerText()).toBe("Refresh off");
    expect(await refresh.getAttribute("aria-pressed")).toBe("false");
  });

  it("works without JavaScript", async () => {
    const page = await open("", { javaScriptEnabled: false });
    expect(await page.getByRole("button", { name: "Dark" }).isVisible()).toBe(false);
    await page.getByLabel("Matchers").fill('{job="build"}');
    await page.getByRole("button", { name: "Filter" }).click();
    await page.waitForURL(/match=/);
    expect(await rows(page).count()).toBe(1);
    await rows(page).getByText("Details").click();
    expect(await rows(page).getByText("ci: matches, decides").isVisible()).toBe(true);
    await page.getByRole("link", { name: "Clear" }).click();
    await page.waitForURL((url) => !url.search.includes("match"));
    expect(await rows(page).count()).toBe(100);
  });

  it("can be read aloud: names of tables, columns, rows, fields and bars", async () => {
    const page = await open("?rule=ci");
    const table = page.getByRole("table", { name: "Groups: their verdicts, ages and when they expire" });
    const columns = await table.getByRole("columnheader").allTextContents();
    expect(columns).toEqual(["Group", "Verdict", "Rule", "Age / TTL", "Expires, UTC", "Series"]);
    expect(await table.locator("[aria-sort=ascending]").textContent()).toBe("Expires, UTC");
    const row = table.getByRole("row").filter({ has: page.getByRole("rowheader", { name: /runner-2/ }) });
    const bar = row.getByRole("meter", { name: "TTL used" });
    expect(await bar.getAttribute("aria-valuetext")).toBe("95 %");
    for (const name of ["Matchers", "Reason", "Rule", "Gateway"]) {
      expect(await page.getByRole("search").getByLabel(name, { exact: true }).count()).toBe(1);
    }
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the groups");
  });

  it.each([390, 768, 1360])("fits a screen of %i pixels", async (width) => {
    const page = await open("", { viewport: { width, height: 900 } });
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    const overflows =
      "[...document.querySelectorAll('.scroll')].map((one) => one.scrollWidth - one.clientWidth)";
    expect(await page.evaluate(overflows)).toEqual([0, 0]);
    const small = await page
      .locator("a:not(.skip), button, summary, select, input:not([type=hidden])")
      .evaluateAll((all) =>
        all.flatMap((one) => {
          const { width, height } = one.getBoundingClientRect();
          return width > 0 && height < 24 ? [`${one.outerHTML.slice(0, 80)}: ${height}`] : [];
        }),
      );
    expect(small).toEqual([]);
  });
});
