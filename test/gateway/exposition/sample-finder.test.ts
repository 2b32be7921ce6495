import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createLabels, labelsKey } from "../../../src/core/labels.ts";
import {
  BadLine,
  labelText,
  parseLabels,
  SampleFinder,
} from "../../../src/gateway/exposition/read-samples.ts";
import { cutAnywhere } from "../../support/chunks.ts";

const names = ["push_time_seconds", "push_failure_time_seconds"];

type Found = readonly [name: string, labels: string | null, value: string];

function find(chunks: Iterable<Buffer>): { samples: readonly Found[]; complete: boolean } {
  const samples: Found[] = [];
  const finder = new SampleFinder(names, ({ name, labels, value }) => samples.push([name, labels, value()]));
  for (const chunk of chunks) finder.write(chunk);
  return { samples, complete: finder.isComplete() };
}

const escape = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

describe("samples of the exposition", () => {
  it("are found wherever the chunks are cut, whatever else is in it", () => {
    const value = fc.oneof(
      fc.string({ unit: "binary-ascii" }),
      fc.string({ unit: "grapheme" }),
      fc.constantFrom('"} 5\n', "\\", "push_time_seconds{", "{}", "\r"),
    );
    const sample = fc.record({
      name: fc.constantFrom(...names, "push_time_seconds_total", "app", "a_push_time_seconds"),
      labels: fc.dictionary(fc.constantFrom("job", "instance", "x"), value),
    });
    fc.assert(
      fc.property(fc.array(sample), fc.infiniteStream(fc.nat(30)), (samples, sizes) => {
        const lines = samples.map(({ name, labels }) => {
          const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escape(text)}"`);
          return `# HELP ${name} push_time_seconds{\n${name}{${pairs.join(",")}} 1.5e+09\n`;
        });
        const found = find(cutAnywhere(Buffer.from(`# first\n${lines.join("")}last 1\n`), sizes));
        const expected = samples
          .filter(({ name }) => names.includes(name))
          .map(({ name, labels }) =>
            [name, labelText(createLabels(Object.entries(labels))), "1.5e+09"].join(),
          );
        expect(found.samples.map((one) => one.join()).toSorted()).toEqual(expected.toSorted());
        expect(found.complete).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it("are found on the first line, and without labels", () => {
    expect(find([Buffer.from("push_time_seconds 5\n")]).samples).toEqual([["push_time_seconds", "", "5"]]);
  });

  it.each([
    ["in another order", 'push_time_seconds{job="a",instance="b"} 1', 'instance="b",job="a"'],
    ["by a name that another one begins with", 'push_time_seconds{a1="x",a="y"} 1', 'a="y",a1="x"'],
    ["with a comma at the end", 'push_time_seconds{instance="b",job="a",} 1', 'instance="b",job="a"'],
    ["with an escape that is not needed", String.raw`push_time_seconds{job="\a"} 1`, 'job="a"'],
    ["twice", 'push_time_seconds{job="a",job="b"} 1', 'job="b"'],
  ])("have the labels that gateways write also if they are written %s", (_, line, labels) => {
    expect(find([Buffer.from(`${line}\n`)]).samples).toEqual([["push_time_seconds", labels, "1"]]);
  });

  it("have one text for the same labels, and labels for each text", () => {
    const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,2}$/);
    const value = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("\\", '"', "\n", "\\n", "é"));
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, value), { selector: ([one]) => one }), (pairs) => {
        const text = labelText(createLabels(pairs));
        expect(labelText(createLabels(pairs.toReversed()))).toBe(text);
        expect(labelsKey(parseLabels(text))).toBe(labelsKey(createLabels(pairs)));
        const escaped = pairs.map(([label, one]) => `${label}="${escape(one)}"`).join(",");
        expect(find([Buffer.from(`push_time_seconds{${escaped}} 1\n`)]).samples).toEqual([
          ["push_time_seconds", text, "1"],
        ]);
      }),
    );
  });

  it.each([
    'push_time_seconds{job="a} 1',
    "push_time_seconds{job=a} 1",
    'push_time_seconds{job="a"}',
    "push_time_seconds ",
  ])("cannot be read from %s", (line) => {
    expect(() => find([Buffer.from(`${line}\n`)])).toThrow(BadLine);
  });

  it("are not complete without the line feed at the end", () => {
    expect(find([Buffer.from('push_time_seconds{job="a"} 1')]).complete).toBe(false);
    expect(find([]).complete).toBe(true);
  });

  it("skip a line that is longer than any path, and report only that there was one", () => {
    const chunk = Buffer.alloc(1_000_000, "x");
    const chunks = [
      Buffer.from('push_time_seconds{job="'),
      chunk,
      chunk,
      chunk,
      Buffer.from('"} 1\npush_time_seconds{} 2\n'),
    ];
    expect(find(chunks).samples).toEqual([
      ["push_time_seconds", null, ""],
      ["push_time_seconds", "", "2"],
    ]);
  });

  it.each(["x", '"', "\\", "\n"])("have labels as long as a path can make them, of %j", (character) => {
    const value = character.repeat(690_000);
    const line = Buffer.from(`push_time_seconds{job="a",host="${escape(value)}"} 1\n`);
    const { samples, complete } = find(cutAnywhere(line, [16 * 1024]));
    expect(complete).toBe(true);
    expect(samples).toHaveLength(1);
    expect(parseLabels(samples[0]?.[1] ?? "").get("host") === value).toBe(true);
  });
});
