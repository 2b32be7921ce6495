import { suggest } from "./did-you-mean.ts";
import type { Path } from "./file-value.ts";

/** Keys whose values must not be shown, wherever they stand. */
const secretKeys: ReadonlySet<string | number> = new Set([
  "password",
  "credentials",
  "secrets",
  "key",
  "bearer_token",
  "basic_auth_users",
]);

/** What may be shown of a section that may hold secrets; all else is hidden, since a misspelt key most likely holds one. */
type Shown = (rest: Path, value: unknown) => boolean;

const onlyKeys =
  (...keys: readonly string[]): Shown =>
  ([key, ...deeper]) =>
    typeof key === "string" && keys.includes(key) && deeper.length === 0;

const secretSections: ReadonlyMap<string, Shown> = new Map([
  ["basic_auth", onlyKeys("username", "username_file", "password_file")],
  [
    "authorization",
    // `type: Bearer token`: the token slipped in.
    ([key], value) => key === "credentials_file" || (key === "type" && !/\s/.test(String(value).trim())),
  ],
  [
    "tls_config",
    ([key, ...deeper]) =>
      typeof key === "string" &&
      deeper.length === 0 &&
      (key === "key_file" || !/key|passw|secret/i.test(key)),
  ],
  ["http_headers", ([, kind, index]) => (kind === "values" || kind === "files") && typeof index === "number"],
  ["proxy_connect_header", () => false],
  // Whole it is text, and {@link isUrlWithCredentials} tells.
  ["proxy_url", (rest) => rest.length === 0],
  ["oauth2", () => false],
  // Whoever knows the URL of one can send messages.
  ["notifications", isShownInNotification],
]);

const shownInNotification: ReadonlySet<unknown> = new Set([
  "on",
  "format",
  "timeout",
  "url_file",
  "no_proxy",
  "proxy_from_environment",
  ...secretSections.keys(),
]);

function isShownInNotification([, key, ...deeper]: Path, value: unknown): boolean {
  return key !== undefined && shownInNotification.has(key) && findSecret([key, ...deeper], value) === null;
}

/** Where servers are described, such keys are no key of the janitor's, and what they hold may be meant to be a secret. */
const servers: ReadonlySet<unknown> = new Set(["pushgateways", "prometheus"]);
const secretLike = /passw|secret|credential|token|auth|^headers$/i;

/** What `basic_auth_users` at the top of a web configuration may look like when it is misspelt. */
const usersLike = /auth|user/i;

/**
 * Where in the value at `path`, which would be shown with a mistake there, a secret may begin. null: nowhere. Of a URL only the
 * query is one, unless there are credentials in it.
 */
export function findSecret(path: Path, value: unknown): number | null {
  const isHidden =
    usersLike.test(String(path[0])) ||
    path.some((key) => secretKeys.has(key)) ||
    isHiddenInSection(path, value) ||
    isUrlWithCredentials(value);
  return isHidden ? 0 : findQuery(path, value);
}

function findQuery(path: Path, value: unknown): number | null {
  if (typeof value !== "string" || !(/^\w+:\/\//.test(value) || /ur[il]/i.test(String(path.at(-1)))))
    return null;
  const start = value.search(/[?#]./s);
  return start === -1 ? null : start + 1;
}

function isHiddenInSection(path: Path, value: unknown): boolean {
  for (const [index, key] of path.entries()) {
    if (typeof key !== "string") continue;
    const shown = secretSections.get(key);
    if (shown !== undefined) return !shown(path.slice(index + 1), value);
    if (suggest(key, secretSections.keys()) !== null) return true;
    if (servers.has(path[0]) && secretLike.test(key) && !key.endsWith("_file")) return true;
  }
  return false;
}

/** `http://user:password@host`, with or without the scheme, which may stand where none is allowed. */
function isUrlWithCredentials(value: unknown): boolean {
  const before = typeof value === "string" ? value.slice(0, value.lastIndexOf("@") + 1) : "";
  return before.includes("://") || /^[^/\s]*:/.test(before);
}

/**
 * In a file that cannot be read as YAML: where in a line what may be a secret begins, and goes on to its end. It follows the
 * name of one, or it looks like a line of a key. null: nothing does.
 */
export function findSecretInLine(line: string): number | null {
  const named =
    /(?<![\w-])(?![\w-]*_file["']?\s*:)(?:key|[\w-]*(?:passw|secret|credential|token|auth|header)[\w-]*)["']?\s*:\s*|:\/\/|^\s*(?=[\w+/=]{40,}\s*$)/di;
  return named.exec(line)?.indices?.[0]?.[1] ?? null;
}

/** Whether a line of such a file opens a section in which everything may be a secret. */
export function opensSecretSection(line: string): boolean {
  return /^\s*(?:-\s+)*["']?(?:basic_auth_users|basic_auth|authorization|http_headers|proxy_connect_header)\b/.test(
    line,
  );
}
