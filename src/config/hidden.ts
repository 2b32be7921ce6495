import type { Path } from "./findings.ts";

/** Keys whose values must not be shown, wherever they stand. */
const secretKeys: ReadonlySet<string | number> = new Set([
  "password",
  "credentials",
  "secrets",
  "key",
  "proxy_connect_header",
  "bearer_token",
  "basic_auth_users",
]);

/** Sections in which a misspelt key most likely holds a secret, and the keys that do not. */
const secretSections: ReadonlySet<string | number | undefined> = new Set([
  "basic_auth",
  "authorization",
  "oauth2",
]);
const plainKeys: ReadonlySet<string | number | undefined> = new Set([
  "username",
  "username_file",
  "password_file",
  "type",
  "credentials_file",
]);

/** What `basic_auth_users` at the top of a web configuration may look like when it is misspelt. */
const usersLike = /auth|user/i;

export function isSecretPath(path: Path): boolean {
  const misspelt =
    (secretSections.has(path.at(-2)) && !plainKeys.has(path.at(-1))) || usersLike.test(String(path[0]));
  return misspelt || path.some((key) => secretKeys.has(key));
}

/** `http://user:password@host`, with or without the scheme, which may stand where none is allowed. */
export function isUrlWithCredentials(value: unknown): boolean {
  return typeof value === "string" && /:\/\/.*@|^[^/\s]*:.*@/.test(value);
}
