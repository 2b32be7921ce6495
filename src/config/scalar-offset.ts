import type { Scalar } from "yaml";

/**
 * Where the character `offset` of a scalar's value stands in the file, or null if the scalar is folded or spans
 * lines, so that value and text do not run side by side.
 */
export function offsetInScalar({ type, range, value }: Scalar, text: string, offset: number): number | null {
  if (range === null || range === undefined || typeof value !== "string") return null;
  const [start, end] = range;
  if (text.slice(start, end).includes("\n")) return null;
  switch (type) {
    case "PLAIN":
      return start + offset;
    case "QUOTE_SINGLE":
      return walk(text, start + 1, offset, /''|[^]/y);
    case "QUOTE_DOUBLE":
      return walk(text, start + 1, offset, /\\(?:x[^]{2}|u[^]{4}|U[^]{8}|[^])|[^]/y);
    default:
      return null;
  }
}

/** Steps over `count` UTF-16 units of the value, each written as one match of `token`. */
function walk(text: string, start: number, count: number, token: RegExp): number {
  let at = start;
  for (let done = 0; done < count; done++) {
    token.lastIndex = at;
    const [written = ""] = token.exec(text) ?? [];
    at += written.length;
    // The only escape that can stand for two units.
    if (written.startsWith("\\U") && Number.parseInt(written.slice(2), 16) > 0xffff) done++;
  }
  return at;
}
