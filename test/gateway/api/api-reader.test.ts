import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Group } from "../../../src/core/group.ts";
import { labelsToObject } from "../../../src/core/labels.ts";
import { parseRawGroup } from "../../../src/gateway/api/api-reader.ts";
import { RequestError } from "../../../src/http/request-error.ts";
import { readChunks } from "../../support/api-answer.ts";
import { cutAnywhere } from "../../support/chunks.ts";
import { expectedGroup } from "./expected-group.ts";

const gauges = new Set(["push_ttl_seconds", "labels", "__proto__"]);

/** Hostile and ordinary names alike. */
const name = fc.oneof(
  fc.constantFrom(
    "job",
    "instance",
    "labels",
    "metrics",
    "value",
    "buckets",
    "time_stamp",
    "data",
    "status",
    "push_time_seconds",
    "push_failure_time_seconds",
    "push_ttl_seconds",
    "last_push_successful",
    "__proto__",
    "constructor",
  ),
  fc.string({ unit: "binary", maxLength: 5 }),
);
const value = fc.oneof(
  fc.constantFrom("0", "1.7953447495509727e+09", "NaN", "+Inf", "-5", "", "0x5"),
  fc.string({ unit: "binary", maxLength: 8 }),
);
const labels = fc.dictionary(name, value, { maxKeys: 4 });
const stamp = fc.constantFrom(
  "2026-11-24T12:00:00.5Z",
  "2026-11-24T13:00:00.123456789+01:00",
  "yesterday",
  "",
);
const plain = fc.record({ labels, value });
const summary = fc.record({ labels, quantiles: labels, count: value, sum: value });
const histogram = fc.record({ labels, buckets: fc.oneof(labels, fc.array(fc.constant({}))), count: value });
const family = fc.record(
  {
    time_stamp: stamp,
    type: fc.constantFrom("GAUGE", "SUMMARY", "HISTOGRAM"),
    help: fc.string({ unit: "binary", maxLength: 10 }),
    metrics: fc.array(fc.oneof(plain, summary, histogram), { maxLength: 3 }),
  },
  { requiredKeys: ["time_stamp", "type", "metrics"] },
);
const group = fc
  .tuple(
    fc.oneof(labels, family),
    fc.dictionary(name, family, { maxKeys: 5 }),
    fc.record(
      { push_time_seconds: family, push_failure_time_seconds: family, push_ttl_seconds: family },
      { requiredKeys: [] },
    ),
  )
  .map(([key, families, own]) =>
    // Whatever comes later counts; a family called `__proto__` must be a member like any other.
    Object.fromEntries(
      [
        ...Object.entries({ ...families, ...own }).filter(([one]) => one !== "labels"),
        ["labels", key] as const,
      ].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ),
  );

function plainGroup({ labels: key, ...rest }: Group): Record<string, unknown> {
  return { ...rest, labels: labelsToObject(key), gauges: [...rest.gauges] };
}

/** Without what is counted and decides nothing: of two families of one name, JSON.parse counts only one. */
function decisive(one: Group): unknown {
  return { ...plainGroup(one), holdsMetrics: null, series: null, nativeHistograms: null };
}

describe("the reader of the API", () => {
  it("reads the same as JSON.parse, wherever the chunks are cut", () => {
    fc.assert(
      fc.property(fc.array(group, { maxLength: 4 }), fc.infiniteStream(fc.nat(40)), (data, sizes) => {
        const bytes = Buffer.from(JSON.stringify({ status: "success", data }));
        const groups: unknown[] = [];
        const rawGroups: unknown[] = [];
        readChunks(
          cutAnywhere(bytes, sizes),
          (read) => {
            groups.push(plainGroup(read.group));
            rawGroups.push(parseRawGroup(read.raw()!));
          },
          { gauges },
        );
        const parsed = (JSON.parse(bytes.toString()) as { data: Record<string, unknown>[] }).data;
        expect(groups).toEqual(parsed.map((one, index) => plainGroup(expectedGroup(one, index, gauges))));
        expect(rawGroups).toEqual(parsed);
      }),
      { numRuns: 1500 },
    );
  });

  it("refuses a corrupted answer, or reads the same as JSON.parse", () => {
    fc.assert(
      fc.property(
        fc.array(group, { minLength: 1, maxLength: 2 }),
        fc.nat(),
        fc.nat(255),
        fc.infiniteStream(fc.nat(40)),
        (data, at, byte, sizes) => {
          const bytes = Buffer.from(JSON.stringify({ status: "success", data }));
          bytes[at % bytes.length] = byte;
          const groups: unknown[] = [];
          try {
            readChunks(cutAnywhere(bytes, sizes), (read) => groups.push(decisive(read.group)), { gauges });
          } catch (error) {
            if (error instanceof RequestError) return;
            throw error;
          }
          const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
          const parsed = JSON.parse(text) as { status: string; data: Record<string, unknown>[] };
          expect(parsed.status).toBe("success");
          expect(groups).toEqual(
            parsed.data.map((one, index) => decisive(expectedGroup(one, index, gauges))),
          );
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("refuses an incomplete answer", () => {
    const bytes = Buffer.from('{"status":"success","data":[{"labels":{"job":"a"}}]}\n');
    for (let end = 0; end < bytes.length - 1; end += 1) {
      expect(() => readChunks([bytes.subarray(0, end)], () => {})).toThrow(RequestError);
    }
    expect(() => readChunks([bytes], () => {})).not.toThrow();
  });

  const key = '"labels":{"job":"a"}';
  it.each([
    ["a login page", "<html><body>Sign in</body></html>", "the answer is a web page"],
    ["nothing", "", "the answer is not valid JSON (cut off"],
    ["a list", "[]", "the answer is not the Pushgateway's API"],
    ["a number", "5", "the answer is not the Pushgateway's API"],
    ["no status", '{"data":[]}', "the answer is not the Pushgateway's API"],
    ["no data", '{"status":"success"}', "data is not a list of groups"],
    ["data that is null", '{"status":"success","data":null}', "data is not a list of groups"],
    ["data that is an object", '{"status":"success","data":{}}', "data is not a list of groups"],
    ["an error", '{"status":"error","data":null,"error":"full"}', "the gateway reports an error: full"],
    ["a long error", `{"status":"error","error":"${"full ".repeat(1e6)}"}`, "the gateway reports an error"],
    ["an error behind its groups", `{"data":[{${key}}],"status":"error"}`, "the gateway reports an error"],
    ["data twice", '{"data":[],"data":[],"status":"success"}', '"data" is there twice'],
    ["a group that is a text", '{"status":"success","data":["a"]}', "data is not a list of groups"],
    ["a group that is a list", '{"status":"success","data":[[]]}', "data is not a list of groups"],
    ["a text behind a group", `{"status":"success","data":[{${key}},"a"]}`, "data[1] cannot be read"],
    ["a group without labels", `{"data":[{${key}},{}],"status":"success"}`, "data[1] cannot be read"],
    ["labels twice", `{"status":"success","data":[{${key},${key}}]}`, "a name is there twice in one object"],
    [
      "a push time twice",
      `{"status":"success","data":[{${key},"push_time_seconds":{},"push_time_seconds":{}}]}`,
      "a name is there twice in one object",
    ],
    [
      "a family with two lists",
      `{"status":"success","data":[{${key},"a":{"metrics":[],"more":[]}}]}`,
      "a family has two lists",
    ],
    [
      "the series of a family twice",
      `{"status":"success","data":[{${key},"a":{"metrics":[],"metrics":[]}}]}`,
      "a name is there twice in one object",
    ],
    [
      "a status twice",
      `{"status":"success","data":[{${key}}],"status":"success"}`,
      "a name is there twice in one object",
    ],
    [
      "groups elsewhere",
      `{"status":"success","other":{"data":[{${key}}]},"data":{}}`,
      "data is not a list of groups",
    ],
    ["groups without a comma", `{"status":"success","data":[{${key}}{${key}}]}`, "not valid JSON"],
    ["a comma without a group", `{"status":"success","data":[{${key}},]}`, "not valid JSON"],
    [
      "a list that ends as an object",
      `{"status":"success","data":[{${key},"a":{"metrics":[{]}]}}]}`,
      "not valid JSON",
    ],
    ["two answers", '{"status":"success","data":[]}{"status":"success","data":[]}', "not valid JSON"],
  ])("refuses %s", (_, text, message) => {
    expect(() => readChunks([Buffer.from(text)], () => {})).toThrow(message);
  });

  it("ignores other members of the answer", () => {
    const groups: Group[] = [];
    const text = `{"status":"success","warnings":[{"labels":{"job":"b"}},["x"]],"data":[{${key},"odd":[[{"metrics":[1]}]],"n":1}]}`;
    readChunks([Buffer.from(text)], ({ group: one }) => groups.push(one));
    expect(groups).toMatchObject([{ key: '[["job","a"]]', series: 0 }]);
  });
});
