import { quote } from "../core/labels.ts";

/** The most that people are shown of one text, in UTF-16 units: a stranger may have written it. */
const maxLength = 2000;

/** As {@link escapeText}, for people: a text that is too long to be read is cut. */
export function showText(text: string): string {
  if (text.length <= maxLength) return escapeText(text);
  return `${escapeText(text.slice(0, maxLength))}… (${text.length} characters)`;
}

/** Shows what has no shape of its own, or could drive a terminal or turn the text around it: `\u001b`. */
export function escapeText(text: string): string {
  return text.replaceAll(/\p{C}|\p{Zl}|\p{Zp}/gu, (character) => quote(character).slice(1, -1));
}
