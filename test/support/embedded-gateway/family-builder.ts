import type { Family, FamilyType, LabelPairs, Sample } from "./family.ts";
import { isMetricName } from "./names.ts";
import { parseFloat64, TextFormatError } from "./text-tokens.ts";

interface Draft {
  readonly name: string;
  help?: string;
  type?: FamilyType;
  timestamped: boolean;
  readonly samples: Sample[];
  /** Summaries and histograms are one sample over several lines; this finds it by its labels. */
  readonly parts: Map<string, SampleDraft>;
}

interface SampleDraft {
  readonly type: "summary" | "histogram";
  readonly labels: LabelPairs;
  count: number;
  sum: number;
  readonly quantiles: (readonly [number, number])[];
  readonly buckets: (readonly [number, number])[];
}

type Part = "value" | "count" | "sum";

const TYPES: ReadonlySet<string> = new Set(["counter", "gauge", "untyped", "summary", "histogram"]);

/** Collects the lines of a push, of which each goes to the family selected last. */
export function createFamilyBuilder(utf8Names: boolean) {
  const drafts = new Map<string, Draft>();
  let current: Draft | undefined;
  let part: Part = "value";

  const selected = (): Draft => {
    if (current === undefined) throw new TextFormatError("invalid metric name");
    return current;
  };

  return {
    select(name: string): void {
      if (!isMetricName(name, utf8Names)) throw new TextFormatError(`invalid metric name "${name}"`);
      [current, part] = findDraft(drafts, name);
      drafts.set(current.name, current);
    },
    help(text: string): void {
      const draft = selected();
      if (draft.help !== undefined)
        throw new TextFormatError(`second HELP line for metric name "${draft.name}"`);
      draft.help = text;
    },
    type(text: string): void {
      const draft = selected();
      if (draft.type !== undefined) {
        throw new TextFormatError(
          `second TYPE line for metric name "${draft.name}", or TYPE reported after samples`,
        );
      }
      const type = text.toLowerCase();
      if (!TYPES.has(type)) throw new TextFormatError(`unknown metric type "${text}"`);
      draft.type = type as FamilyType;
    },
    sample(labels: LabelPairs, value: number): void {
      const draft = selected();
      draft.type ??= "untyped";
      if (draft.type === "summary" || draft.type === "histogram")
        addPart(draft, draft.type, labels, part, value);
      else draft.samples.push({ type: draft.type, labels, value });
    },
    timestamped(): void {
      selected().timestamped = true;
    },
    /** Families that have only comments do not count. */
    finish(): readonly Family[] {
      return [...drafts.values()]
        .filter((draft) => draft.samples.length > 0)
        .map(({ name, help, type = "untyped", samples, timestamped }) => ({
          name,
          help,
          type,
          samples,
          timestamped,
        }));
    },
  };
}

function findDraft(drafts: ReadonlyMap<string, Draft>, name: string): [Draft, Part] {
  const own = drafts.get(name);
  if (own !== undefined) return [own, "value"];
  const [, base = "", suffix = ""] = /^(.+)_(count|sum|bucket)$/s.exec(name) ?? [];
  const owner = drafts.get(base);
  if (owner?.type === "histogram" || (owner?.type === "summary" && suffix !== "bucket")) {
    return [owner, suffix === "bucket" ? "value" : (suffix as Part)];
  }
  return [{ name, timestamped: false, samples: [], parts: new Map() }, "value"];
}

function addPart(
  draft: Draft,
  type: SampleDraft["type"],
  labels: LabelPairs,
  part: Part,
  value: number,
): void {
  const special = type === "summary" ? "quantile" : "le";
  const own = labels.filter(([name]) => name !== special);
  const key = JSON.stringify(own.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b))));
  let sample = draft.parts.get(key);
  if (sample === undefined) {
    sample = { type, labels: own, count: 0, sum: 0, quantiles: [], buckets: [] };
    draft.parts.set(key, sample);
    draft.samples.push(sample);
  }
  if (part === "count") sample.count = value;
  else if (part === "sum") sample.sum = value;

  const text = labels.find(([name]) => name === special)?.[1];
  if (text === undefined) return;
  const bound = parseFloat64(text);
  if (bound === undefined) {
    throw new TextFormatError(`expected float as value for '${special}' label, got ${JSON.stringify(text)}`);
  }
  if (part === "value") (type === "summary" ? sample.quantiles : sample.buckets).push([bound, value]);
}
