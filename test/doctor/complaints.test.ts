import { describe, expect, it } from "vitest";

import { decodeLikeGo, parseComplaints, unescapeGo } from "../../src/doctor/complaints.ts";

const intro = "An error has occurred while serving metrics:\n\n";
const bytes = (...values: number[]) => Buffer.from(values);
const text = (value: string) => Buffer.from(value);

// The bodies of real gateways, one family of many.
const bodies = [
  [
    "1.5.1",
    String.raw`collected metric "a" { label:<name:"instance" value:"" > label:<name:"job" value:"d" > label:<name:"x" value:"a\377\"" > label:<name:"z" value:"\"q\\\n\001\303\251{} value:\"" > gauge:<value:0 > } has a label named "x" whose value is not utf8: "a\xff\""`,
  ],
  [
    "1.11.0",
    String.raw`collected metric "a" { label:{name:"instance"  value:""}  label:{name:"job"  value:"d"}  label:{name:"x"  value:"a\xff\""}  label:{name:"z"  value:"\"q\\\n\x01é{} value:\""}  gauge:{value:0}} has a label named "x" whose value is not utf8: "a\xff\""`,
  ],
] as const;

describe("the body of a 500", () => {
  it.each(bodies)("yields every label of an offending series byte by byte, on %s", (_, line) => {
    const [complaint] = parseComplaints(`${intro}${line}\n`, true);
    expect(complaint).toMatchObject({ kind: "invalid", family: "a", text: line });
    const labels = complaint?.kind === "invalid" ? complaint.labels : [];
    expect(Object.fromEntries(labels)).toEqual({
      instance: bytes(),
      job: text("d"),
      x: bytes(0x61, 0xff, 0x22),
      z: text('"q\\\n\u0001é{} value:"'),
    });
  });

  it("lists several", () => {
    const lines = [
      'collected metric "a" { label:<name:"job" value:"d" > gauge:<value:0 > } was collected before with the same name and label values',
      'collected metric "t" { label:<name:"job" value:"d" > gauge:<value:0 > } is not a COUNTER',
      'collected metric named "t_count" collides with previously collected summary named "t"',
      'collected histogram or summary named "t" collides with previously collected metric named "t_sum"',
      "gathered metric family go_goroutines has type COUNTER but should have GAUGE",
      String.raw`gathered metric family g has help "a \"b\"" but should have "c \"d\""`,
      "something new",
    ];
    const body = `${intro}${lines.length} error(s) occurred:\n${lines.map((line) => `* ${line}\n`).join("")}`;
    expect(parseComplaints(body, true)).toMatchObject([
      { kind: "duplicate", family: "a" },
      { kind: "wrong_type", family: "t" },
      { kind: "collision", family: "t_count", other: "t" },
      { kind: "collision", family: "t", other: "t_sum" },
      { kind: "gateway_family", family: "go_goroutines", differs: "type", expected: "GAUGE" },
      { kind: "gateway_family", family: "g", differs: "help", expected: 'c "d"' },
      { kind: "unknown", text: "something new" },
    ]);
  });

  it("yields nothing from a line that was cut off", () => {
    const line = "gathered metric family a has type COUNTER but should have GAUGE";
    expect(parseComplaints(`${intro}* ${line}\n* ${line}_HISTO`, false)).toHaveLength(1);
  });

  it.each([
    "gathered metric family a has type COUNTER but should have GAUGE has type X but should have Y",
    'gathered metric family a has help "x" but should have "y" has help "z" but should have "w"',
  ])("names no other family because a metric is called like the rest of the line: %s", (line) => {
    expect(parseComplaints(line, true)).toEqual([{ kind: "unknown", text: line }]);
  });

  it("reads the labels correctly if a value looks like more of them", () => {
    const line = String.raw`collected metric "a" { label:<name:"job" value:"d\" > label:<name:\"job\" value:\"e" > gauge:<value:0 > } was collected before with the same name and label values`;
    const [complaint] = parseComplaints(line, true);
    expect(complaint?.kind === "duplicate" && decodeLikeGo(complaint.labels.get("job") ?? bytes())).toBe(
      'd" > label:<name:"job" value:"e',
    );
  });
});

describe("text as Go writes it", () => {
  it.each([
    [String.raw`\a\b\f\n\r\t\v\\\"`, bytes(7, 8, 12, 10, 13, 9, 11, 0x5c, 0x22)],
    [String.raw`\u00e9\U0001f600é`, text("é😀é")],
    [String.raw`\0011\x411`, bytes(1, 0x31, 0x41, 0x31)],
  ])("%s", (escaped, expected) => {
    expect(unescapeGo(escaped)).toEqual(expected);
  });

  it.each([
    [text("é😀"), "é😀"],
    [bytes(0x61, 0xff, 0xfe), "a\uFFFD\uFFFD"],
    // Where Node would make one mark of a character that is cut off.
    [bytes(0xe2, 0x82, 0x61), "\uFFFD\uFFFDa"],
    [bytes(0xed, 0xa0, 0x80), "\uFFFD\uFFFD\uFFFD"],
    [text("\uFEFFa"), "\uFEFFa"],
  ])("has one U+FFFD for every byte that is no character, as its JSON does (%#)", (raw, expected) => {
    expect(decodeLikeGo(raw)).toBe(expected);
  });
});
