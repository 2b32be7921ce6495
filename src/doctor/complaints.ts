/** The labels of one series, byte by byte. */
export type RawLabels = ReadonlyMap<string, Uint8Array>;

/** One reason why a gateway cannot serve `/metrics` and refuses every checked push, in its own words. */
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
const labelPair = new RegExp(`\\s*label:\\s*[<{]\\s*name:\\s*${quoted}\\s+value:\\s*${quoted}\\s*[>}]`, "y");
const collision = new RegExp(
  `^collected (?:metric|histogram|histogram or summary) named ${quoted} collides with .* named ${quoted}$`,
);
// Whole lines only: a metric whose name looks like the rest of such a line must not name another family.
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
  const series = seriesStart.exec(text);
  if (series !== null) {
    const kind = kindOfSeriesComplaint(text);
    const labels = readLabels(text, series[0].length);
    return kind === null ? { text, kind: "unknown" } : { text, kind, family: unquote(series[1]), labels };
  }
  const type = otherType.exec(text);
  if (type !== null) {
    return { text, kind: "gateway_family", family: type[1] ?? "", differs: "type", expected: type[2] ?? "" };
  }
  const help = otherHelp.exec(text);
  if (help !== null) {
    return {
      text,
      kind: "gateway_family",
      family: help[1] ?? "",
      differs: "help",
      expected: unquote(help[3]),
    };
  }
  const names = collision.exec(text);
  if (names !== null) return { text, kind: "collision", family: unquote(names[1]), other: unquote(names[2]) };
  return { text, kind: "unknown" };
}

function kindOfSeriesComplaint(text: string): "duplicate" | "wrong_type" | "invalid" | null {
  if (text.endsWith(" was collected before with the same name and label values")) return "duplicate";
  if (/ is not a [A-Z_]+$/.test(text)) return "wrong_type";
  return /\} has (?:a label|two or more labels) |\} must not have an explicit /.test(text) ? "invalid" : null;
}

function readLabels(text: string, start: number): RawLabels {
  const labels = new Map<string, Uint8Array>();
  labelPair.lastIndex = start;
  for (let match = labelPair.exec(text); match !== null; match = labelPair.exec(text)) {
    labels.set(unquote(match[1]), unescapeGo(match[2] ?? ""));
  }
  return labels;
}

function unquote(inside: string | undefined): string {
  return decodeLikeGo(unescapeGo(inside ?? ""));
}

/** Go's escapes behind a backslash, besides numbers and the character itself. */
const shortEscapes: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };

const token = /\\(?:([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^]))|[^\\]+/gu;

/**
 * Reads the inside of a quoted text as Go prints it, in `%q` and in the text form of protobuf messages. Returns bytes:
 * what is not UTF-8 is written as `\377` (1.5.1) or `\xff` (1.11), while the JSON of the API has lost it.
 */
export function unescapeGo(inside: string): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [text, octal, hex, short, long, other] of inside.matchAll(token)) {
    if (octal !== undefined) parts.push(Uint8Array.of(Number.parseInt(octal, 8) & 0xff));
    else if (hex !== undefined) parts.push(Uint8Array.of(Number.parseInt(hex, 16)));
    else if (short !== undefined || long !== undefined) parts.push(codePointBytes(short ?? long ?? ""));
    else if (other !== undefined) parts.push(escapedBytes(other));
    else parts.push(Buffer.from(text, "utf8"));
  }
  return Buffer.concat(parts);
}

function codePointBytes(hex: string): Uint8Array {
  const codePoint = Number.parseInt(hex, 16);
  return Buffer.from(String.fromCodePoint(codePoint > 0x10_ff_ff ? 0xff_fd : codePoint), "utf8");
}

function escapedBytes(character: string): Uint8Array {
  const short = Object.hasOwn(shortEscapes, character) ? shortEscapes[character] : undefined;
  return short === undefined ? Buffer.from(character, "utf8") : Uint8Array.of(short);
}

/**
 * Decodes bytes as Go's JSON does: every single byte that is not part of a character becomes one U+FFFD. Node turns a
 * truncated character into one, and the labels would not be found in the API's answer.
 */
export function decodeLikeGo(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const character = characterAt(bytes, at);
    text += character ?? "\uFFFD";
    at += character === null ? 1 : Buffer.byteLength(character, "utf8");
  }
  return text;
}

function characterAt(bytes: Uint8Array, at: number): string | null {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length += 1) {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
        bytes.subarray(at, at + length),
      );
    } catch {
      // An incomplete character, or none.
    }
  }
  return null;
}
