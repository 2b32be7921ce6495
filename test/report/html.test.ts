import { describe, expect, it } from "vitest";
import { renderHtml, type PageState } from "../../src/report/html/page.ts";
import { numbersAround } from "../../src/report/html/groups.ts";
import { dark, light } from "../../src/report/html/page-style.ts";
import { parseReportQuery } from "../../src/report/query.ts";
import { addToKnown, type GatewayReport } from "../../src/core/report.ts";
import { createLabels } from "../../src/core/labels.ts";
import { group, now, ttlRule } from "../support/core-values.ts";
import { hostileValues } from "../support/hostile.ts";
import { readMarkup } from "../support/markup.ts";
import { pageState, plannedGateway, renderQuery } from "../support/page-state.ts";
import { entry, gatewayReport, sweepReport, unreadGateway } from "../support/reports.ts";
import { whole } from "../support/whole.ts";

const rules = [ttlRule(3600, { name: "hour" })];

function render(state: PageState, query = ""): string {
  return whole(renderQuery(state, parseReportQuery(new URLSearchParams(query))));
}

/** A report in which everything that others wrote is `value`. */
function hostileReport(value: string): PageState["report"] {
  const rules = [ttlRule(3600, { name: value })];
  const gateway = plannedGateway([group({ job: value, [value || "x"]: value }, 60)], rules, {
    name: value,
    url: value,
    status: "partial",
    error: { code: value, message: value },
    notes: [value],
  });
  return sweepReport([gateway, plannedGateway([], rules)]);
}

describe("the page", () => {
  it.each(hostileValues)("is well-formed and keeps its structure with %s everywhere", (_, value) => {
    const names = (text: string): string[] => {
      const state = pageState(hostileReport(text), {
        configProblem: text,
        schedule: text,
        timezone: text,
        version: text,
        recentDeletions: [{ at: now, gateway: text, labels: createLabels([["job", text]]), rule: text }],
      });
      const query = new URLSearchParams({ match: text, rule: text, gateway: text }).toString();
      return readMarkup(render(state, query)).map(({ name }) => name);
    };
    // The number of these depends on the value.
    const optional = new Set("details summary div p mark bdi a option span table code".split(" "));
    const essential = (all: readonly string[]): readonly string[] =>
      all.filter((name) => !optional.has(name));
    const harmless = new Set([
      ...essential(names("{job=")),
      ...essential(names("")),
      ...essential(names("a=b")),
    ]);
    for (const name of new Set(essential(names(value)))) expect(harmless).toContain(name);
  });

  it("has nothing that the Content-Security-Policy would stop", () => {
    const elements = readMarkup(render(pageState(hostileReport("<b>"))));
    for (const { name, attributes } of elements) {
      expect([...attributes.keys()].filter((key) => key === "style" || key.startsWith("on"))).toEqual([]);
      const active = name === "script" || name === "style";
      expect(attributes.get("nonce")).toBe(active ? "bm9uY2U=" : undefined);
      expect(attributes.get("href") ?? "?").toMatch(
        /^(?:\?|#|api\/|metrics|config|group\?|data:image\/svg\+xml,[^<>"]+$)/,
      );
    }
    expect(elements.filter(({ name }) => name === "script" || name === "style")).toHaveLength(2);
  });

  it("gives every id once", () => {
    const elements = readMarkup(render(pageState(hostileReport("x")), "match=%7B"));
    const ids = elements.flatMap(({ attributes }) => attributes.get("id") ?? []);
    expect(ids).toEqual([...new Set(ids)]);
    for (const { attributes } of elements) {
      for (const key of ["aria-labelledby", "aria-describedby", "for"]) {
        expect([undefined, ...ids]).toContain(attributes.get(key));
      }
    }
  });

  it("says before the first read when a sweep is due, and lists the gateways all the same", () => {
    const text = render(pageState(null));
    expect(text).toContain("The first sweep is due");
    expect(text).toContain("Not read yet");
  });

  it("names the problem of a gateway and what to do", () => {
    const text = render(pageState(sweepReport([unreadGateway("timeout")])));
    expect(text).toContain("Not readable");
    expect(text).toContain("Is it overloaded?");
    expect(text).toContain("<title>1 failed, pushgateway-janitor</title>");
  });

  const empty = plannedGateway([], rules);
  const dead = unreadGateway("unreachable", { name: "dead" });
  it.each<[string, readonly GatewayReport[], string]>([
    ["empty gateways", [empty], "The gateways hold no groups."],
    ["no gateway", [], "No gateway is known."],
    ["a gateway that was never read", [dead], "The groups of dead are not known."],
    ["both", [empty, dead], "The gateways hold no groups. The groups of dead are not known."],
  ])("distinguishes an empty gateway from an unknown one: %s", (_, gateways, expected) => {
    expect(render(pageState(sweepReport(gateways)))).toContain(`role="status">${expected}</p>`);
  });

  const down = (index: number): GatewayReport =>
    unreadGateway("unreachable", {
      name: `gw-${index}`,
      url: `http://10.0.0.${index}:9091`,
      error: {
        code: "unreachable",
        message: `GET http://10.0.0.${index}:9091/api/v1/status: connect ECONNREFUSED 10.0.0.${index}:9091`,
      },
    });

  it("says what forty gateways have in common once, and lists more than eight of them in a table", () => {
    const forty = Array.from({ length: 40 }, (_, index) => down(index));
    const text = render(pageState(sweepReport(forty)));
    expect(text.split('<li class="bad">')).toHaveLength(2);
    expect(text).toMatch(/<b>40 gateways<\/b>.*gw-0<\/bdi>, <bdi>gw-1<.*gw-9<\/bdi> and 30 more</s);
    expect(text).toContain("<title>40 failed, pushgateway-janitor</title>");
    expect(text).toContain('<table class="gateways">');
    expect(render(pageState(sweepReport(forty.slice(0, 8))))).not.toContain('<table class="gateways">');
  });

  it("shows withheld groups at the top, with the command that lets them pass and a link to exactly them", () => {
    const command = "pushgateway-janitor once --only=a --limits.max-deletes=2";
    const message = `2 of 3 groups have expired. This lets them pass once: ${command}`;
    const entries = [
      entry({ verdict: "withhold", reason: "max_deletes" }),
      entry({ verdict: "withhold", reason: "max_deletes" }, { ageSeconds: 7300 }),
      entry({ verdict: "withhold", reason: "archive_failed" }, { ageSeconds: 7400 }),
    ];
    const limited = gatewayReport(entries, {
      name: "a",
      status: "withheld",
      error: { code: "max_deletes", message, command },
    });
    const text = render(pageState(sweepReport([limited])));
    const link = "?verdict=withhold&reason=max_deletes&gateway=a";
    expect(text).toMatch(
      new RegExp(`lets them pass once: .*<pre class="command" tabindex="0">${command}</pre>`, "s"),
    );
    expect(text).toContain(`href="${link.replaceAll("&", "&#38;")}#groups"`);
    expect(render(pageState(sweepReport([limited])), link)).toContain(">2 groups, the next to expire first<");
    expect(text).toContain("<title>3 withheld, pushgateway-janitor</title>");
  });

  it("counts the groups of rules and verdicts that pass the matchers", () => {
    const groups = [group({ job: "a" }, 60), group({ job: "b" }, 60), group({ job: "b", x: "1" }, 7200)];
    const text = render(pageState(sweepReport([plannedGateway(groups, rules)])), 'match={job="b"}');
    expect(text).toMatch(
      /Of groups that match <code>.*data-title="Groups">\s*2\s*<.*All <span class="count">2</s,
    );
    expect(text).toMatch(/Delete <span class="count">1</);
  });

  it("links where it is explained which time ages do not include", () => {
    const gateway = plannedGateway([group({ job: "a" }, 60)], rules);
    const snapshot = gateway.snapshot && { ...gateway.snapshot, outage: { endedAt: now, seconds: 129 } };
    expect(render(pageState(sweepReport([{ ...gateway, snapshot }])))).toMatch(
      /Ages do not include 2m9s.*\(<a href="https:[^"]+\/docs\/guarantees\.md#restarts" rel="noreferrer">docs\/guarantees\.md#restarts<\/a>\)/,
    );
  });

  it("unfolds a group to its decision, as explain prints it", () => {
    const state = pageState(sweepReport([plannedGateway([group({ job: "a" }, 7200)], rules)]), { rules });
    const text = render(state);
    for (const line of [
      "hour: matches, decides",
      "Rule hour: more than 1h after its last push, failed pushes included, it is deleted (ttl_expired).",
      "Its last push was 2h ago, and its TTL is 1h: it expired 1h ago.",
      "delete (ttl_expired): older than its TTL.",
    ])
      expect(text).toContain(`<li>${line}</li>`);
    expect(text).not.toContain("The rules have changed");
    expect(render({ ...state, rules: [] })).toContain("The rules have changed since");
  });

  it("has the command that puts back what was deleted, where there is an archive", () => {
    const deletion = { at: now, gateway: "g", labels: createLabels([["job", "a"]]), rule: "hour" };
    const state = pageState(sweepReport([]), { recentDeletions: [deletion] });
    expect(render({ ...state, restoreCommand: () => "restore it" })).toMatch(/Put it back.*>restore it</s);
    expect(render(state)).not.toContain("Put it back");
  });

  it("shows the last known groups of a gateway that cannot be read, and their age", () => {
    const read = sweepReport([plannedGateway([group({ job: "a" }, 60)], rules)], { dryRun: true });
    const state = addToKnown(
      addToKnown(null, read, "read"),
      sweepReport([unreadGateway("timeout")]),
      "sweep",
    );
    const text = render(pageState(state));
    expect(text).toMatch(
      /Not readable.*<dt>Last seen<\/dt>\s*<dd><time[^>]*>08:00<\/time> UTC, 1 group \(<time[^>]*>2m ago</s,
    );
    expect(text).toMatch(/class="where"\s*>last seen <time/);
    expect(text).not.toContain('<dl class="counts">');
  });

  it("shows the plan before the first sweep, and that there was no sweep", () => {
    const read = sweepReport([plannedGateway([group({ job: "a" }, 7200)], rules)], { dryRun: true });
    const text = render(pageState(addToKnown(null, read, "read"), { lastSweepAt: null, dryRun: false }));
    expect(text).toMatch(
      /No sweep yet.*<dt>to delete<\/dt>.*<dt>Last sweep<\/dt>\s*<dd>none yet<.*<dt>Read</s,
    );
    expect(text).not.toContain("Dry run");
    expect(text).not.toContain(">Deleted<");
  });

  it("says nothing of deletions before the start where they are not known", () => {
    const report = sweepReport([empty]);
    expect(render(pageState(report))).toContain("Nothing.</p>");
    expect(render(pageState(report, { deletionsSince: now }))).toMatch(
      /Nothing since the start <time[^>]*>2m ago/,
    );
  });

  it("says where a filter goes wrong, and keeps it in its field", () => {
    const text = render(pageState(sweepReport([plannedGateway([], rules)])), "match={job=~%22a");
    expect(text).toContain('value="{job=~&#34;a"');
    expect(text).toContain('aria-invalid="true"');
    expect(text).not.toContain("Of groups that match");
    expect(text).toContain("is never closed");
  });

  it("is of a bounded length, however long the labels, names, notes and the filter are", () => {
    const long = `${"<".repeat(300_000)}${"漢".repeat(300_000)}`;
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`label_${index}`, "x"]));
    const gateway = plannedGateway([group({ job: long, [long]: long }, 60), group(many, 60)], rules, {
      error: { code: "timeout", message: long },
      notes: [long],
    });
    const state = pageState(sweepReport([gateway]), {
      configProblem: long,
      recentDeletions: [{ at: now, gateway: "g", labels: createLabels([["job", long]]), rule: "hour" }],
    });
    const text = render(state, new URLSearchParams({ match: `{job="${long}"}`, rule: long }).toString());
    expect(text.length).toBeLessThan(200_000);
    expect(render(state).length).toBeLessThan(200_000);
    expect(render(state)).toContain("600000 characters");
    expect(render(state)).toMatch(/… \d+ more labels/);
  });

  it("points from behind the last page to the last", () => {
    const text = render(pageState(sweepReport([plannedGateway([group({ job: "a" }, 1)], rules)])), "page=9");
    expect(text).toContain("There is no page 9");
  });

  it.each([
    [1, 1, [1]],
    [1, 3, [1, 2, 3]],
    [1, 9, [1, 2, null, 9]],
    [4, 9, [1, 2, 3, 4, 5, null, 9]],
    [5, 9, [1, null, 4, 5, 6, null, 9]],
    [9, 9, [1, null, 8, 9]],
  ])("on page %i of %i shows the ways to %j", (page, pages, numbers) => {
    expect(numbersAround(page, pages)).toEqual(numbers);
  });
});

describe("the file that is mailed", () => {
  it.each(hostileValues)(
    "is one well-formed document without links, and with no script but its own, with %s in it",
    (_, value) => {
      const report = hostileReport(value);
      if (report === null) throw new Error("no report");
      const elements = readMarkup(whole(renderHtml(report)));
      for (const { name, attributes } of elements) {
        expect(["a", "form", "img", "link", "iframe"]).not.toContain(name);
        expect(attributes.has("href") || attributes.has("src")).toBe(false);
      }
      expect(elements.filter(({ name }) => name === "script")).toHaveLength(1);
    },
  );

  it("has a line for every group of every gateway", () => {
    const gateways = [2, 0, 1].map((count) =>
      plannedGateway(
        Array.from({ length: count }, (_, index) => group({ job: `${index}` }, 60)),
        rules,
      ),
    );
    const text = whole(renderHtml(sweepReport(gateways)));
    expect(text.split('<td class="expires">').length - 1).toBe(3);
    expect(whole(renderHtml(sweepReport([])))).toMatch(/<\/html>\n$/);
  });

  it("counts from the moment that it is about", () => {
    const gateway = plannedGateway([group({ job: "a" }, 60)], rules);
    const snapshot = gateway.snapshot && { ...gateway.snapshot, takenAt: now, plannedFor: now + 1800 };
    expect(whole(renderHtml(sweepReport([{ ...gateway, snapshot }])))).toContain(">in 29m<");
  });
});

describe("the colours", () => {
  const texts = ["ink", "muted", "accent", "good", "warn", "bad"] as const;
  const grounds = ["paper", "card", "soft"] as const;

  it.each([
    ["light", light],
    ["dark", dark],
  ])("of the %s theme can be read (WCAG AA)", (_, palette) => {
    const pairs = [
      ...texts.flatMap((text) => grounds.map((ground) => [text, ground] as const)),
      ["accent", "accent-soft"],
      ["good", "good-soft"],
      ["warn", "warn-soft"],
      ["bad", "bad-soft"],
      ["ink", "warn-soft"],
      ["ink", "bad-soft"],
      ["on-accent", "accent"],
      ["on-accent", "accent-strong"],
      ["paper", "ink"],
      ["card", "bad"],
    ] as const;
    for (const [text, ground] of pairs) {
      expect([text, ground, contrast(palette[text], palette[ground]) >= 4.5]).toEqual([text, ground, true]);
    }
    for (const graphic of ["edge", "early", "late", "bad"] as const) {
      expect([graphic, contrast(palette[graphic], palette.card) >= 2.5]).toEqual([graphic, true]);
    }
  });
});

/** As WCAG 2 defines it. */
function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
