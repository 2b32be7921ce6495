import { formatLabels } from "../core/labels.ts";
import { shellQuote } from "../core/printable.ts";
import type { Culprit } from "./culprit.ts";
import type { Diagnosis } from "./diagnosis.ts";

/** The flags with which `delete` reaches this gateway and may delete one group of it. */
export type DeleteFlagsOf = (diagnosis: Diagnosis) => readonly string[];

/** The `delete --exact` that deletes the group; null: no read of the gateway would show exactly this group. */
export function deleteCommand(
  { labels, isNamed }: Culprit,
  { api, exposition }: Diagnosis,
  flags: readonly string[],
): string | null {
  const isReadable = api.state === "answers" || exposition.state === "consistent";
  if (!isNamed || !isReadable) return null;
  const source = api.state === "answers" ? [] : ["--source=exposition"];
  return ["pushgateway-janitor", "delete", "--exact", formatLabels(labels), ...flags, ...source]
    .map(shellQuote)
    .join(" ");
}

/** The requests that delete a group, as commands to paste. */
export function curlCommands(url: string, paths: readonly string[]): readonly string[] {
  // Always quoted, so that it remains correct when edited.
  return paths.map((path) => `curl -X DELETE '${`${url}${path}`.replaceAll("'", "%27")}'`);
}
