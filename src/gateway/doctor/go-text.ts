/** What Go writes behind a backslash, besides numbers and the character itself. */
const shortEscapes: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };

const token = /\\(?:([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^]))|[^\\]+/gu;

/**
 * Reads the inside of a quoted text as Go prints it, in `%q` and in the text form of protobuf messages. Bytes, because
 * that is the point: what is not UTF-8 stands there as `\377` (1.5.1) or `\xff` (1.11), while the JSON has lost it.
 */
export function unescapeGo(inside: string): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [text, octal, hex, short, long, other] of inside.matchAll(token)) {
    if (octal !== undefined) parts.push(Uint8Array.of(Number.parseInt(octal, 8) & 0xff));
    else if (hex !== undefined) parts.push(Uint8Array.of(Number.parseInt(hex, 16)));
    else if (short !== undefined || long !== undefined) parts.push(codePointBytes(short ?? long ?? ""));
    else if (other !== undefined) parts.push(escapedBytes(other));
    else parts.push(Buffer.from(text, "utf8"));
  }
  return Buffer.concat(parts);
}

function codePointBytes(hex: string): Uint8Array {
  const codePoint = Number.parseInt(hex, 16);
  return Buffer.from(String.fromCodePoint(codePoint > 0x10_ff_ff ? 0xff_fd : codePoint), "utf8");
}

function escapedBytes(character: string): Uint8Array {
  const short = Object.hasOwn(shortEscapes, character) ? shortEscapes[character] : undefined;
  return short === undefined ? Buffer.from(character, "utf8") : Uint8Array.of(short);
}

/**
 * Decodes bytes as Go's JSON does: every single byte that is not part of a character becomes one U+FFFD. Node makes one
 * of a whole cut-off character, and the labels would not be found in the API's answer.
 */
export function decodeLikeGo(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const character = characterAt(bytes, at);
    text += character ?? "\uFFFD";
    at += character === null ? 1 : Buffer.byteLength(character, "utf8");
  }
  return text;
}

function characterAt(bytes: Uint8Array, at: number): string | null {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length += 1) {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
        bytes.subarray(at, at + length),
      );
    } catch {
      // Not a whole character yet, or none at all.
    }
  }
  return null;
}
