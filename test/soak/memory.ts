import { readFileSync } from "node:fs";

export interface MemorySample {
  /** Since the beginning. */
  readonly seconds: number;
  readonly rssMb: number;
  /** Without files: heaps and stacks. */
  readonly anonymousMb: number;
  readonly sweeps: number;
  readonly deletes: number;
}

/** What /proc tells of a process. */
export function readMemory(pid: number): Pick<MemorySample, "rssMb" | "anonymousMb"> {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const megabytes = (key: string): number =>
    Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? Number.NaN) / 1024;
  return { rssMb: megabytes("VmRSS"), anonymousMb: megabytes("RssAnon") };
}

/** Megabytes of RSS a minute over the last two thirds of the samples, by least squares. */
export function growthPerMinute(samples: readonly MemorySample[]): number {
  const last = samples.slice(Math.floor(samples.length / 3));
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanTime = mean(last.map(({ seconds }) => seconds));
  const meanRss = mean(last.map(({ rssMb }) => rssMb));
  let [covariance, variance] = [0, 0];
  for (const { seconds, rssMb } of last) {
    covariance += (seconds - meanTime) * (rssMb - meanRss);
    variance += (seconds - meanTime) ** 2;
  }
  return (covariance / variance) * 60;
}

export function renderSamples(samples: readonly MemorySample[]): string {
  const row = (cells: readonly string[]): string => cells.map((cell) => cell.padStart(10)).join("");
  return [
    row(["seconds", "RSS MB", "anon MB", "sweeps", "deletes"]),
    ...samples.map(({ seconds, rssMb, anonymousMb, sweeps, deletes }) =>
      row([seconds.toFixed(0), rssMb.toFixed(1), anonymousMb.toFixed(1), String(sweeps), String(deletes)]),
    ),
  ].join("\n");
}
