import { quote } from "../core/labels.ts";
import { toCell, widthOf } from "../core/printable.ts";

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

/** Cuts a line to the columns of a terminal, with a mark where something is missing. null: nothing is cut. */
export function cutTo(line: string, columns: number | null): string {
  if (columns === null || widthOf(line) <= columns) return line;
  let kept = "";
  let width = 0;
  for (const character of line) {
    width += toCell(character).width;
    if (width > columns - 1) break;
    kept += character;
  }
  return columns > 0 ? `${kept}…` : "";
}

/** Cuts what is longer than so many columns in its middle: the end of a group's labels is what tells it from its neighbours. */
export function cutMiddle(text: string, columns: number | null): string {
  if (columns === null || widthOf(text) <= columns) return text;
  const tail: string[] = [];
  let width = 0;
  for (const character of Array.from(text).toReversed()) {
    width += toCell(character).width;
    if (width > columns / 2) break;
    tail.unshift(character);
  }
  const end = tail.join("");
  return `${cutTo(text, Math.max(columns - widthOf(end), 0))}${end}`;
}
