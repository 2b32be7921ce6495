import { describe, expect, test } from "vitest";
import { send } from "../../http.ts";
import { bytesField, doubleField, uintField } from "../../protobuf.ts";
import { push, pushFamily } from "../../push.ts";
import { failureTime, pushTime, readGroup, readGroups, readLabels, targets } from "./targets.ts";

const unixSeconds = () => Date.now() / 1000;

describe.each(targets)("$name", ({ start }) => {
  describe("a push", () => {
    test("creates a group with its push time and no failure time", async () => {
      const { url } = await start();
      const before = unixSeconds();
      expect(await push(url, { job: "a", instance: "x" }, "up 1\n")).toEqual({ status: 200, body: "" });
      const group = await readGroup(url, { job: "a", instance: "x" });
      expect(group).toMatchObject({ last_push_successful: true });
      expect(pushTime(group)).toBeGreaterThanOrEqual(before - 0.01);
      expect(pushTime(group)).toBeLessThanOrEqual(unixSeconds() + 0.01);
      expect(failureTime(group)).toBe(0);
      expect(Date.parse(group?.push_time_seconds.time_stamp ?? "") / 1000).toBeCloseTo(pushTime(group), 2);
    });

    test("without a body still creates its group", async () => {
      const { url } = await start();
      expect((await push(url, { job: "a" }, "")).status).toBe(200);
      expect(await readLabels(url)).toEqual([{ job: "a" }]);
    });

    test("by PUT replaces all families of its group, by POST only those it brings", async () => {
      const { url } = await start();
      await push(url, { job: "a" }, "one 1\ntwo 2\n");
      await push(url, { job: "a" }, "two 22\n", { method: "POST" });
      expect(await readGroup(url, { job: "a" })).toMatchObject({
        one: { metrics: [{ value: "1" }] },
        two: { metrics: [{ value: "22" }] },
      });
      await push(url, { job: "a" }, "two 222\n");
      const group = await readGroup(url, { job: "a" });
      expect(group).toMatchObject({ two: { metrics: [{ value: "222" }] } });
      expect(group).not.toHaveProperty("one");
    });

    test("gets the grouping labels, and an empty instance where there is none", async () => {
      const { url } = await start();
      await push(url, { job: "a", shard: "1" }, 'x{job="other",zone="z"} 1\n');
      await push(url, { job: "b" }, 'x{instance="own"} 1\n');
      expect(await readGroup(url, { job: "a", shard: "1" })).toMatchObject({
        x: { metrics: [{ labels: { job: "a", shard: "1", zone: "z", instance: "" }, value: "1" }] },
      });
      expect(await readGroup(url, { job: "b" })).toMatchObject({
        x: { metrics: [{ labels: { job: "b", instance: "own" } }] },
      });
    });

    test("is not read further than its first mistake, and then changes nothing", async () => {
      const { url } = await start();
      for (const [body, message] of MALFORMED) {
        const { status, body: text } = await push(url, { job: "a" }, body);
        expect({ body, status, text }).toEqual({
          body,
          status: 400,
          text: `text format parsing error in line ${message}\n`,
        });
      }
      expect(await readGroups(url)).toEqual([]);
    });

    test("may hold what the text format allows", async () => {
      const { url } = await start();
      for (const body of ALLOWED) {
        const { status, body: text } = await push(url, { job: "a" }, body);
        expect({ body, status, text }).toEqual({ body, status: 200, text: "" });
      }
    });

    test("in protobuf is the same as in text", async () => {
      const { url } = await start();
      const label = bytesField(1, Buffer.concat([bytesField(1, "kind"), bytesField(2, "k")]));
      const metric = bytesField(4, Buffer.concat([label, bytesField(3, doubleField(1, 2.5))]));
      const family = Buffer.concat([
        bytesField(1, "p_total"),
        bytesField(2, "Help."),
        uintField(3, 0),
        metric,
      ]);
      expect((await pushFamily(url, { job: "a" }, family)).status).toBe(200);
      expect(await readGroup(url, { job: "a" })).toMatchObject({
        p_total: {
          type: "COUNTER",
          help: "Help.",
          metrics: [{ labels: { kind: "k", job: "a" }, value: "2.5" }],
        },
      });
    });

    test("is answered with 202 where pushes are not checked, whatever it does", async () => {
      const { url } = await start({ checkConsistency: false });
      expect((await push(url, { job: "a" }, "x 1\n")).status).toBe(202);
      expect((await push(url, { job: "a", instance: "" }, "x 1\n")).status).toBe(202);
      await expect.poll(() => readLabels(url)).toEqual([{ instance: "", job: "a" }, { job: "a" }]);
      expect((await send(url, { path: "/metrics" })).status).toBe(500);
    });
  });
});

const MALFORMED: readonly (readonly [body: string, message: string])[] = [
  ["x 1", "1: unexpected end of input stream"],
  ["# comment", "1: unexpected end of input stream"],
  ["x{ 1\n", '1: invalid label name for metric "x"'],
  ["x{b} 1\n", "1: expected '=' after label name, found '}'"],
  ["x{b=1} 1\n", "1: expected '\"' at start of label value, found '1'"],
  ['x{b="1" 1\n', '1: unexpected end of label value "1"'],
  ['x{b="\\q"} 1\n', "1: invalid escape sequence '\\q'"],
  ['x{b="1",b="2"} 1\n', '1: duplicate label names for metric "x"'],
  ['x{__name__="1"} 1\n', '1: label name "__name__" is reserved'],
  ['x{b="c",,} 1\n', '1: invalid label name for metric "x"'],
  ["x 0x1\n", '1: expected float as value, got "0x1"'],
  ["x 1_0\n", '1: expected float as value, got "1_0"'],
  ["x 1e400\n", '1: expected float as value, got "1e400"'],
  ["x 1\r\n", '1: expected float as value, got "1\\r"'],
  ["x-y 1\n", '1: expected float as value, got "-y"'],
  ["x 1 \n", '1: expected integer as timestamp, got ""'],
  ["x 1 y\n", '1: expected integer as timestamp, got "y"'],
  ["x 1 5 6\n", '1: spurious string after timestamp: " 6"'],
  ["-x 1\n", "1: invalid metric name"],
  [
    "y 1\n\n# TYPE x gauge\n# TYPE x gauge\n",
    '4: second TYPE line for metric name "x", or TYPE reported after samples',
  ],
  ["x 1\n# TYPE x counter\n", '2: second TYPE line for metric name "x", or TYPE reported after samples'],
  ["# HELP x y\n# HELP x y\n", '2: second HELP line for metric name "x"'],
  ["# HELP x \\q\n", "1: invalid escape sequence '\\q'"],
  ["# TYPE x foo\n", '1: unknown metric type "foo"'],
  ['# TYPE x summary\nx{quantile="y"} 1\n', "2: expected float as value for 'quantile' label, got \"y\""],
];

const ALLOWED: readonly string[] = [
  "",
  "  \t",
  "\n\n# a comment\n#\n# HELP x\n",
  " x\t1\n",
  'x {a="b"} 1\n',
  'x{a="b"}1\n',
  'x{ a = "b" , } 1\n',
  "x{} 1\n",
  "# TYPE x GAUGE\nx .5\n",
  "# TYPE x summary\nx 5\n",
  "# TYPE x summary\nx_count 5\nx_sum 3\nx_bucket 3\n",
  'x{quantile="1",le="2"} 1\n',
];
