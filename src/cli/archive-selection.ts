import type { GroupRecord } from "../archive/records.ts";
import { demandExactly, demandMatching } from "../core/decide.ts";
import { parseMatchers } from "../core/matcher.ts";
import { ConfigError, parseNamed } from "../config/config.ts";
import { defaultConfigFile, type SelectionFlags, type SourceFlags } from "./flags.ts";
import { parseLabels } from "./parse-labels.ts";
import { loadSettings } from "./settings.ts";

/**
 * Reads which part of an archive the flags select.
 * @returns whether all of them accept a record; `isSelective` false: everything is accepted. `{}` matches everything, too.
 * @throws {@link ConfigError}
 */
export function parseSelection({ match = "", exact, from, since, until }: SelectionFlags) {
  const isExact = exact === true;
  const matchers = isExact ? [] : parseNamed("--match", match, parseMatchers);
  const { selects } = isExact ? demandExactly(parseLabels([match]), null) : demandMatching(matchers, null);
  return {
    accepts: ({ at, gateway, labels }: Pick<GroupRecord, "at" | "gateway" | "labels">): boolean =>
      at >= (since ?? Number.NEGATIVE_INFINITY) &&
      at <= (until ?? Number.POSITIVE_INFINITY) &&
      (from === undefined || gateway === from) &&
      selects(labels),
    isSelective:
      isExact || matchers.length > 0 || from !== undefined || since !== undefined || until !== undefined,
  };
}

/**
 * The archive that is named, or else that of the configuration.
 * @throws {@link ConfigError}
 */
export async function findArchive(
  path: string | undefined,
  flags: Pick<SourceFlags, "config.file">,
): Promise<string> {
  if (path !== undefined) return path;
  const file = flags["config.file"];
  const options = { insteadOfFile: "name the folder of an archive" };
  const { archive } = (await loadSettings(file === undefined ? {} : { "config.file": file }, options)).config;
  if (archive === null)
    throw new ConfigError(`${file ?? defaultConfigFile} has no archive: name a folder, or a file of one`);
  return archive.dir;
}
