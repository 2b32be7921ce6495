import { suggest } from "./did-you-mean.ts";

/** Keys and indexes from the top of the file down to a value. */
export type Path = readonly (string | number)[];

/** Keys below which everything may be a secret, also where they are misspelt. */
const secretNames: readonly string[] = [
  "authorization",
  "basic_auth",
  "basic_auth_users",
  "bearer_token",
  "credentials",
  "headers",
  "http_headers",
  "key",
  // The URL of a notification permits sending messages.
  "notifications",
  "oauth2",
  "pass",
  "password",
  "proxy_connect_header",
  "proxy_url",
  "secrets",
  "tls_config",
  "token",
  "users",
];

/** The ends of paths below them whose values may be shown. All others are hidden: a misspelt key most likely holds a secret. */
const shownEnds =
  /(?:[_-]file|\.(?:username|type|server_name|m(?:in|ax)_version|insecure_skip_verify|proxy_url|no_proxy|proxy_from_environment|format|timeout)|\.http_headers\.[^.]+\.files\.\d+|\.notifications\.\d+\.on\.\d+)$/;

/** Whether the value at `path` may be a secret, or hold one. */
export function mayBeSecret(path: Path, value: unknown): boolean {
  // The headers that the janitor's own server sends to everybody are no secrets.
  const isBelow =
    path[0] !== "http_server_config" &&
    path.some((key) => typeof key === "string" && suggest(key, secretNames) !== null);
  // `type: Bearer token`: the token slipped in.
  const isShown = shownEnds.test(`.${path.join(".")}`) && !/\S\s+\S/.test(String(value));
  return (isBelow && !isShown) || isUrlWithSecret(path, value);
}

/** The value as it may be shown: `<secret>` where it may be one; of a URL with a query, the rest remains. */
export function hideSecret(path: Path, value: unknown): unknown {
  if (!mayBeSecret(path, value)) return value;
  const bare = typeof value === "string" ? value.replace(/\?.+$/s, "") : value;
  return bare === value || mayBeSecret(path, bare) ? "<secret>" : `${String(bare)}?<secret>`;
}

/** `http://user:password@host`, with or without the scheme, also where no URL is allowed; and a query or fragment, which may hold a token. */
function isUrlWithSecret(path: Path, value: unknown): boolean {
  if (typeof value !== "string") return false;
  const before = value.slice(0, value.lastIndexOf("@") + 1);
  const isUrl = /^\w+:\/\//.test(value) || /ur[il]/i.test(String(path.at(-1)));
  return before.includes("://") || /^[^/\s]*:/.test(before) || (isUrl && /[?#]./s.test(value));
}
