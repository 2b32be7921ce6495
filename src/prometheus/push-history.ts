import { createLabels, labelsKey, type Labels } from "../core/labels.ts";
import type { Period, PushedGroup, PushedJob } from "../core/suggestion.ts";
import { RequestError } from "../http/request-error.ts";
import type { Prometheus } from "./prometheus.ts";
import type { Series } from "./series-reader.ts";

export interface PushHistory {
  readonly period: Period;
  /** In order of their names. */
  readonly jobs: readonly PushedJob[];
  /** Prometheus' own: why the answers may be incomplete. */
  readonly warnings: readonly string[];
}

interface HistoryOptions {
  /** Unix seconds. */
  readonly end: number;
  readonly windowSeconds: number;
  readonly progress: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

/** The finest resolution, and the number of steps of a window that is long enough for a coarser one. */
const minStepSeconds = 15;
const stepsOfWindow = 4000;
/** Prometheus loads two samples a series and step for one query, and by default refuses 50 million. */
const maxSamples = 4_000_000;
/** Prometheus' own limit is 11,000. */
const maxStepsOfQuery = 10_000;

/**
 * Reads from `push_time_seconds` when groups were pushed to. Its values are the times of the pushes, so an answer needs a value only where it has
 * changed. One query at a time, each for so much of the window as a Prometheus bears that has nothing else to spare; half of it where that is
 * too much.
 * @throws {@link RequestError}
 */
export async function readPushHistory(
  prometheus: Prometheus,
  { end, windowSeconds, progress, signal }: HistoryOptions,
): Promise<PushHistory> {
  const warnings = new Set<string>();
  const single = async (query: string): Promise<number> => {
    let value = 0;
    const visit = ({ values }: Series): void => void (value = Number(values[0]));
    for (const warning of await prometheus.query(query, visit, signal)) warnings.add(warning);
    return value;
  };
  const seriesNow = await single("count(push_time_seconds)");
  const scrapes = await single("max(count_over_time(push_time_seconds[15m]))");
  // Rounded down: a finer step misses nothing.
  const scrapeSeconds = scrapes === 0 ? 0 : Math.floor(900 / (scrapes + 1));
  const stepSeconds = Math.ceil(Math.max(minStepSeconds, windowSeconds / stepsOfWindow, scrapeSeconds));
  const steps = Math.ceil(windowSeconds / stepSeconds);
  const start = end - steps * stepSeconds;

  const pushes = new PushRecorder();
  const read = async (query: string, from: number, to: number): Promise<void> => {
    const range = { start: from, end: to, stepSeconds };
    // An answer that breaks off is asked for again.
    const answer: [Series["labels"], Float64Array][] = [];
    const visit = ({ labels, values }: Series): void =>
      void answer.push([labels, Float64Array.from(values, Number)]);
    for (const warning of await prometheus.queryRange(query, range, visit, signal)) warnings.add(warning);
    for (const [labels, times] of answer) pushes.add(labels, times);
    if (pushes.groups > maxGroups) {
      const request = { method: "POST", url: `${prometheus.url}/api/v1/query_range` };
      throw new RequestError("too_large", request, "more than 200,000 groups; use a shorter --window");
    }
  };
  // Of groups that exist at the start, the push before it is where their first interval begins.
  await read("push_time_seconds", start, start);
  const changed = `push_time_seconds unless (push_time_seconds == push_time_seconds offset ${stepSeconds}s)`;
  let stepsOfQuery = Math.floor(maxSamples / 2 / Math.max(seriesNow, 1));
  for (let done = 0; done < steps;) {
    stepsOfQuery = Math.min(Math.max(stepsOfQuery, 1), maxStepsOfQuery, steps - done);
    progress(done, steps);
    const at = start + done * stepSeconds;
    try {
      await read(changed, at + stepSeconds, at + stepsOfQuery * stepSeconds);
      done += stepsOfQuery;
    } catch (error) {
      if (stepsOfQuery === 1 || !isTooMuch(error)) throw error;
      stepsOfQuery = Math.floor(stepsOfQuery / 2);
    }
  }
  const period = { start, end, resolutionSeconds: stepSeconds };
  return { period, jobs: pushes.jobs(), warnings: [...warnings] };
}

/** Prometheus answers 422 for too many samples, 503 for too little time. */
function isTooMuch(error: unknown): boolean {
  if (!(error instanceof RequestError)) return false;
  const { code, httpStatus } = error;
  return code === "timeout" || code === "too_large" || httpStatus === 422 || httpStatus === 503;
}

/** More than the groups of any gateway that could still be scraped. */
const maxGroups = 200_000;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

interface JobPushes extends Mutable<Omit<PushedJob, "groups">> {
  readonly groups: Map<string, Mutable<PushedGroup>>;
  readonly intervals: Map<number, number>;
}

/** Collects pushes, series by series in the order of time. */
class PushRecorder {
  readonly #jobs = new Map<string, JobPushes>();
  groups = 0;

  add(labels: Series["labels"], times: Iterable<number>): void {
    const own = ownLabels(labels);
    const name = own.get("job") ?? "";
    const job = this.#jobs.get(name) ?? { job: name, groups: new Map(), intervals: new Map(), backwards: 0 };
    this.#jobs.set(name, job);
    // Target labels tell gateways apart.
    const key = labelsKey(createLabels([...labels]));
    for (const at of times) {
      // 0: no push has succeeded.
      if (at > 0) this.#push(job, key, own, at);
    }
  }

  jobs(): readonly PushedJob[] {
    const jobs: PushedJob[] = [];
    for (const job of this.#jobs.values())
      if (job.groups.size > 0) jobs.push({ ...job, groups: [...job.groups.values()] });
    return jobs.toSorted((a, b) => (a.job < b.job ? -1 : 1));
  }

  #push(job: JobPushes, key: string, labels: Labels, at: number): void {
    const group = job.groups.get(key);
    if (group === undefined) {
      this.groups += 1;
      job.groups.set(key, { labels, pushes: 1, firstPushAt: at, lastPushAt: at, longestGapSeconds: 0 });
      return;
    }
    const gap = at - group.lastPushAt;
    if (gap < 0) job.backwards += 1;
    if (gap <= 0) return;
    group.pushes += 1;
    group.lastPushAt = at;
    group.longestGapSeconds = Math.max(group.longestGapSeconds, gap);
    const rounded = Math.round(gap);
    job.intervals.set(rounded, (job.intervals.get(rounded) ?? 0) + 1);
  }
}

/**
 * The labels of the group itself. Where Prometheus scrapes without `honor_labels`, `job` and `instance` are those of the gateway, and those of the
 * group are called `exported_…`.
 */
function ownLabels(labels: ReadonlyMap<string, string>): Labels {
  const isExported = labels.has("exported_job");
  const own = [...labels].flatMap(([name, value]): [string, string][] => {
    if (name === "__name__") return [];
    if (!isExported) return [[name, value]];
    if (name === "job" || name === "instance") return [];
    return [[name.replace(/^exported_/, ""), value]];
  });
  return createLabels(own);
}
