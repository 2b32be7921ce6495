/** Strikes secrets out of a text that a server wrote. */
export type Redact = (text: string) => string;

/**
 * Servers and proxies may repeat what was sent to them: debug pages, firewalls, redirects. Their words pass this before anybody sees
 * them. A secret is found plain and in base64, also as a part of a longer text that was encoded, and as URLs, JSON and HTML escape it,
 * also two of them on top of each other. Where a text was cut off, the beginning of a secret is struck out, too.
 * @param secrets empty ones do not count
 */
export function createRedact(secrets: readonly string[]): Redact {
  let needles: readonly string[] | null = null;
  return (text) => {
    // Most clients never show a word of their server.
    needles ??= [...new Set(secrets.flatMap(spellings))].toSorted((a, b) => b.length - a.length);
    let struck = text;
    for (const needle of needles) struck = strikeOut(struck, needle);
    const parts = struck.split("…").map((part) => (needles ?? []).reduce(withoutBeginning, part));
    return parts.join("…").replaceAll(new RegExp(`${hole}+`, "g"), "<secret>");
  };
}

/** Stands for a secret until all are found: the mask itself could be part of one. */
const hole = "\uE000";

/** What is shorter would be found by chance: a secret only counts as a word of its own, an encoding or a beginning not at all. */
const shortest = { secret: 4, encoding: 6 };

function strikeOut(text: string, needle: string): string {
  if (needle.length >= shortest.secret) return text.replaceAll(needle, hole);
  return text.replaceAll(needle, (found, at: number) => {
    const isPart = /\w/.test(text.charAt(at - 1)) || /\w/.test(text.charAt(at + needle.length));
    return isPart ? found : hole;
  });
}

/** Strikes out the beginning of a secret at the end of a text. */
function withoutBeginning(text: string, needle: string): string {
  const start = needle.slice(0, shortest.secret);
  let at = text.indexOf(start, Math.max(0, text.length - needle.length + 1));
  while (at !== -1 && !needle.startsWith(text.slice(at))) at = text.indexOf(start, at + 1);
  return at === -1 ? text : text.slice(0, at) + hole;
}

/** Escapes of longer texts, which no header can hold, would fill the memory. */
const maxEscapedLength = 10_000;

function spellings(secret: string): readonly string[] {
  if (secret === "") return [];
  // Headers are sent in Latin-1, all else in UTF-8; and each may be read as the other.
  const [utf8, latin1] = [Buffer.from(secret, "utf8"), Buffer.from(secret, "latin1")];
  const encoded = [utf8, latin1]
    .flatMap((bytes) => [0, 1, 2].map((offset) => base64Part(bytes, offset)))
    .concat(utf8.toString("base64"), latin1.toString("base64"))
    .filter((text) => text.length >= shortest.encoding);
  const forUrls = encoded.map((text) => text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, ""));
  const texts = [secret, utf8.toString("latin1"), latin1.toString("utf8"), ...encoded, ...forUrls];
  if (secret.length > maxEscapedLength) return texts;
  const once = [...new Set([...texts, ...percentEncoded(latin1), ...texts.flatMap(escape)])];
  return [...once, ...new Set(once.flatMap(escape))];
}

/** The characters that depend on these bytes alone if so many others precede them. */
function base64Part(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
}

/** The text as JSON, HTML and URLs escape it. Libraries of Go, PHP and Python escape more than others. */
function escape(text: string): readonly string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const html = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return [
    json,
    json.replaceAll("/", String.raw`\/`),
    json.replaceAll(/[<>&]/g, unicodeEscape),
    json.replaceAll(/[^ -~]/g, unicodeEscape),
    json.replaceAll("/", String.raw`\/`).replaceAll(/[^ -~]/g, unicodeEscape),
    html,
    html.replaceAll('"', "&quot;"),
    html.replaceAll('"', "&quot;").replaceAll("&gt;", ">"),
    html.replaceAll('"', "&quot;").replaceAll("'", "&#39;"),
    html.replaceAll('"', "&quot;").replaceAll("'", "&#x27;"),
    html.replaceAll('"', "&#34;").replaceAll("'", "&#39;"),
    new URLSearchParams([["", text]]).toString().slice(1),
    ...percentEncoded(Buffer.from(text)),
  ];
}

function unicodeEscape(unit: string): string {
  return String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** What encoders for URLs leave as it is: none; Python's; JavaScript's for a part and for all of a URL; Go's for a part of a path. */
const keptInUrls = ["", "/", "!'()*", "!'()*;/?:@&=+$,#", "$&+=:@"];

function percentEncoded(bytes: Buffer): readonly string[] {
  return keptInUrls.flatMap((kept) => {
    const escaped = bytes
      .toString("latin1")
      .replaceAll(/[^\w.~-]/g, (one) =>
        kept.includes(one) ? one : `%${one.charCodeAt(0).toString(16).padStart(2, "0")}`,
      );
    return [escaped, escaped.replaceAll(/%../g, (one) => one.toUpperCase())];
  });
}
