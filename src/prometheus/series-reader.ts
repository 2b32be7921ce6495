import { decodeTexts, isJsonObject } from "../core/json.ts";
import { JsonList, JsonShapeError } from "../http/json-list.ts";

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
  /** Why the answer may be incomplete or wrong: the first reasons. Its `infos` are remarks on style, and are ignored. */
  readonly warnings: readonly string[];
  /** `vector`, `matrix`, `scalar` or `string`. */
  readonly resultType: string;
}

const keptWarnings = 5;
/** Prometheus has at most 11,000 values in a series of a matrix; what a hostile server sends beyond that is dropped. */
const keptValues = 20_000;
const maxSeriesBytes = 4 * 1024 * 1024;
const keptLabels = 200;
/** No number is longer. */
const maxValueLength = 100;

/** Reads an answer of Prometheus' query API as it arrives. Only the current series is kept in memory. */
export class SeriesReader {
  readonly #list: JsonList;
  readonly #onlyLabel: string | null;

  /**
   * @param visit is given each series; whether the answer is good is known only at its end
   * @param onlyLabel null: the first labels of each series are kept
   */
  constructor(visit: (series: Series) => void, onlyLabel: string | null = null) {
    this.#onlyLabel = onlyLabel;
    const options = { name: "result", depth: 2, keptItems: keptValues, maxElementBytes: maxSeriesBytes };
    this.#list = new JsonList(options, ({ value }) => visit(this.#decode(value)));
  }

  /** @throws `JsonError`, `JsonShapeError`, and what `visit` throws */
  write(chunk: Buffer): void {
    this.#list.write(chunk);
  }

  /** @throws `JsonError` if the answer is cut off, `JsonShapeError` */
  end(): AnswerFacts {
    const answer = this.#list.end();
    const { status, warnings, isPartial, data } = isJsonObject(answer) ? answer : {};
    const { resultType, result } = isJsonObject(data) ? data : {};
    if (Array.isArray(result) && result.length > 0 && (resultType === "vector" || resultType === "matrix"))
      throw new JsonShapeError("data.result is not a list of series");
    const reasons = [warnings].flat().filter((one) => typeof one === "string");
    return {
      status: String(status),
      // VictoriaMetrics says so in place of a warning when a part of its storage does not answer.
      warnings: [...reasons, ...(isPartial === true ? ["isPartial"] : [])].slice(0, keptWarnings),
      resultType: typeof resultType === "string" ? resultType : "",
    };
  }

  #decode(series: unknown): Series {
    if (!isJsonObject(series)) throw new JsonShapeError("a series is too large");
    const { metric, value, values } = series;
    const labels = decodeTexts(metric) ?? [];
    const kept = labels.filter(([name], at) =>
      this.#onlyLabel === null ? at < keptLabels : name === this.#onlyLabel,
    );
    const pairs = [value, ...(Array.isArray(values) ? values : [])];
    const texts = pairs.flatMap((pair): unknown[] => (Array.isArray(pair) ? pair : []));
    return { labels: new Map(kept), values: texts.filter(isValue) };
  }
}

function isValue(text: unknown): text is string {
  return typeof text === "string" && text.length <= maxValueLength;
}
