/** Markup that is safe to send. Only {@link html} and {@link trusted} make it. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = Html | string | number | null | readonly Html[];

/**
 * Markup with values in it. A value is text, whatever it holds, unless it is markup already; null is nothing. Attributes
 * must be in double quotes; none may hold a script, or a URL made from a value.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  const texts: string[] = [];
  for (const [index, part] of unindent(parts).entries()) texts.push(part, render(values[index] ?? null));
  // Joined, not concatenated: V8 would keep all parts in memory.
  return new Html(texts.join(""));
}

/** By template: one is used for every group. */
const unindented = new WeakMap<TemplateStringsArray, readonly string[]>();

/** Removes the indentation of the source: in a list of 100,000 groups it would be most of the text. */
function unindent(parts: TemplateStringsArray): readonly string[] {
  const known = unindented.get(parts);
  if (known !== undefined) return known;
  const texts = parts.map((part) => part.replaceAll(/\n\s+/g, "\n"));
  unindented.set(parts, texts);
  return texts;
}

/** For the janitor's own constants only. */
export function trusted(text: string): Html {
  return new Html(text);
}

export const nothing = new Html("");

function render(value: Value): string {
  if (value === null) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map(({ text }) => text).join("");
  return String(value).replaceAll(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}
