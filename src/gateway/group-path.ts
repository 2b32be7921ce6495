import type { Labels } from "../core/labels.ts";

/** How the gateway writes label names in paths, according to its flags. */
export interface PathNaming {
  /** `--push.enable-utf8-names`, since 1.11: names that are not legacy names are written `U__…`. */
  readonly utf8Names: boolean;
}

/**
 * Values that are written as they are. All others are written in base64: URL parsers and the gateway's own redirect normalise `.`, `..`,
 * `%2e%2e` and `//`, and the path would name another group.
 */
const plainValue = /^[A-Za-z0-9_][A-Za-z0-9_.:-]*$/;

/** Go's servers take a request line and headers of 1 MiB. */
const maxPathLength = 1_000_000;

const plainName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * The path that names exactly the group with these labels, below the gateway's prefix; null if there is none:
 * - without a job the gateway answers 400,
 * - label names starting with `__` are refused, as are names outside `[a-zA-Z_][a-zA-Z0-9_]*`, unless it speaks UTF-8:
 *   then both go escaped (a reserved name passes the check of the name as it is written),
 * - a path of over a million characters is refused,
 * - U+FFFD may replace bytes that JSON cannot hold, so that the path would name another group.
 *
 * Seen on Pushgateway 1.5.1 and 1.11.
 */
export function groupPath(labels: Labels, naming: PathNaming): string | null {
  const job = labels.get("job");
  if (job === undefined || job === "") return null;
  let path = "/metrics";
  // `job` comes first in a grouping key; the order of the others does not matter to the gateway.
  for (const [name, value] of labels) {
    const segmentName = pathName(name, naming);
    if (segmentName === null || !isDecodable(value)) return null;
    path += plainValue.test(value)
      ? `/${segmentName}/${value}`
      : `/${segmentName}@base64/${value === "" ? "=" : Buffer.from(value, "utf8").toString("base64url")}`;
  }
  return path.length <= maxPathLength ? path : null;
}

/** Whether there is such a path. Cheaper than building one, as every group is checked. */
export function isAddressable(labels: Labels, naming: PathNaming): boolean {
  let length = 0;
  for (const [name, value] of labels) {
    if (pathName(name, naming) === null || !isDecodable(value)) return false;
    length += name.length + value.length;
  }
  // Escapes and base64 make a name or value at most ten times as long.
  return length * 10 < maxPathLength ? (labels.get("job") ?? "") !== "" : groupPath(labels, naming) !== null;
}

function isDecodable(value: string): boolean {
  return value.isWellFormed() && !value.includes("\uFFFD");
}

/** The name as written in a path; null if the gateway would refuse it. */
export function pathName(name: string, { utf8Names }: PathNaming): string | null {
  const plain = plainName.test(name) && !name.startsWith("__");
  if (!utf8Names) return plain ? name : null;
  if (plain && !name.startsWith("U__")) return name;
  return escapable(name) ? escapeName(name) : null;
}

/**
 * The gateway reads at most five hex digits back: a name with a character beyond U+FFFFF would be taken as it is written,
 * and the path would name another group (seen on 1.11.0).
 */
function escapable(name: string): boolean {
  return name !== "" && name.isWellFormed() && !/[\uFFFD\u{100000}-\u{10FFFF}]/u.test(name);
}

/** Prometheus' escaping of UTF-8 names: `_` doubles, what is not a letter or digit becomes `_<hex code point>_`. */
function escapeName(name: string): string {
  // A name that starts with the escape's own prefix would be read as an escape: its U is escaped, too.
  const escapePrefix = name.startsWith("U__");
  let escaped = "U__";
  for (const character of name) {
    if (character === "_") escaped += "__";
    else if (/[A-Za-z0-9]/.test(character) && !(escapePrefix && escaped === "U__")) escaped += character;
    else escaped += `_${(character.codePointAt(0) ?? 0).toString(16)}_`;
  }
  return escaped;
}
