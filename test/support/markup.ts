/** Elements that have no end. */
const empty = new Set(["meta", "input", "!doctype", "link", "br", "img"]);

/** An element's name and attributes, as they are written. */
export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

const tag = /<(\/?)([!a-z][a-z0-9]*)((?:\s+[a-z][a-z0-9:-]*(?:="[^"<>]*")?)*)\s*(\/?)>/giy;

/**
 * Reads markup as strictly as if it were XML: every tag closed in its order, every attribute in double quotes, no
 * loose `<`. Style and script are skipped.
 * @throws where it is not like that
 */
export function readMarkup(markup: string): readonly Element[] {
  const elements: Element[] = [];
  const open: string[] = [];
  let at = 0;
  for (;;) {
    at = markup.indexOf("<", at);
    if (at === -1) break;
    tag.lastIndex = at;
    const [all, end, name = "", attributes = "", closed] = tag.exec(markup) ?? [];
    if (all === undefined) throw new Error(`not a tag: ${markup.slice(at, at + 80)}`);
    at += all.length;
    const lower = name.toLowerCase();
    if (end === "/") {
      const expected = open.pop();
      if (expected !== lower) throw new Error(`</${lower}> where </${expected ?? ""}> was to come`);
      continue;
    }
    elements.push({ name: lower, attributes: readAttributes(attributes) });
    if (lower === "style" || lower === "script") at = markup.indexOf(`</${lower}>`, at) + lower.length + 3;
    else if (closed !== "/" && !empty.has(lower)) open.push(lower);
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join(", ")}`);
  return elements;
}

function readAttributes(text: string): ReadonlyMap<string, string> {
  const pairs = [...text.matchAll(/\s([a-z][a-z0-9:-]*)(?:="([^"]*)")?/gi)];
  return new Map(pairs.map(([, name = "", value = ""]) => [name.toLowerCase(), value]));
}
