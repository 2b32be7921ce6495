export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether parsed JSON is an object, as opposed to a list, a plain value or null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** null: the text is no JSON, or no object. */
export function parseJsonObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The entries of an object that holds only strings, including a key called `__proto__`; null for anything else. */
export function decodeTexts(value: unknown): readonly (readonly [name: string, text: string])[] | null {
  if (!isJsonObject(value)) return null;
  const entries = Object.entries(value);
  return entries.every((entry): entry is [string, string] => typeof entry[1] === "string") ? entries : null;
}

/**
 * As `JSON.stringify`, but escapes what could control a terminal or change the direction of the text around it.
 * @param indent spaces per level; left out: one line
 */
export function stringifyPrintable(value: object, indent?: number): string {
  const json = JSON.stringify(value, null, indent);
  // Line feeds come from the indentation. Most groups have nothing to escape.
  if (/^[\n -~]*$/.test(json)) return json;
  return json.replaceAll(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu, escapeUnits);
}

function escapeUnits(character: string): string {
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
