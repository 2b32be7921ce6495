import { decodeLikeGo, unescapeGo } from "./go-text.ts";

/** The labels of one series, byte by byte. */
export type RawLabels = ReadonlyMap<string, Uint8Array>;

/** One reason why a gateway cannot serve `/metrics`, and refuses every checked push, in its own words. */
export type Complaint = { readonly text: string } & (
  | {
      /**
       * - `duplicate`: a series that another group, or the same one, has, too
       * - `wrong_type`: a series that is not of the type that its family has elsewhere
       * - `invalid`: a series that no gateway could serve: a value that is not UTF-8, a reserved label name
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
// Whole lines only: a metric that is called like the rest of such a line must not name another family.
const otherType = /^gathered metric family ([a-zA-Z_:][\w:]*) has type \w+ but should have (\w+)$/;
const otherHelp = new RegExp(
  `^gathered metric family ([a-zA-Z_:][\\w:]*) has help ${quoted} but should have ${quoted}$`,
);

/**
 * Reads the body of the 500 that `/metrics` answers while the gateway is inconsistent: one line per series that it
 * cannot serve (client_golang's `Gatherers.Gather`, seen on 1.5.1 and 1.11).
 * @param complete false: the body was cut off, and its last line says nothing
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
