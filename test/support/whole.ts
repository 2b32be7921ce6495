/** What a renderer gives in parts, as one text. */
export function whole(parts: Iterable<string>): string {
  return [...parts].join("");
}
