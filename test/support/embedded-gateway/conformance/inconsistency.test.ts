import { describe, expect, test } from "vitest";
import { send } from "../../http.ts";
import { deleteGroup, push } from "../../push.ts";
import { failureTime, pushTime, readGroup, readLabels, targets } from "./targets.ts";

const NO_UTF8 = Buffer.from([0x61, 0xff, 0xc3, 0x28]);

describe.each(targets)("$name", (target) => {
  const { start } = target;

  describe("an inconsistent gateway", () => {
    test.each([
      [
        "a group that differs from another only by an empty instance",
        { job: "d" },
        { job: "d", instance: "" },
      ],
      ["a label value that is not UTF-8", { job: "d" }, { job: "n", x: NO_UTF8 }],
    ])("is what %s makes; all pushes fail until it is deleted", async (_, healthy, offender) => {
      const { url } = await start();
      await push(url, healthy, "x 1\n");
      const pushed = pushTime(await readGroup(url, healthy));
      expect((await push(url, offender, "x 1\n")).status).toBe(target.refusal);

      expect((await push(url, healthy, "x 1\n")).status).toBe(target.refusal);
      expect((await push(url, { job: "bystander" }, "y 1\n")).status).toBe(target.refusal);
      const metrics = await send(url, { path: "/metrics" });
      expect(metrics.status).toBe(500);
      expect(metrics.body).toMatch(
        /^An error has occurred while serving metrics:\n\n\d+ error\(s\) occurred:\n\* collected/,
      );
      expect((await send(url, { path: "/-/healthy" })).status).toBe(200);
      expect((await send(url, { path: "/-/ready" })).status).toBe(200);
      const group = await readGroup(url, healthy);
      expect(pushTime(group)).toBe(pushed);
      expect(failureTime(group)).toBeGreaterThan(pushed);

      expect((await deleteGroup(url, offender)).status).toBe(202);
      expect((await push(url, { job: "bystander" }, "y 1\n")).status).toBe(200);
      expect((await send(url, { path: "/metrics" })).status).toBe(200);
    });

    test("shows a byte that is not UTF-8 as U+FFFD", async () => {
      const { url } = await start();
      await push(url, { job: "n", x: NO_UTF8 });
      expect(await readLabels(url)).toEqual([{ job: "n", x: "a\u{fffd}\u{fffd}(" }]);
      await deleteGroup(url, { job: "n", x: "a\u{fffd}\u{fffd}(" });
      await push(url, { job: "later" });
      expect(await readLabels(url)).toHaveLength(2);
    });
  });
});
