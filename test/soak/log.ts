/** One line of the janitor's JSON log. */
export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface LoggedDeletion {
  /** Unix seconds. */
  readonly at: number;
  readonly instance: string;
  readonly rule: string;
}

/** What a log says of one sweep. */
export interface LoggedSweep {
  /** Unix seconds. */
  readonly beganAt: number;
  readonly status: string;
  /** As its last line counts them. */
  readonly deleted: number;
  readonly deletions: readonly LoggedDeletion[];
}

export function parseLog(text: string): readonly LogLine[] {
  return text.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as LogLine] : []));
}

const sweepEnds: ReadonlySet<string> = new Set(["Sweep finished", "Sweep failed", "Sweep incomplete"]);

/** The sweeps of a janitor with one gateway: never two at once, so what stands before an end belongs to it. */
export function readSweeps(lines: readonly LogLine[]): readonly LoggedSweep[] {
  const sweeps: LoggedSweep[] = [];
  let deletions: LoggedDeletion[] = [];
  for (const line of lines) {
    if (line.msg === "Deleted group") deletions.push(toDeletion(line));
    if (!sweepEnds.has(line.msg)) continue;
    const beganAt = Date.parse(line.time) / 1000 - Number(line["duration_seconds"]);
    sweeps.push({ beganAt, status: String(line["status"]), deleted: Number(line["deleted"]), deletions });
    deletions = [];
  }
  return sweeps;
}

function toDeletion(line: LogLine): LoggedDeletion {
  const instance = /instance="([^"]*)"/.exec(String(line["labels"]))?.[1] ?? "";
  return { at: Date.parse(line.time) / 1000, instance, rule: String(line["rule"]) };
}
