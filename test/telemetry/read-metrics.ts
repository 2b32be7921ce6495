const prefix = "pushgateway_janitor_";

/** The samples of an exposition, by name and labels as written, without the prefix of all names. */
export function readMetrics(exposition: string): ReadonlyMap<string, string> {
  const samples = exposition.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    samples.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at).replace(prefix, ""), line.slice(at + 1)];
    }),
  );
}

/** The samples that are there now and were not, or are other than they were. */
export function changedMetrics(before: string, after: string): Readonly<Record<string, string>> {
  const old = readMetrics(before);
  return Object.fromEntries([...readMetrics(after)].filter(([series, value]) => old.get(series) !== value));
}
