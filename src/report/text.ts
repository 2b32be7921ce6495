import { quote } from "../core/labels.ts";
import type { Paint } from "../core/printable.ts";

/** The most that people are shown of one text, in UTF-16 units: a stranger may have written it. */
const maxLength = 2000;

/** As {@link escapeText}, for people: a text that is too long to be read is cut. */
export function showText(text: string): string {
  if (text.length <= maxLength) return escapeText(text);
  return `${escapeText(text.slice(0, maxLength))}… (${text.length} characters)`;
}

/** Escapes characters that are invisible, could drive a terminal or could reverse the text around them: `\u001b`. */
export function escapeText(text: string): string {
  return text.replaceAll(/\p{C}|\p{Zl}|\p{Zp}/gu, (character) => quote(character).slice(1, -1));
}

/** The text with `…` for a gateway's URL, host and addresses: equal for equal errors of several gateways. */
export function withoutAddresses(text: string, url: string): string {
  const host = /^https?:\/\/([^/:]+)/.exec(url)?.[1] ?? url;
  return text
    .replaceAll(url, "…")
    .replaceAll(/[\da-f.:]+:\d+(?!\w)/gi, "…")
    .replaceAll(host, "…");
}

/** Paints text for a terminal. */
export type Style = ReturnType<typeof createStyle>;

const plain: Paint = (text) => text;

/** @param color false: the text stays as it is */
export function createStyle(color: boolean) {
  const paint = (code: number): Paint => (color ? (text) => `\u001B[${code}m${text}\u001B[0m` : plain);
  return { plain, bold: paint(1), dim: paint(2), red: paint(31), green: paint(32), yellow: paint(33) };
}

/** Joins parts to blocks of about `length` UTF-16 units: one write for each part would take longer than the part. */
export function* joinToBlocks(parts: Iterable<string>, length: number): Generator<string> {
  let block = "";
  for (const part of parts) {
    block += part;
    if (block.length < length) continue;
    yield block;
    block = "";
  }
  if (block !== "") yield block;
}
