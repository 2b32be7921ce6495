import { z } from "zod";

import { quote } from "../core/labels.ts";
import type { Findings, Path, Places } from "./findings.ts";
import { didYouMean, suggest } from "./suggest.ts";
import { describeValue, hintFor } from "./value-hint.ts";
import type { YamlTree } from "./yaml-tree.ts";

/** Of what has passed the schema: `undefined` stands for a value that has been reported, an absent key for none. */
export type Draft<T> = T extends readonly (infer Item)[]
  ? readonly (Draft<Item> | undefined)[]
  : T extends object
    ? { readonly [Key in keyof T]?: Draft<T[Key]> | undefined }
    : T;

/** Checks the shape of the whole file and leaves what can be looked at further; null: nothing. */
export function checkShape<Schema extends z.ZodType>(
  { value, places }: YamlTree,
  findings: Findings,
  schema: Schema,
): Draft<z.infer<Schema>> | null {
  const result = schema.safeParse(value, { jitless: true });
  const issues = result.error?.issues ?? [];
  // Unknown keys first: one that is misspelt is not missing, too.
  for (const issue of issues) {
    if (issue.code !== "unrecognized_keys") continue;
    for (const key of issue.keys) {
      const path = [...issue.path, key] as Path;
      const known = knownKeys(schema, path.slice(0, -1));
      const meant = reportUnknownKey(path, known, findings, places);
      const meantPath = meant === null ? null : [...path.slice(0, -1), meant];
      if (meantPath !== null && valueAt(value, meantPath) === undefined) cut(value, meantPath);
    }
  }
  for (const issue of issues) {
    const path = issue.path as Path;
    if (issue.code === "unrecognized_keys" || isReported(value, path)) continue;
    reportWrongValue(issue, path, value, findings, places);
    if (path.length === 0) return null;
    cut(value, path);
  }
  return value as Draft<z.infer<Schema>> | null;
}

/** Keys that Prometheus and its exporters have and the janitor does not, and what to use instead. */
const elsewhere: ReadonlyMap<string, string> = new Map([
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

/** Returns the key that was probably meant. */
function reportUnknownKey(
  path: Path,
  known: readonly string[],
  findings: Findings,
  places: Places,
): string | null {
  const key = String(path.at(-1));
  const instead = elsewhere.get(key);
  const message =
    instead === undefined
      ? `unknown key ${quote(key)}${didYouMean(key, known)}`
      : `${quote(key)} is not supported: ${instead}`;
  findings.error(message, places.keyAt(path));
  return instead === undefined ? suggest(key, known) : null;
}

/** Whether `undefined` stands there, and not nothing at all. */
function isReported(draft: unknown, path: Path): boolean {
  const [parent, key] = [valueAt(draft, path.slice(0, -1)), path.at(-1)];
  return isContainer(parent) && key !== undefined && Object.hasOwn(parent, key) && parent[key] === undefined;
}

function reportWrongValue(
  issue: z.core.$ZodIssue,
  path: Path,
  root: unknown,
  findings: Findings,
  places: Places,
): void {
  const key = path.at(-1);
  const value = valueAt(root, path);
  if (value === undefined) {
    findings.error(`${quote(String(key))} is missing${missingHint(key)}`, places.valueAt(path));
  } else if (value === null && typeof key === "string") {
    const hint = missingHint(key) || ": give it one or remove the key";
    findings.error(`${quote(key)} has no value${hint}`, places.keyAt(path));
  } else {
    const expected = issue.code === "invalid_key" ? "a header name" : issue.message;
    const got = describeValue(value, path);
    findings.error(`expected ${expected}, got ${got}${hintFor(value, issue, path)}`, places.valueAt(path));
  }
}

function missingHint(key: string | number | undefined): string {
  return key === "matchers" ? `: list what its groups have in common, as in matchers: ['job="batch"']` : "";
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (isContainer(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    root,
  );
}

/** Puts `undefined` there. The tree is this file's own: even what aliases repeat is read anew each time. */
function cut(root: unknown, path: Path): void {
  const [parent, key] = [valueAt(root, path.slice(0, -1)), path.at(-1)];
  if (isContainer(parent) && key !== undefined) parent[key] = undefined;
}

function isContainer(value: unknown): value is Record<string | number, unknown> {
  return typeof value === "object" && value !== null;
}

/** The keys of the mapping that the schema of the file expects at `path`. */
function knownKeys(root: z.ZodType, path: Path): readonly string[] {
  const schema = path.reduce<unknown>((outer, key) => {
    if (outer instanceof z.ZodObject) return unwrap(outer.shape[key]);
    if (outer instanceof z.ZodArray) return unwrap(outer.element);
    return outer instanceof z.ZodRecord ? unwrap(outer.valueType) : null;
  }, root);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function unwrap(schema: unknown): unknown {
  return schema instanceof z.ZodOptional ? schema.unwrap() : schema;
}
