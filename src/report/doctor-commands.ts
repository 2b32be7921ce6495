import { formatLabels } from "../core/labels.ts";
import type { Culprit } from "../core/remedy.ts";

/** Quotes a word for a POSIX shell; what needs no quotes stays as it is. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** The requests that delete a group, as commands to paste. */
export function curlCommands(url: string, paths: readonly string[]): readonly string[] {
  // Always quoted, so that it stays right when somebody changes it.
  return paths.map((path) => `curl -X DELETE '${`${url}${path}`.replaceAll("'", "%27")}'`);
}

export interface HealCommandOptions {
  /** The flags that name the gateway, for example `--gateway=http://localhost:9091`. */
  readonly source: readonly string[];
  /** Groups that have to be named, because others could go instead. */
  readonly release: readonly Culprit[];
  readonly noArchive: boolean;
}

/** The command that heals, complete. */
export function healCommand({ source, release, noArchive }: HealCommandOptions): string {
  const words = ["pushgateway-janitor", "doctor", "--heal", ...source];
  for (const { labels } of release) words.push(`--release=${formatLabels(labels)}`);
  if (noArchive) words.push("--no-archive");
  return words.map(shellQuote).join(" ");
}
