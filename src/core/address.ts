/**
 * The position of something in a path that URL parsers, proxies or servers normalise, so that it would name another
 * path: `.` and `..` as segments, `//`, and anything that is read as a slash; also escaped, once or several times.
 * null: there is none.
 */
export function findFoldable(path: string): number | null {
  const foldable = /\\|%(?:25)*(?:2f|5c)|\/(?=\/)|\/(?:\.|%(?:25)*2e){1,2}(?=[/;]|$)/i;
  return foldable.exec(path)?.index ?? null;
}

/** The host of a URL, IPv6 without its brackets. */
export function withoutBrackets(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}

/**
 * Whether an address is link-local, as those at which clouds hand out credentials (169.254.169.254): IPv4, IPv6, and IPv4 in any of
 * its spellings as IPv6.
 * @param host an address as URL parsers and name lookups spell it, IPv6 with or without brackets; a name is none
 */
export function isLinkLocal(host: string): boolean {
  const address = withoutBrackets(host);
  if (!address.includes(":")) return /^169\.254\.\d+\.\d+$/.test(address);
  return /^fe[89ab][\da-f]:|^(?:::(?:ffff:(?:0:)?)?|64:ff9b::)(?:a9fe:|169\.254\.)|^2002:a9fe:/i.test(
    address,
  );
}
