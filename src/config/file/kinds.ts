import { quote } from "../../core/labels.ts";
import type { NumberRange } from "../../core/limits.ts";
import { cutText } from "../../core/printable.ts";
import { didYouMean, suggest } from "./did-you-mean.ts";
import type { FileValue } from "./file-value.ts";
import { mayBeSecret } from "./find-secret.ts";

/** A kind of value in a file: one description checks a value, decodes it, and is the JSON Schema for editors. */
export interface Kind<T> {
  readonly schema: JsonSchema;
  /** undefined: the mistake has been reported. */
  readonly read: (at: FileValue) => T | undefined;
  /** Of a value that is written as text. */
  readonly parse?: (text: string) => T;
  /** Added to the message when the value is missing. */
  readonly missingHint?: string;
}

type JsonSchema = Readonly<Record<string, unknown>>;

type ValueOf<K> = K extends Kind<infer T> ? T : never;

interface TextOptions {
  /** How to write what was meant, for a value that is no text: `: …`, or nothing. */
  readonly hint?: (at: FileValue) => string;
  readonly schema?: JsonSchema;
  readonly mayBeEmpty?: boolean;
}

/**
 * A text with a grammar.
 * @param expected completes "expected …", here and below
 * @param parse throws {@link ParseError}
 */
export function parsed<T>(
  expected: string,
  parse: (text: string, at?: FileValue) => T,
  { hint = quotesHint, schema = {}, mayBeEmpty = false }: TextOptions = {},
): Kind<T> {
  return {
    schema: { type: "string", minLength: 1, ...schema },
    read: (at) =>
      typeof at.content === "string" && (mayBeEmpty || at.content !== "")
        ? at.parse(at.content, (text) => parse(text, at))
        : reject(at, expected, hint(at)),
    parse,
  };
}

export function text(expected: string, options?: TextOptions): Kind<string> {
  return parsed(expected, (value) => value, options);
}

/** The absolute path of a file that has to exist. */
export const file = parsed("the path of a file", (name, at) => at?.resolveExisting(name) ?? name);

/**
 * A duration in seconds.
 * @param parse throws {@link ParseError}
 */
export function duration(
  parse: (text: string) => number,
  expected = "a duration like 30d",
  zeroHint = unitHint,
): Kind<number> {
  return parsed(expected, parse, {
    // Names the mistake, never the value that was meant: a TTL in the wrong unit deletes living groups.
    hint: ({ content }) => (typeof content !== "number" ? "" : content === 0 ? zeroHint : unitHint),
    schema: { pattern: "^(0|([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$" },
  });
}

const unitHint = ": it needs a unit, one of ms, s, m, h, d, w and y";

export const flag: Kind<boolean> = {
  schema: { type: "boolean" },
  read: (at) =>
    typeof at.content === "boolean" ? at.content : reject(at, "true or false", booleanHint(at.content)),
};

/** YAML 1.1 read more words as booleans than YAML 1.2 does. */
function booleanHint(content: unknown): string {
  if (typeof content !== "string") return "";
  if (/^(?:yes|on|y|true)$/i.test(content)) return ": write true";
  return /^(?:no|off|n|false)$/i.test(content) ? ": write false" : "";
}

export function numberIn({ min, max, whole, expected }: NumberRange): Kind<number> {
  return {
    schema: { type: whole ? "integer" : "number", minimum: min, maximum: max },
    read: (at) => {
      const { content } = at;
      const fits = typeof content === "number" && content >= min && content <= max;
      return fits && (!whole || Number.isSafeInteger(content))
        ? content
        : reject(at, expected, numberHint(content, max));
    },
  };
}

function numberHint(content: unknown, max: number): string {
  if (typeof content !== "string") return "";
  const percent = Number(/^(\d+(?:\.\d+)?) ?%$/.exec(content)?.[1]);
  if (max === 1 && percent <= 100) return `: write ${percent / 100}`;
  return /^\d+(?:\.\d+)?$/.test(content) ? ": remove the quotes" : "";
}

/** A whole number of at least 1. */
export const positiveCount = numberIn({
  min: 1,
  max: Number.MAX_SAFE_INTEGER,
  whole: true,
  expected: "a whole number of at least 1",
});

export function choice<const V extends string>(...values: readonly V[]): Kind<V> {
  const expected = `one of ${values.join(", ")}`;
  return {
    schema: { type: "string", enum: values },
    read: (at) =>
      values.find((value) => value === at.content) ??
      reject(at, expected, typeof at.content === "string" ? didYouMean(at.content, values) : ""),
  };
}

/** A value and where it is. */
export interface Item<T> {
  readonly value: T;
  readonly at: FileValue;
}

interface ListOptions<T> {
  /** Missing in an empty list; left out: the list may be empty. */
  readonly atLeast?: string;
  /** Reports what is wrong between the items. */
  readonly check?: (items: readonly Item<T>[]) => void;
  readonly missingHint?: string;
}

/** The list leaves out items that cannot be read. */
export function list<T>(
  item: Kind<T>,
  expected: string,
  { atLeast, check, missingHint }: ListOptions<T> = {},
): Kind<readonly T[]> {
  return {
    schema: { type: "array", items: item.schema, ...(atLeast === undefined ? {} : { minItems: 1 }) },
    ...(missingHint === undefined ? {} : { missingHint }),
    read(at) {
      if (!Array.isArray(at.content)) return reject(at, expected, at.content === null ? missingHint : "");
      if (at.content.length === 0 && atLeast !== undefined) return reject(at, atLeast);
      const items = at.items.flatMap((one) => {
        const value = item.read(one);
        return value === undefined ? [] : [{ value, at: one }];
      });
      check?.(items);
      return items.map(({ value }) => value);
    },
  };
}

/** The items whose name has come before, each with the first of that name. Empty names do not count. */
export function findRepeated<T>(
  items: readonly Item<T>[],
  nameOf: (value: T) => string,
): readonly { readonly at: FileValue; readonly first: FileValue }[] {
  const firsts = new Map<string, FileValue>();
  return items.flatMap(({ value, at }) => {
    const name = nameOf(value);
    const first = firsts.get(name);
    if (first === undefined) firsts.set(name, at);
    return first === undefined || name === "" ? [] : [{ at, first }];
  });
}

/** A mapping with keys of the user's own. It leaves out values that cannot be read. */
export function mapping<T>(
  value: Kind<T>,
  expected: string,
  checkKey: (name: string, at: FileValue) => boolean = () => true,
): Kind<ReadonlyMap<string, T>> {
  return {
    schema: { type: "object", additionalProperties: value.schema },
    read(at) {
      if (!(at.content instanceof Map)) return reject(at, expected);
      const values = new Map<string, T>();
      for (const [name, child] of at.entries) {
        const read = checkKey(name, child) ? value.read(child) : undefined;
        if (read !== undefined) values.set(name, read);
      }
      return values;
    },
  };
}

/** Text in one form, a mapping or list in the other. */
export function either<A, B>(short: Kind<A>, long: Kind<B>, expected: string): Kind<A | B> {
  return {
    schema: { anyOf: [short.schema, long.schema] },
    read(at) {
      if (at.content instanceof Map) return long.read(at);
      return typeof at.content === "string" ? short.read(at) : reject(at, expected);
    },
  };
}

/** A key of a section. */
interface Key<T> {
  readonly kind: Kind<T>;
  /** For editors and the reference. */
  readonly description: string;
  readonly isRequired: boolean;
  /** As it is written in the file. */
  readonly default?: string | number | boolean;
}

interface DefaultedKey<T> extends Key<T> {
  readonly default: string | number | boolean;
}

type Keys = Readonly<Record<string, Key<unknown>>>;

/** The values of a section. undefined: the file does not have it, or a mistake in it has been reported. */
export type Values<K extends Keys> = {
  readonly [Name in keyof K]: K[Name] extends DefaultedKey<unknown>
    ? ValueOf<K[Name]["kind"]>
    : ValueOf<K[Name]["kind"]> | undefined;
};

export function required<T>(kind: Kind<T>, description = ""): Key<T> {
  return { kind, description, isRequired: true };
}

export function optional<T>(kind: Kind<T>, description = ""): Key<T> {
  return { kind, description, isRequired: false };
}

/** @param value as it is written in the file */
export function defaulted<T>(
  kind: Kind<T>,
  value: string | number | boolean,
  description = "",
): DefaultedKey<T> {
  return { kind, description, isRequired: false, default: value };
}

/** A mapping with these keys. `build` is called even if some of them cannot be read, so that all problems are found at once. */
export function section<K extends Keys, T>(
  keys: K,
  build: (values: Values<K>, at: FileValue) => T,
  schema: JsonSchema = {},
): Kind<T> {
  const names = Object.keys(keys);
  const expected = `a mapping with keys like ${names.slice(0, 3).join(", ")}`;
  return {
    schema: { ...describeKeys(keys), ...schema },
    read(at) {
      if (!(at.content instanceof Map)) return reject(at, expected);
      reportUnknownKeys(at, names);
      const values: Record<string, unknown> = {};
      for (const [name, key] of Object.entries(keys)) {
        const child = at.get(name);
        if (child === undefined && key.isRequired) {
          at.error(`${quote(name)} is missing${key.kind.missingHint ?? ""}`);
        }
        if (child === undefined && key.default !== undefined) at.setDefault(name, key.default);
        const value = child === undefined ? undefined : key.kind.read(child);
        values[name] = value === undefined ? defaultOf(key) : value;
      }
      return build(values as Values<K>, at);
    },
  };
}

function defaultOf({ kind, default: value }: Key<unknown>): unknown {
  return typeof value === "string" && kind.parse !== undefined ? kind.parse(value) : value;
}

function describeKeys(keys: Keys): JsonSchema {
  const properties = Object.entries(keys).map(([name, { kind, description, default: value }]) => {
    const shown = value === undefined ? {} : { default: value };
    return [name, { description, ...shown, ...kind.schema }] as const;
  });
  const needed = Object.entries(keys).flatMap(([name, { isRequired }]) => (isRequired ? [name] : []));
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    ...(needed.length === 0 ? {} : { required: needed }),
    additionalProperties: false,
  };
}

/** Keys that Prometheus and its exporters have and the janitor does not, and what to use instead. */
const unsupportedKeys: ReadonlyMap<string, string> = new Map([
  ["bearer_token", "write authorization: { credentials: … }"],
  ["bearer_token_file", "write authorization: { credentials_file: … }"],
  ["oauth2", "write authorization: { credentials_file: … } and let another program renew that file"],
  ["follow_redirects", "redirects are never followed"],
  ["rate_limit", "limit the requests in a reverse proxy"],
  ["cipher_suites", "the cipher suites are those of Node, and min_version: TLS13 has only strong ones"],
  ["curve_preferences", "the curves are those of Node"],
  ["prefer_server_cipher_suites", "the server's order of cipher suites always wins"],
  [
    "client_allowed_sans",
    "set client_ca_file to an authority that issues certificates to these clients only",
  ],
  ["<<", "YAML 1.2 has no merge keys"],
]);

function reportUnknownKeys(at: FileValue, known: readonly string[]): void {
  for (const [key, child] of at.entries) {
    if (known.includes(key)) continue;
    const instead = unsupportedKeys.get(key);
    if (instead === undefined) {
      child.errorAtKey(`unknown key ${quote(key)}${didYouMean(key, known)}`);
      // A misspelt key is not reported as missing, too.
      const meant = suggest(key, known);
      if (meant !== null) at.markReported(meant);
    } else {
      child.errorAtKey(`${quote(key)} is not supported: ${instead}`);
    }
  }
}

/** Reports a value of the wrong kind, unless something has been reported about it. */
export function reject(at: FileValue, expected: string, hint = ""): undefined {
  const key = at.path.at(-1);
  if (at.content === undefined) return;
  if (at.content === null && typeof key === "string") {
    at.errorAtKey(`${quote(key)} has no value${hint === "" ? ": give it one or remove the key" : hint}`);
  } else {
    at.error(`expected ${expected}, got ${describeValue(at)}${hint}`);
  }
}

function quotesHint({ content }: FileValue): string {
  return typeof content === "number" || typeof content === "boolean" ? ": put it in quotes" : "";
}

/** Describes a value in words; a secret only by its type. */
function describeValue({ content, path }: FileValue): string {
  if (Array.isArray(content)) return content.length === 0 ? "an empty list" : "a list";
  if (content === null) return "nothing";
  if (content === "") return "an empty text";
  const isHidden = mayBeSecret(path, content);
  switch (typeof content) {
    case "string":
      return isHidden ? "text" : `the text ${quote(cutText(content, 60))}`;
    case "number":
      return isHidden ? "a number" : `the number ${content}`;
    case "boolean":
      return isHidden ? "true or false" : String(content);
    default:
      return "a mapping";
  }
}
