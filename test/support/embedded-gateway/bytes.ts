import { isUtf8 } from "node:buffer";

/**
 * UTF-8 to text. A byte that belongs to no character becomes a lone surrogate, U+DC80 to U+DCFF: the gateway stores
 * such bytes, so they must stay apart from each other; `isWellFormed()` tells whether there are any.
 */
export function decodeBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString();
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes, at);
    text +=
      length === 0 ? String.fromCharCode(0xdc00 + (bytes[at] ?? 0)) : bytes.toString("utf8", at, at + length);
    at += length || 1;
  }
  return text;
}

/** In bytes; 0 if no character starts here. */
function characterLength(bytes: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length += 1) {
    if (isUtf8(bytes.subarray(at, at + length))) return length;
  }
  return 0;
}

/** The path of a request without its escapes; `undefined` if one of them is malformed. */
export function decodePath(path: string): string | undefined {
  if (/%(?![0-9a-f]{2})/i.test(path)) return undefined;
  const binary = path.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decodeBytes(Buffer.from(binary, "latin1"));
}

/**
 * Base64 in its URL-safe alphabet, with or without padding, as Go's decoder takes it: line breaks are skipped.
 * The error of anything else is returned as Go words it.
 */
export function decodeBase64(text: string): { readonly value: string } | { readonly error: string } {
  const digits = text.replace(/=+$/, "").replace(/[\r\n]/g, "");
  const bad = digits.length % 4 === 1 ? digits.length - 1 : digits.search(/[^\w-]/);
  if (bad >= 0) return { error: `illegal base64 data at input byte ${bad}` };
  return { value: decodeBytes(Buffer.from(digits, "base64url")) };
}
