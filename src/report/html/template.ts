/** Markup that is safe to send. Only {@link html} and {@link trusted} make it. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Value = Html | string | number | null | readonly Html[];

/**
 * Markup with values in it. A value is text, whatever it holds, unless it is markup already; null is nothing. Attributes
 * must stand in double quotes, and none may hold a script or a URL made from a value.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  let text = "";
  for (const [index, part] of parts.entries()) {
    // The indentation is for whoever reads the source: in a list of 100,000 groups it would be most of the text.
    text += part.replaceAll(/\n\s+/g, "\n") + render(values[index] ?? null);
  }
  return new Html(text);
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
