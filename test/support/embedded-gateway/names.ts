/**
 * Names of labels and metrics: the classic rule, any UTF-8 with `--push.enable-utf8-names`, and the escaping by which
 * such a name travels where only classic ones are allowed (prometheus/docs, "Escaping schemes").
 */

/** How a client wants names in GET /metrics that are not classic: `escaping` in its Accept header. */
export type Escaping = "allow-utf-8" | "underscores" | "values";

export function isClassicLabelName(name: string): boolean {
  return /^[a-zA-Z_]\w*$/.test(name);
}

export function isClassicMetricName(name: string): boolean {
  return /^[a-zA-Z_:][\w:]*$/.test(name);
}

export function isLabelName(name: string, utf8Names: boolean): boolean {
  return utf8Names ? name !== "" && name.isWellFormed() : isClassicLabelName(name);
}

export function isMetricName(name: string, utf8Names: boolean): boolean {
  return utf8Names ? name !== "" && name.isWellFormed() : isClassicMetricName(name);
}

/** The name behind `U__…`; whatever is not a complete escape is taken literally. */
export function unescapeName(name: string): string {
  const escaped = /^U__((?:[^_]|__|_[0-9a-fA-F]{1,6}_)*)$/u.exec(name)?.[1];
  if (escaped === undefined) return name;
  let valid = true;
  const unescaped = escaped.replace(/__|_([0-9a-fA-F]+)_/g, (_, hex: string | undefined) => {
    if (hex === undefined) return "_";
    const point = Number.parseInt(hex, 16);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) valid = false;
    return valid ? String.fromCodePoint(point) : "";
  });
  return valid ? unescaped : name;
}

/** A name as GET /metrics shows it; `quote` tells that it stands in quotes. */
export function exposeName(
  name: string,
  escaping: Escaping,
): { readonly text: string; readonly quote: boolean } {
  if (isClassicMetricName(name)) return { text: name, quote: false };
  switch (escaping) {
    case "allow-utf-8":
      return { text: name, quote: true };
    case "underscores":
      return { text: name.replace(/^\d|[^\w:]/gu, "_"), quote: false };
    case "values":
      return { text: `U__${name.replaceAll("_", "__").replace(/[^\w:]/gu, escapeCharacter)}`, quote: false };
  }
}

function escapeCharacter(character: string): string {
  return `_${(character.codePointAt(0) ?? 0).toString(16)}_`;
}
