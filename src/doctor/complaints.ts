import { isUtf8 } from "node:buffer";

import { createLabels, type Labels } from "../core/labels.ts";

/** The labels of one series, byte by byte. */
export type RawLabels = ReadonlyMap<string, Buffer>;

/** One reason why a gateway cannot serve `/metrics` and refuses every checked push, as the gateway words it. */
export type Complaint = { readonly text: string } & (
  | {
      /**
       * - `duplicate`: a series that another group also has, or that its own group has twice
       * - `wrong_type`: a series whose type is not that of its family in other groups
       * - `invalid`: a series that no gateway can serve: a value that is not UTF-8, a reserved label name
       */
      readonly kind: "duplicate" | "wrong_type" | "invalid";
      readonly family: string;
      readonly labels: RawLabels;
    }
  /** A pushed family has the name of one of the gateway's own, but another type or help. */
  | {
      readonly kind: "gateway_family";
      readonly family: string;
      readonly differs: "type" | "help";
      readonly expected: string;
    }
  /** `foo_count` beside a summary or histogram `foo`. */
  | { readonly kind: "collision"; readonly family: string; readonly other: string }
  | { readonly kind: "unknown" }
);

const quoted = String.raw`"((?:[^"\\]|\\.)*)"`;
const seriesStart = new RegExp(`^collected metric ${quoted} \\{ `);
// `label:<name:"a" value:"b" >` on 1.5.1, `label:{name:"a"  value:"b"}` on 1.11.
const labelPair = new RegExp(`\\s*label:\\s*[<{]\\s*name:\\s*${quoted}\\s+value:\\s*${quoted}\\s*[>}]`, "gy");
const collision = new RegExp(
  `^collected (?:metric|histogram|histogram or summary) named ${quoted} collides with .* named ${quoted}$`,
);
// Anchored at both ends: a metric whose name looks like the rest of such a line must not name another family.
const otherType = /^gathered metric family ([a-zA-Z_:][\w:]*) has type \w+ but should have (\w+)$/;
const otherHelp = new RegExp(
  `^gathered metric family ([a-zA-Z_:][\\w:]*) has help ${quoted} but should have ${quoted}$`,
);

/**
 * Reads the body of the 500 that `/metrics` answers while the gateway is inconsistent: one line per series that it
 * cannot serve (client_golang's `Gatherers.Gather`, seen on 1.5.1 and 1.11).
 * @param complete false: the body was cut off, so its last line is ignored
 */
export function parseComplaints(body: string, complete: boolean): readonly Complaint[] {
  const lines = body.split("\n");
  if (!complete) lines.pop();
  return lines
    .map((line) => line.replace(/^\* /, "").trim())
    .filter((line) => line !== "" && !/^An error has occurred|^\d+ error\(s\) occurred:$/.test(line))
    .map(parseComplaint);
}

function parseComplaint(text: string): Complaint {
  const [start, name] = seriesStart.exec(text) ?? [];
  if (start !== undefined) {
    const kind = kindOfSeriesComplaint(text);
    const labels = readLabels(text, start.length);
    return kind === null ? { text, kind: "unknown" } : { text, kind, family: unquote(name), labels };
  }
  const kind = "gateway_family";
  const [, typeFamily, type] = otherType.exec(text) ?? [];
  if (typeFamily !== undefined)
    return { text, kind, family: typeFamily, differs: "type", expected: type ?? "" };
  const [, helpFamily, , help] = otherHelp.exec(text) ?? [];
  if (helpFamily !== undefined)
    return { text, kind, family: helpFamily, differs: "help", expected: unquote(help) };
  const [, family, other] = collision.exec(text) ?? [];
  if (family === undefined) return { text, kind: "unknown" };
  return { text, kind: "collision", family: unquote(family), other: unquote(other) };
}

function kindOfSeriesComplaint(text: string): "duplicate" | "wrong_type" | "invalid" | null {
  if (text.endsWith(" was collected before with the same name and label values")) return "duplicate";
  if (/ is not a [A-Z_]+$/.test(text)) return "wrong_type";
  return /\} has (?:a label|two or more labels) |\} must not have an explicit /.test(text) ? "invalid" : null;
}

function readLabels(text: string, start: number): RawLabels {
  labelPair.lastIndex = start;
  return new Map(
    Array.from(text.matchAll(labelPair), ([, name, value]) => [unquote(name), unescapeGo(value ?? "")]),
  );
}

function unquote(inside: string | undefined): string {
  return decodeLikeGo(unescapeGo(inside ?? ""));
}

/** Go's escapes after a backslash, besides numbers and the character itself. */
const shortEscapes = new Map(Object.entries({ a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 }));

const token = /\\(?:([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^]))|[^\\]+/gu;

/**
 * Reads the inside of a quoted text as Go prints it, in `%q` and in the text form of protobuf messages. Returns bytes:
 * what is not UTF-8 is written as `\377` (1.5.1) or `\xff` (1.11), while the JSON of the API has lost it.
 */
export function unescapeGo(inside: string): Buffer {
  const parts = Array.from(inside.matchAll(token), ([text, octal, hex, short, long, other]) => {
    if (octal !== undefined) return Uint8Array.of(Number.parseInt(octal, 8) & 0xff);
    if (hex !== undefined) return Uint8Array.of(Number.parseInt(hex, 16));
    const codePoint = Number.parseInt(short ?? long ?? "", 16);
    if (codePoint >= 0) return Buffer.from(String.fromCodePoint(Math.min(codePoint, 0x10_ff_ff)));
    const byte = other === undefined ? undefined : shortEscapes.get(other);
    return byte === undefined ? Buffer.from(other ?? text) : Uint8Array.of(byte);
  });
  return Buffer.concat(parts);
}

/**
 * Decodes bytes as Go's JSON does: every single byte that is not part of a character becomes one U+FFFD. Node turns a
 * truncated character into one, and the labels would not be found in the API's answer.
 */
export function decodeLikeGo(bytes: Buffer): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const length = [1, 2, 3, 4].find((size) => isUtf8(bytes.subarray(at, at + size)));
    text += length === undefined ? "\uFFFD" : bytes.toString("utf8", at, at + length);
    at += length ?? 1;
  }
  return text;
}

/** The labels as the JSON of the API shows them. */
export function decodeLabels(labels: RawLabels): Labels {
  return createLabels([...labels].map(([name, value]) => [name, decodeLikeGo(value)] as const));
}
