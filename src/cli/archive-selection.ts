import type { Labels } from "../core/labels.ts";
import { parseMatchers } from "../core/matcher.ts";
import { matchesAll } from "../core/rule.ts";
import { parseFlag, type SelectionFlags } from "./flags.ts";

/** What every record about a group has. */
interface Selectable {
  readonly at: number;
  readonly gateway: string;
  readonly labels: Labels;
}

/** Which part of an archive the flags select. */
interface ArchiveSelection {
  /** Whether all of the flags accept the record. */
  readonly accepts: (record: Selectable) => boolean;
  /** false: everything is accepted. `{}` matches everything, too. */
  readonly isSelective: boolean;
}

/** @throws {@link ConfigError} */
export function parseSelection({ match, from, since, until }: SelectionFlags): ArchiveSelection {
  const matchers = match === undefined ? [] : parseFlag("--match", match, parseMatchers);
  return {
    accepts: ({ at, gateway, labels }) =>
      at >= (since ?? Number.NEGATIVE_INFINITY) &&
      at <= (until ?? Number.POSITIVE_INFINITY) &&
      (from === undefined || gateway === from) &&
      matchesAll(matchers, labels),
    isSelective: matchers.length > 0 || from !== undefined || since !== undefined || until !== undefined,
  };
}
