/** A character as a terminal shows it. */
interface Cell {
  readonly text: string;
  /** In columns of a terminal. */
  readonly width: number;
}

/** What has no shape of its own, or changes the direction or the line of the text around it. */
const invisible = /^[\p{C}\p{Zl}\p{Zp}]$/u;
const combining = /^\p{M}$/u;
const wide =
  /^(?:[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation})$/u;

/** Makes one code point safe to print: a tab becomes a space, a control character the replacement character. */
export function toCell(character: string): Cell {
  if (character === "\t") return { text: " ", width: 1 };
  if (invisible.test(character)) return { text: "\ufffd", width: 1 };
  if (combining.test(character)) return { text: character, width: 0 };
  return { text: character, width: wide.test(character) ? 2 : 1 };
}

/** The text without anything that could drive a terminal. */
export function toPrintable(text: string): string {
  return Array.from(text, (character) => toCell(character).text).join("");
}

/** The first characters of a text that somebody else wrote, for a message: at most `maxLength` UTF-16 units and a mark. */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  // Half of a surrogate pair is no Unicode, which parsers of JSON refuse.
  return `${text.slice(0, maxLength).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** How many columns of a terminal the text takes. */
export function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  return Array.from(text).reduce((sum, character) => sum + toCell(character).width, 0);
}

/** The janitor's command with these words, to paste into a POSIX shell. */
export function renderCommand(words: readonly string[]): string {
  return ["pushgateway-janitor", ...words].map(shellQuote).join(" ");
}

/** Quotes a word; what needs no quotes stays as it is. */
export function shellQuote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  // As people write it: --match='{job="a"}'.
  const flag = /^--[\w.-]+=/.exec(word)?.[0] ?? "";
  return `${flag}'${word.slice(flag.length).replaceAll("'", String.raw`'\''`)}'`;
}

/** `1 group`, `2 groups`. */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${pluralize(count, noun, plural)}`;
}

export function pluralize(count: number, noun: string, plural = `${noun}s`): string {
  return count === 1 ? noun : plural;
}

/** Paints text for a terminal. */
export type Paint = (text: string) => string;

/** A gateway and its URL, which is the name of one that a flag names. */
export function titleOf(name: string, url: string, bold: Paint, dim: Paint): string {
  return url.endsWith(`//${name}`) ? bold(url) : `${bold(name)} ${dim(url)}`;
}
