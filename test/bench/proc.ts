import { readFileSync, writeFileSync } from "node:fs";

/** Linux counts processor time in hundredths of a second towards programs, whatever the kernel's own tick. */
const ticksPerSecond = 100;

/** Processor time a process has taken so far, all threads, in seconds. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name of the command may hold anything; what follows its closing bracket begins with the third field.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** The most memory the process has had at once since it began, or since {@link resetPeak}, in MiB. */
export function peakMegabytes(pid: number | "self"): number {
  return statusMegabytes(pid, "VmHWM");
}

/** The memory that the process has now, in MiB. */
export function residentMegabytes(pid: number): number {
  return statusMegabytes(pid, "VmRSS");
}

/** From now on the peak counts anew. */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

function statusMegabytes(pid: number | "self", key: "VmHWM" | "VmRSS"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kilobytes = new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(status)?.[1];
  // A process that is just ending has none.
  return kilobytes === undefined ? 0 : Number(kilobytes) / 1024;
}
