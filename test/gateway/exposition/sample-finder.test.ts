import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { BadLine, SampleFinder, type Sample } from "../../../src/gateway/exposition/read-samples.ts";
import { cutAnywhere } from "../../support/chunks.ts";

const names = ["push_time_seconds", "push_failure_time_seconds"];

function find(chunks: Iterable<Buffer>): { samples: readonly Sample[]; complete: boolean } {
  const samples: Sample[] = [];
  const finder = new SampleFinder(names, (sample) => samples.push(sample));
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
          .map(({ name, labels }) => JSON.stringify([name, Object.entries(labels), "1.5e+09"]));
        expect(
          found.samples
            .map(({ name, labels, value: text }) => JSON.stringify([name, labels, text]))
            .toSorted(),
        ).toEqual(expected.toSorted());
        expect(found.complete).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it("are found on the first line, and without labels", () => {
    expect(find([Buffer.from("push_time_seconds 5\n")]).samples).toEqual([
      { name: "push_time_seconds", labels: [], value: "5" },
    ]);
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
      { name: "push_time_seconds", labels: null, value: "" },
      { name: "push_time_seconds", labels: [], value: "2" },
    ]);
  });

  it.each(["x", '"', "\\", "\n"])("have labels as long as a path can make them, of %j", (character) => {
    const value = character.repeat(690_000);
    const line = Buffer.from(`push_time_seconds{job="a",host="${escape(value)}"} 1\n`);
    const { samples, complete } = find(cutAnywhere(line, [16 * 1024]));
    expect(complete).toBe(true);
    expect(
      samples.map(({ labels }) => labels?.map(([name, text]) => [name, text.length, text === value])),
    ).toEqual([
      [
        ["job", 1, false],
        ["host", 690_000, true],
      ],
    ]);
  });
});
