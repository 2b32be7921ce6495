import { suggest } from "./did-you-mean.ts";
import type { Path } from "./file-value.ts";

/** Keys whose values are never shown, in any section. */
const secretKeys: ReadonlySet<string | number> = new Set([
  "password",
  "credentials",
  "secrets",
  "key",
  "bearer_token",
  "basic_auth_users",
]);

const secretSections: readonly string[] = [
  "basic_auth",
  "authorization",
  "tls_config",
  "http_headers",
  "proxy_connect_header",
  "proxy_url",
  "oauth2",
  "notifications",
];

const shownInNotification = /^(?:on|format|timeout|url_file|no_proxy|proxy_from_environment)$/;

/** Whether a value of a section with secrets may be shown. All others are hidden: a misspelt key most likely holds a secret. */
function isShown(section: string, [key, ...deeper]: Path, value: unknown): boolean {
  const name = typeof key === "string" && deeper.length === 0 ? key : "";
  switch (section) {
    case "basic_auth":
      return /^(?:username|username_file|password_file)$/.test(name);
    case "authorization":
      // `type: Bearer token`: the token slipped in.
      return key === "credentials_file" || (key === "type" && !/\s/.test(String(value).trim()));
    case "tls_config":
      return name !== "" && (name === "key_file" || !/key|passw|secret/i.test(name));
    case "http_headers":
      return (deeper[0] === "values" || deeper[0] === "files") && typeof deeper[1] === "number";
    case "proxy_url":
      // A text is checked by {@link isUrlWithCredentials}.
      return key === undefined;
    case "notifications": {
      // The URL itself permits sending messages.
      const [setting = ""] = deeper;
      const isKnown = secretSections.includes(String(setting)) || shownInNotification.test(String(setting));
      return isKnown && findSecret(deeper, value) === null;
    }
    default:
      return false;
  }
}

/** In sections of servers, such keys are not known to the janitor, and their values may be secrets. */
const servers: ReadonlySet<unknown> = new Set(["pushgateways", "prometheus"]);
const secretLike = /passw|secret|credential|token|auth|^headers$/i;

/** Matches `basic_auth_users` at the top of a web configuration, also when it is misspelt. */
const usersLike = /auth|user/i;

/**
 * The offset in the value at `path` where a secret may begin. null: it may be shown. In a URL, only the query is a secret, unless there
 * are credentials in it.
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
    if (secretSections.includes(key)) return !isShown(key, path.slice(index + 1), value);
    if (suggest(key, secretSections) !== null) return true;
    if (servers.has(path[0]) && secretLike.test(key) && !key.endsWith("_file")) return true;
  }
  return false;
}

/** `http://user:password@host`, with or without the scheme; also where no URL is allowed. */
function isUrlWithCredentials(value: unknown): boolean {
  const before = typeof value === "string" ? value.slice(0, value.lastIndexOf("@") + 1) : "";
  return before.includes("://") || /^[^/\s]*:/.test(before);
}

/**
 * In a file that cannot be read as YAML: the offset in a line from which it may be a secret, up to its end. A secret follows its
 * name, or the line resembles one of a PEM key. null: it may be shown.
 */
export function findSecretInLine(line: string): number | null {
  const named =
    /(?<![\w-])(?![\w-]*_file["']?\s*:)(?:key|[\w-]*(?:passw|secret|credential|token|auth|header)[\w-]*)["']?\s*:\s*|:\/\/|^\s*(?=[\w+/=]{40,}\s*$)/di;
  return named.exec(line)?.indices?.[0]?.[1] ?? null;
}

/** Whether a line of such a file begins a section in which everything may be a secret. */
export function opensSecretSection(line: string): boolean {
  return /^\s*(?:-\s+)*["']?(?:basic_auth_users|basic_auth|authorization|http_headers|proxy_connect_header)\b/.test(
    line,
  );
}
