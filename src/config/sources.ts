import type { SecretSource, TextSource } from "./config.ts";
import type { Cursor } from "./cursor.ts";
import { Secret } from "./secret.ts";

/** Whether the file has the key, be its value right or wrong. */
export function has(draft: object, key: string): boolean {
  return Object.hasOwn(draft, key);
}

/** Decodes the pair of keys `x` and `x_file`, of which at most one may be set; null: neither is. */
export function decodeTextSource<Key extends string>(
  draft: { readonly [K in Key | `${Key}_file`]?: string | undefined },
  key: Key,
  at: Cursor,
): TextSource | null {
  return decodeSource(draft, key, at, (text) => ({ text }));
}

/** As {@link decodeTextSource}. */
export function decodeSecretSource<Key extends string>(
  draft: { readonly [K in Key | `${Key}_file`]?: string | undefined },
  key: Key,
  at: Cursor,
): SecretSource | null {
  return decodeSource(draft, key, at, (text) => ({ secret: new Secret(text) }));
}

function decodeSource<T>(
  draft: Readonly<Record<string, string | undefined>>,
  key: string,
  at: Cursor,
  inline: (text: string) => T,
): T | { readonly file: string } | null {
  const fileKey = `${key}_file`;
  if (has(draft, key) && has(draft, fileKey)) {
    at.to(fileKey).errorAtKey(`at most one of ${key} and ${fileKey} can be set`);
  }
  if (has(draft, fileKey)) {
    const name = draft[fileKey];
    // What has been reported is not looked for.
    return { file: name === undefined ? "" : at.to(fileKey).resolveExisting(name) };
  }
  return has(draft, key) ? inline(draft[key] ?? "") : null;
}
