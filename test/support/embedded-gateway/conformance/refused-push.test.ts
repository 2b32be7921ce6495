import { describe, expect, test } from "vitest";
import { getText } from "../../http.ts";
import { deleteGroup, emptyFamilyPush, push } from "../../push.ts";
import { failureTime, pushTime, readGroup, readLabels, targets } from "./targets.ts";

const unixSeconds = () => Date.now() / 1000;

const REFUSED = "pushed metrics are invalid or inconsistent with existing metrics";

describe.each(targets)("$name", (target) => {
  const { start } = target;

  describe("a refused push", () => {
    test("creates its group, never pushed and with a failure time", async () => {
      const { url } = await start();
      const { status, body } = await push(url, { job: "a" }, "x 1 1600000000000\n");
      expect(status).toBe(target.refusal);
      const reason = "pushed metrics must not have timestamps";
      expect(body).toBe(target.refusal === 400 ? `${REFUSED}: ${reason}\n` : "");
      const group = await readGroup(url, { job: "a" });
      expect(group).toMatchObject({ last_push_successful: false });
      expect(group).not.toHaveProperty("x");
      expect(pushTime(group)).toBe(0);
      expect(failureTime(group)).toBeCloseTo(unixSeconds(), -1);
    });

    test("leaves the metrics and the push time of its group as they were", async () => {
      const { url } = await start();
      await push(url, { job: "a" }, "x 1\n");
      const before = await readGroup(url, { job: "a" });
      expect((await push(url, { job: "a" }, "x 2\nx 3\n")).status).toBe(target.refusal);
      const after = await readGroup(url, { job: "a" });
      expect(after?.["x"]).toEqual(before?.["x"]);
      expect(pushTime(after)).toBe(pushTime(before));
      expect(failureTime(after)).toBeGreaterThan(pushTime(after));
    });

    test("is remembered after the next success, which is the later of the two", async () => {
      const { url } = await start();
      await push(url, { job: "a" }, "x 1\nx 1\n");
      const failed = failureTime(await readGroup(url, { job: "a" }));
      expect((await push(url, { job: "a" }, "x 1\n")).status).toBe(200);
      const group = await readGroup(url, { job: "a" });
      expect(group?.last_push_successful).toBe(true);
      expect(failureTime(group)).toBe(failed);
      expect(pushTime(group)).toBeGreaterThanOrEqual(failed);
    });

    test.each([
      [
        "a type that another group contradicts",
        "# TYPE x counter\nx 1\n",
        "# TYPE x gauge\nx 1\n",
        "is not a ",
      ],
      [
        "a name that a histogram of another group owns",
        "# TYPE x histogram\nx_count 1\n",
        "x_count 1\n",
        "collides",
      ],
      [
        "a series that comes twice",
        "",
        "x 1\nx 2\n",
        "was collected before with the same name and label values",
      ],
      ["a reserved label name", "", 'x{__y="1"} 1\n', "has a label with an invalid name: __y"],
    ])("is what %s leads to", async (_, first, second, message) => {
      const { url } = await start();
      await push(url, { job: "first" }, first);
      const { status, body } = await push(url, { job: "second" }, second);
      expect(status).toBe(target.refusal);
      expect(body).toContain(target.refusal === 400 ? message : "");
    });
  });

  describe("push_failure_time_seconds", () => {
    const forgery = "# TYPE push_failure_time_seconds gauge\npush_failure_time_seconds 99999999999\n";

    test("can be pushed, but not in the first push of a group; push_time_seconds never", async () => {
      const { url } = await start();
      await push(url, { job: "a" }, forgery);
      expect(failureTime(await readGroup(url, { job: "a" }))).toBe(0);
      await push(url, { job: "a" }, `${forgery}# TYPE push_time_seconds gauge\npush_time_seconds 5\n`);
      const group = await readGroup(url, { job: "a" });
      expect(group?.last_push_successful).toBe(false);
      expect(failureTime(group)).toBe(99_999_999_999);
      expect(pushTime(group)).toBeCloseTo(unixSeconds(), -1);
      expect(Date.parse(group?.push_failure_time_seconds.time_stamp ?? "")).toBeCloseTo(Date.now(), -4);
    });

    test("without a sample breaks the API, and nothing else, until its group is deleted", async () => {
      const { url } = await start();
      await push(url, { job: "other" }, "x 1\n");
      await emptyFamilyPush(url, { job: "evil" });
      await expect(getText(url, "/api/v1/metrics")).rejects.toThrow("socket hang up");
      expect(await getText(url, "/metrics")).toContain('push_time_seconds{instance="",job="other"}');
      expect((await push(url, { job: "other" }, "x 2\n")).status).toBe(200);
      await deleteGroup(url, { job: "evil" });
      await push(url, { job: "other" }, "x 3\n");
      expect(await readLabels(url)).toEqual([{ job: "other" }]);
    });
  });
});
