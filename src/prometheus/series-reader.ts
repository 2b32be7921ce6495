import { JsonScanner, type JsonVisitor } from "../http/json-scanner.ts";

/** One series of an answer. */
export interface Series {
  readonly labels: ReadonlyMap<string, string>;
  /** As Prometheus writes them: one in a vector, in the order of their times in a matrix. */
  readonly values: readonly string[];
}

/** What an answer of Prometheus' query API says beside its series, in its own words. */
interface AnswerFacts {
  /** `success` or `error`. */
  readonly status: string;
  readonly error: string;
  /** Why the answer may be incomplete or wrong: the first reasons. Its `infos` are remarks on style, and are ignored. */
  readonly warnings: readonly string[];
  /** `vector`, `matrix`, `scalar` or `string`. */
  readonly resultType: string;
}

const keptWarnings = 5;
/** Of one series. Prometheus has at most 11,000 values in a matrix; what a hostile server sends beyond that is dropped. */
const keptValues = 20_000;
const keptLabels = 200;
/** No number is longer. */
const maxValueLength = 100;

/** Depths in `{status, warnings: […], data: {resultType, result: [{metric: {…}, value: [t, "1"], values: [[t, "1"]]}]}}`. */
const inAnswer = 1;
const inData = 2;
const inSeries = 4;
const inMetric = 5;

/** Reads an answer of Prometheus' query API as it arrives. Only the current series is kept in memory. */
export class SeriesReader implements JsonVisitor {
  readonly #visit: (series: Series) => void;
  readonly #onlyLabel: string | null;
  readonly #scanner = new JsonScanner(this);
  readonly #warnings: string[] = [];
  readonly #facts = { status: "", error: "", resultType: "" };
  /** By depth, the member that is being read. */
  readonly #names: string[] = [];
  #depth = 0;
  #labels = new Map<string, string>();
  #values: string[] = [];

  /**
   * @param visit is given each series; whether the answer is good is known only at its end
   * @param onlyLabel null: the first labels of each series are kept
   */
  constructor(visit: (series: Series) => void, onlyLabel: string | null = null) {
    this.#visit = visit;
    this.#onlyLabel = onlyLabel;
  }

  /** @throws `JsonError`, and what `visit` throws */
  write(chunk: Buffer): void {
    this.#scanner.write(chunk);
  }

  /** @throws `JsonError` if the answer is cut off */
  end(): AnswerFacts {
    this.#scanner.end();
    return { ...this.#facts, warnings: this.#warnings };
  }

  key(name: string): void {
    this.#names[this.#depth] = name;
  }

  wantsText(): boolean {
    return true;
  }

  text(text: string): void {
    const name = this.#names[this.#depth] ?? "";
    const member = this.#names[inAnswer];
    if (this.#depth === inAnswer) {
      if (name === "status" || name === "error") this.#facts[name] = text;
      if (name === "warnings") this.#warnings.push(text);
    } else if (member === "warnings") {
      if (this.#warnings.length < keptWarnings) this.#warnings.push(text);
    } else if (this.#depth === inData) {
      if (member === "data" && name === "resultType") this.#facts.resultType = text;
    } else if (this.#isInSeries()) {
      const part = this.#names[inSeries];
      if (part === "metric" && this.#depth === inMetric && this.#isKept(name)) this.#labels.set(name, text);
      const isValue = (part === "value" || part === "values") && text.length <= maxValueLength;
      if (isValue && this.#values.length < keptValues) this.#values.push(text);
    }
  }

  scalar(literal?: string): void {
    // VictoriaMetrics says so in place of a warning when a part of its storage does not answer.
    const isPartial = this.#depth === inAnswer && this.#names[inAnswer] === "isPartial" && literal === "true";
    if (isPartial) this.#warnings.push("isPartial");
  }

  open(): boolean {
    this.#depth += 1;
    this.#names[this.#depth] = "";
    if (this.#depth === inSeries) {
      this.#labels = new Map();
      this.#values = [];
    }
    return true;
  }

  close(): boolean {
    if (this.#depth === inSeries && this.#isInSeries())
      this.#visit({ labels: this.#labels, values: this.#values });
    this.#depth -= 1;
    return true;
  }

  #isKept(label: string): boolean {
    return this.#onlyLabel === null ? this.#labels.size < keptLabels : label === this.#onlyLabel;
  }

  #isInSeries(): boolean {
    return this.#depth >= inSeries && this.#names[inAnswer] === "data" && this.#names[inData] === "result";
  }
}
