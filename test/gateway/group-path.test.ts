import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createLabels } from "../../src/core/labels.ts";
import { groupPath } from "../../src/gateway/group-path.ts";

const legacy = { utf8Names: false };
const utf8 = { utf8Names: true };
const path = (labels: Record<string, string>, naming = legacy): string | null =>
  groupPath(createLabels(Object.entries(labels)), naming);

describe("the path of a group", () => {
  it.each([
    [{ job: "a" }, "/metrics/job/a"],
    [{ job: "a", instance: "host-1.example.org:9100" }, "/metrics/job/a/instance/host-1.example.org:9100"],
    [{ b: "2", a: "1", job: "j" }, "/metrics/job/j/a/1/b/2"],
    [{ job: "a", x: "" }, "/metrics/job/a/x@base64/="],
    [{ job: "a", x: "." }, "/metrics/job/a/x@base64/Lg"],
    [{ job: "a", x: ".." }, "/metrics/job/a/x@base64/Li4"],
    [{ job: "..", x: "b" }, "/metrics/job@base64/Li4/x/b"],
    [{ job: "a", x: "%2e%2e" }, "/metrics/job/a/x@base64/JTJlJTJl"],
    [{ job: "a", x: "a/b" }, "/metrics/job/a/x@base64/YS9i"],
    [{ job: "a", x: "a//b" }, "/metrics/job/a/x@base64/YS8vYg"],
    [{ job: "a", x: "a b" }, "/metrics/job/a/x@base64/YSBi"],
    [{ job: "a", x: "a?b#c" }, "/metrics/job/a/x@base64/YT9iI2M"],
    [{ job: "a", x: "ж" }, "/metrics/job/a/x@base64/0LY"],
    [{ job: "a", x: "-a" }, "/metrics/job/a/x@base64/LWE"],
    [{ job: "a", x: "~" }, "/metrics/job/a/x@base64/fg"],
    [{ job: "a", x: "ÿþ>?" }, "/metrics/job/a/x@base64/w7_Dvj4_"],
    [{ job: "a", U__x: "1" }, "/metrics/job/a/U__x/1"],
    [{ job: "a", constructor: "1" }, "/metrics/job/a/constructor/1"],
  ])("%j is %s", (labels, expected) => {
    expect(path(labels)).toBe(expected);
  });

  it.each([
    [{ job: "a", "my.label": "1" }, "/metrics/job/a/U__my_2e_label/1"],
    [{ job: "a", my_label: "1" }, "/metrics/job/a/my_label/1"],
    [{ job: "a", "a_b.c": "1" }, "/metrics/job/a/U__a__b_2e_c/1"],
    [{ job: "a", "Ж😀": "1" }, "/metrics/job/a/U___416__1f600_/1"],
    [{ job: "a", U__x: "1" }, "/metrics/job/a/U___55_____x/1"],
    [{ job: "a", "1st": "1" }, "/metrics/job/a/U__1st/1"],
    [{ job: "a", __x: "1" }, "/metrics/job/a/U______x/1"],
    [{ job: "a", "a/b": ".." }, "/metrics/job/a/U__a_2f_b@base64/Li4"],
  ])("%j is %s on a gateway with UTF-8 names", (labels, expected) => {
    expect(path(labels, utf8)).toBe(expected);
  });

  it.each([
    ["without a job", { instance: "a" }],
    ["with an empty job", { job: "" }],
    ["with a reserved label name", { job: "a", __name__: "x" }],
    ["with bytes that the JSON lost", { job: "a", x: "a\uFFFDb" }],
    ["with half a character", { job: "a", x: "\uD800" }],
    ["with a label name outside the legacy grammar", { job: "a", "my.label": "1" }],
    ["with a label name that would be another segment", { job: "a", "x@base64": "1" }],
    ["with an empty label name", { job: "a", "": "1" }],
  ])("%s does not exist", (_, labels) => {
    expect(path(labels)).toBeNull();
  });

  it.each([
    ["that are empty", ""],
    ["with half a character", "\uD800"],
    ["with bytes that the JSON lost", "a\uFFFDb"],
    ["that the gateway cannot read back from their escape", "a\u{100000}"],
  ])("does not exist for label names %s, not even on a gateway with UTF-8 names", (_, name) => {
    expect(path({ job: "a", [name]: "1" }, utf8)).toBeNull();
  });

  it("never holds anything that a URL parser or a server would fold", () => {
    const names = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_]{0,5}$/);
    const value = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("..", ".", "/", "//", "%2e%2e", "\\", "?", "#", ""),
    );
    fc.assert(
      fc.property(fc.dictionary(names, value), value, (labels, job) => {
        const result = path({ ...labels, job });
        if (result === null) return;
        expect(result).toMatch(/^(\/[A-Za-z0-9_][A-Za-z0-9_.:@-]*|\/=|\/-[A-Za-z0-9_-]*)+$/);
        expect(new URL(result, "http://host").pathname).toBe(result);
      }),
    );
  });
});
