import type { Clock } from "../../core/clock.ts";
import { failureTimeName, successTimeName } from "../../core/family.ts";
import type { Group } from "../../core/group.ts";
import { createLabels, formatShortLabels, labelsKey, type Labels } from "../../core/labels.ts";
import type { DecodeOptions } from "../api/decode-group.ts";
import type { GatewayClient } from "../client.ts";
import { isAddressable } from "../group-path.ts";
import { parseFiniteNumber } from "../numbers.ts";
import type { OpenSnapshot } from "../snapshot.ts";
import { openExposition, type ExpositionRequest, type ProcessFacts } from "./read-samples.ts";
import { BadLine, type Sample } from "./sample-finder.ts";

/**
 * Opens a snapshot from the exposition at `path`: all groups, but only what their push times and the gauges asked for tell. What it
 * cannot tell stays unknown:
 * - a group without an `instance` looks like one with an empty one,
 * - failure times are as pushed, with no time stamp to hold a forged one against,
 * - the number of series, whether there is any, and which of them are native histograms.
 *
 * Label names that are not legacy names are escaped there: not for a gateway that takes them.
 * @throws `GatewayError` also while the gateway is inconsistent: then it answers 500
 */
export async function openExpositionSnapshot(
  client: GatewayClient,
  clock: Clock,
  { naming, gauges, path, signal }: DecodeOptions & Omit<ExpositionRequest, "names">,
): Promise<OpenSnapshot> {
  const names = [successTimeName, failureTimeName, ...gauges];
  const open = await openExposition(client, clock, { path, names, signal });
  const { request, requestedAt, clocks } = open;
  let process: ProcessFacts | null = null;
  return {
    source: "exposition",
    request,
    requestedAt,
    clocks,
    sizeBytes: () => open.sizeBytes(),
    process: () => process,
    async read(visit) {
      const samples = new Samples();
      process = await open.read((sample) => samples.add(sample));
      for (const group of samples.groups(naming, gauges)) {
        visit({
          group,
          whole: () => {
            throw new Error("the exposition does not tell whole groups");
          },
        });
      }
    },
  };
}

interface OneGroup {
  readonly labels: Labels;
  readonly lastSuccessAt: number | null;
}

class Samples {
  readonly #groups = new Map<string, OneGroup>();
  readonly #failures = new Map<string, number | null>();
  /** By name and key; NaN where there are several. */
  readonly #gauges = new Map<string, Map<string, Gauge>>();

  add({ name, labels: pairs, value }: Sample): void {
    const labels = createLabels(pairs);
    const key = labelsKey(labels);
    const number = parseFiniteNumber(value);
    if (name === successTimeName) {
      if (this.#groups.has(key)) throw new BadLine(`the group ${formatShortLabels(labels)} is listed twice`);
      this.#groups.set(key, { labels, lastSuccessAt: number });
    } else if (name === failureTimeName) this.#failures.set(key, number);
    else this.#addGauge(name, key, { job: labels.get("job") ?? "", value: number ?? Number.NaN });
  }

  #addGauge(name: string, key: string, gauge: Gauge): void {
    const known = this.#gauges.get(name);
    if (known === undefined) this.#gauges.set(name, new Map([[key, gauge]]));
    else known.set(key, known.has(key) ? { ...gauge, value: Number.NaN } : gauge);
  }

  *groups(naming: DecodeOptions["naming"], gaugeNames: ReadonlySet<string>): Generator<Group> {
    const doubtful = this.#findDoubtfulJobs();
    for (const [expositionKey, { labels: shown, lastSuccessAt }] of this.#groups) {
      const hidesInstance = shown.get("instance") === "";
      const labels = hidesInstance ? createLabels([...shown].filter(([name]) => name !== "instance")) : shown;
      const gauges = new Map<string, number>();
      for (const name of gaugeNames) {
        const isDoubtful = doubtful.get(name)?.has(labels.get("job") ?? "") === true;
        const value = isDoubtful ? Number.NaN : this.#gauges.get(name)?.get(expositionKey)?.value;
        if (value !== undefined) gauges.set(name, value);
      }
      yield {
        key: labelsKey(labels),
        labels,
        obstacle: isAddressable(labels, naming) ? null : "unaddressable",
        ...(hidesInstance ? { hidesInstance } : {}),
        lastSuccessAt,
        lastFailureAt: this.#failures.get(expositionKey) ?? null,
        holdsMetrics: null,
        series: null,
        nativeHistograms: [],
        gauges,
      };
    }
  }

  /**
   * By gauge, the jobs with a series of it that has labels beyond a grouping key: whose it is cannot be told, so that it counts as
   * unreadable for all groups of the job.
   */
  #findDoubtfulJobs(): ReadonlyMap<string, ReadonlySet<string>> {
    return new Map(
      [...this.#gauges].map(([name, gauges]) => [
        name,
        new Set([...gauges].filter(([key]) => !this.#groups.has(key)).map(([, { job }]) => job)),
      ]),
    );
  }
}

interface Gauge {
  readonly job: string;
  readonly value: number;
}
