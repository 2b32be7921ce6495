import { describe, expect, test } from "vitest";
import { getText, send } from "../../http.ts";
import { push } from "../../push.ts";
import { ALL_TYPES } from "./samples.ts";
import { targets } from "./targets.ts";

describe.each(targets)("$name", ({ start }) => {
  describe("GET /metrics", () => {
    test("shows all groups together, each family once", async () => {
      const { url } = await start();
      await push(
        url,
        { job: "b", instance: "i" },
        '# HELP x Help \\\\ text.\n# TYPE x gauge\nx{z="q\\"q"} 1e6\n',
      );
      await push(url, { job: "a" }, "# HELP x Help \\\\ text.\n# TYPE x gauge\nx -0\n");
      const text = await getText(url, "/metrics");
      expect(text).toContain(
        "# HELP x Help \\\\ text.\n# TYPE x gauge\n" +
          'x{instance="",job="a"} 0\nx{instance="i",job="b",z="q\\"q"} 1e+06\n',
      );
      expect(text).toMatch(
        /# TYPE push_failure_time_seconds gauge\npush_failure_time_seconds\{instance="",job="a"\} 0\n/,
      );
      expect(text).toMatch(/\npush_time_seconds\{instance="i",job="b"\} 1\.\d+e\+09\n/);
    });

    test("writes summaries and histograms as several lines", async () => {
      const { url } = await start();
      await push(url, { job: "a" }, ALL_TYPES);
      const lines = (await getText(url, "/metrics")).split("\n").filter((line) => /^[hs][_{]/.test(line));
      expect(lines).toEqual([
        'h_bucket{instance="",job="a",le="0.1"} 1',
        'h_bucket{instance="",job="a",le="+Inf"} 3e+06',
        'h_sum{instance="",job="a"} 2e+07',
        'h_count{instance="",job="a"} 3e+06',
        's{instance="",job="a",quantile="0.5"} 1',
        's{instance="",job="a",quantile="0.99"} +Inf',
        's_sum{instance="",job="a"} 7.5',
        's_count{instance="",job="a"} 2e+06',
      ]);
    });

    test("is compressed for those who ask for it", async () => {
      const { url } = await start();
      const { status, headers } = await send(url, {
        path: "/metrics",
        headers: { "accept-encoding": "gzip" },
      });
      expect(status).toBe(200);
      expect(headers["content-encoding"]).toBe("gzip");
      expect(headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4; charset=utf-8/);
    });
  });
});
