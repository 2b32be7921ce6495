import type { Clock } from "../../core/time.ts";
import { failureTimeName, successTimeName, type Group } from "../../core/group.ts";
import { createLabels, formatShortLabels, labelsKey, type Labels } from "../../core/labels.ts";
import type { DecodeOptions } from "../api/decode-group.ts";
import { AnswerBudget, copyOf, costOfGroup, cutLabels, maxKeyLength, toOverBudget } from "../budget.ts";
import type { HttpClient } from "../../http/client.ts";
import { isAddressable } from "../group-path.ts";
import { parseFiniteNumber } from "../../core/numbers.ts";
import type { OpenSnapshot } from "../snapshot.ts";
import { BadLine, openExposition, parseLabels, type ExpositionRequest, type Sample } from "./read-samples.ts";

/**
 * Opens a snapshot from the exposition at `path`: all groups with their push times and the wanted gauges. It does not show
 * - whether a group has no `instance` or an empty one,
 * - whether failure times are forged: there is no time stamp to compare them with,
 * - the number of series, whether there are any, and which are native histograms.
 *
 * Not for gateways that accept label names other than legacy ones: they are escaped.
 * @throws `RequestError` also while the gateway is inconsistent: then it answers 500
 */
export async function openExpositionSnapshot(
  client: HttpClient,
  clock: Clock,
  { naming, gauges, path, signal }: DecodeOptions & Omit<ExpositionRequest, "names">,
): Promise<OpenSnapshot> {
  const names = [successTimeName, failureTimeName, ...gauges];
  const open = await openExposition(client, clock, { path, names, signal });
  const { request, requestedAt, clocks } = open;
  return {
    source: "exposition",
    request,
    requestedAt,
    clocks,
    async read(visit) {
      const samples = new Samples(request);
      const facts = await open.read((sample) => samples.add(sample));
      for (const group of samples.groups(naming, gauges)) {
        visit({
          group,
          raw: () => {
            throw new Error("the exposition has no raw groups");
          },
        });
      }
      return facts;
    },
  };
}

/** The series with the same labels. */
interface GroupSamples {
  /** Cut if over budget. */
  readonly labels: Labels;
  readonly isCut: boolean;
  readonly job: string;
  /** undefined: no group's push time, as a pusher gave the series more labels. */
  lastSuccessAt: number | null | undefined;
  lastFailureAt: number | null;
  /** By name; NaN if there are several. null: none. */
  gauges: Map<string, number> | null;
}

const noGauges: ReadonlyMap<string, number> = new Map();

class Samples {
  readonly #entries = new Map<string, GroupSamples>();
  /** Gauges with a series too long to know its group. */
  readonly #lostGauges = new Set<string>();
  readonly #budget: AnswerBudget;

  constructor(request: OpenSnapshot["request"]) {
    this.#budget = new AnswerBudget(request, (maxKeyLength) => this.#evict(maxKeyLength));
  }

  add({ name, labels, value }: Sample): void {
    const isTime = name === successTimeName || name === failureTimeName;
    if (labels === null) {
      if (!isTime) this.#lostGauges.add(name);
      return;
    }
    const entry = this.#entryOf(labels);
    const number = parseFiniteNumber(value());
    if (name === successTimeName) {
      if (entry.lastSuccessAt !== undefined)
        throw new BadLine(`the group ${formatShortLabels(entry.labels)} is listed twice`);
      entry.lastSuccessAt = number;
    } else if (name === failureTimeName) entry.lastFailureAt = number;
    else {
      const isSecond = entry.gauges?.has(name) === true;
      entry.gauges ??= new Map();
      entry.gauges.set(name, number === null || isSecond ? Number.NaN : number);
    }
  }

  #entryOf(text: string): GroupSamples {
    const shortKey = this.#budget.shorten(text);
    const known = this.#entries.get(shortKey);
    if (known !== undefined) return known;
    const labels = parseLabels(text);
    const job = labels.get("job") ?? "";
    const fresh = { isCut: false, labels, job, lastSuccessAt: undefined, lastFailureAt: null, gauges: null };
    const entry = text === shortKey ? fresh : cutEntry(fresh);
    this.#entries.set(shortKey, entry);
    this.#budget.spend(costOfGroup(shortKey, entry.labels));
    return entry;
  }

  /** @returns freed bytes */
  #evict(maxKeyLength: number): number {
    let freedBytes = 0;
    for (const [key, entry] of this.#entries) {
      if (key.length <= maxKeyLength) continue;
      const cut = cutEntry(entry);
      const shortKey = this.#budget.shorten(key);
      this.#entries.delete(key);
      this.#entries.set(shortKey, cut);
      freedBytes += costOfGroup(key, entry.labels) - costOfGroup(shortKey, cut.labels);
    }
    return freedBytes;
  }

  *groups(naming: DecodeOptions["naming"], gaugeNames: ReadonlySet<string>): Generator<Group> {
    const doubtful = this.#findDoubtfulJobs();
    const isDoubtful = (name: string, job: string): boolean =>
      this.#lostGauges.has(name) || doubtful.get(name)?.has(job) === true;
    for (const [key, { labels: shown, isCut, job, lastSuccessAt, lastFailureAt, gauges }] of this.#entries) {
      // Frees memory early.
      this.#entries.delete(key);
      if (lastSuccessAt === undefined) continue;
      const hidesInstance = shown.get("instance") === "";
      const labels = hidesInstance ? createLabels([...shown].filter(([name]) => name !== "instance")) : shown;
      const values = [...gaugeNames].flatMap((name) => {
        const value = isDoubtful(name, job) ? Number.NaN : gauges?.get(name);
        return value === undefined ? [] : [[name, value] as const];
      });
      const group: Group = {
        key: labelsKey(labels),
        labels,
        obstacle: isAddressable(labels, naming) ? null : "unaddressable",
        ...(hidesInstance ? { hidesInstance } : {}),
        lastSuccessAt,
        lastFailureAt,
        holdsMetrics: null,
        series: null,
        nativeHistograms: [],
        gauges: values.length === 0 ? noGauges : new Map(values),
      };
      yield isCut ? toOverBudget(group, key) : group;
    }
  }

  /**
   * By gauge: jobs that have a series of it with more labels than a grouping key. Its group is not known, so that the gauge counts as
   * unreadable for all groups of the job.
   */
  #findDoubtfulJobs(): ReadonlyMap<string, ReadonlySet<string>> {
    const doubtful = new Map<string, Set<string>>();
    for (const { job, lastSuccessAt, gauges } of this.#entries.values()) {
      if (lastSuccessAt !== undefined) continue;
      for (const name of gauges?.keys() ?? []) {
        const jobs = doubtful.get(name);
        if (jobs === undefined) doubtful.set(name, new Set([job]));
        else jobs.add(job);
      }
    }
    return doubtful;
  }
}

function cutEntry(entry: GroupSamples): GroupSamples {
  // All groups of a longer job are over budget, too.
  const job = copyOf(entry.job.slice(0, maxKeyLength));
  return { ...entry, isCut: true, labels: cutLabels(entry.labels), job };
}
