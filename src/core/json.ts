export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether parsed JSON is an object, as opposed to a list, a plain value or null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The entries of an object that holds only texts, a key called `__proto__` included; null for anything else. */
export function decodeTexts(value: unknown): readonly (readonly [name: string, text: string])[] | null {
  if (!isJsonObject(value)) return null;
  const entries = Object.entries(value);
  return entries.every((entry): entry is [string, string] => typeof entry[1] === "string") ? entries : null;
}
