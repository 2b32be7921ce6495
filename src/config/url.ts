import { findFoldable } from "../core/address.ts";
import { ParseError } from "../core/errors.ts";

/**
 * Parses the URL of a server and normalises it: lower-case host, no default port, no slash at the end.
 * @throws {@link ParseError}; its message never repeats the URL, which may hold a password
 */
export function parseServerUrl(text: string): string {
  const url = parsePlainUrl(text);
  if (text.includes("?")) throw new ParseError("a URL must not hold a query (?…)", text.indexOf("?"));
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, "")}`;
}

/** Endpoints of a gateway, which people copy together with its URL. */
export const endpointAtEnd = /(?<!\/)\/(?:metrics|api\/v1(?:\/(?:metrics|status))?|-\/(?:healthy|ready))$/;

/** A doubt about the URL of a gateway that may be right; null: none. */
export function doubtGatewayUrl(url: string): string | null {
  const suffix = endpointAtEnd.exec(url)?.[0];
  return suffix === undefined ? null : `ends in ${suffix}, which the janitor adds itself: leave it out?`;
}

/**
 * Checks the URL of a discovery, which may have a query.
 * @throws {@link ParseError}; its message never repeats the URL
 */
export function parseDiscoveryUrl(text: string): string {
  return parsePlainUrl(text).href;
}

/** Parses a route prefix; the slash at its end is left out. */
export function parsePathPrefix(text: string): string {
  if (!text.startsWith("/")) throw new ParseError("a path prefix must start with a slash");
  const odd = /[^\w.~!$&'()*+,;=:@%/-]/.exec(text);
  if (odd !== null) throw new ParseError("a path prefix is a plain path like /pushgateway", odd.index);
  checkPath(text, 0);
  return text.replace(/\/$/, "");
}

/** Checks the URL of a proxy, which may hold credentials. */
export function parseProxyUrl(text: string): string {
  parseHttpUrl(text, false);
  return text;
}

/**
 * Checks a URL that messages are sent to, which is a secret and may have a query.
 * @throws {@link ParseError}; its message never repeats the URL
 */
export function parseNotificationUrl(text: string): string {
  const url = parseHttpUrl(text, false);
  refuseCredentials(url);
  if (url.hash !== "") throw new ParseError("a URL must not hold a fragment (#…)");
  return url.href;
}

function refuseCredentials({ username, password }: URL): void {
  if (username === "" && password === "") return;
  throw new ParseError(
    "a URL must not hold credentials: write basic_auth: { username: …, password_file: … }",
  );
}

function parsePlainUrl(text: string): URL {
  const url = parseHttpUrl(text);
  refuseCredentials(url);
  const [, start = "", path = ""] = /^(https?:\/\/[^/\\?#]*)([^?#]*)/i.exec(text) ?? [];
  // Parsers skip further slashes.
  if (start.endsWith("//")) throw new ParseError("this is not a valid URL");
  checkPath(path.replace(/\/+$/, ""), start.length);
  if (text.includes("#")) throw new ParseError("a URL must not hold a fragment (#…)", text.indexOf("#"));
  return url;
}

function checkPath(path: string, offset: number): void {
  const at = findFoldable(path);
  if (at === null) return;
  throw new ParseError(
    "a path must not hold //, /./, /../ or a backslash, also not escaped: servers and proxies fold them into another path",
    offset + at,
  );
}

/** More than servers take, and the patterns below are slow with a megabyte. */
const maxUrlLength = 8192;

/** @param mayBeShown whether a message may repeat the text */
function parseHttpUrl(text: string, mayBeShown = true): URL {
  if (text.length > maxUrlLength) throw new ParseError(`a URL has ${maxUrlLength} characters at most`);
  if (!/^https?:\/\//i.test(text)) {
    // Without a query, which may hold a token.
    const bare = mayBeShown && /^[\w.-]+(?::\d+)?(?:\/[^?#@]*)?$/.test(text);
    throw new ParseError(
      `a URL must start with http:// or https://${bare ? `: did you mean "http://${text}"?` : ""}`,
    );
  }
  if (/\s/.test(text)) throw new ParseError("a URL must not hold white space", text.search(/\s/));
  if (!URL.canParse(text)) throw new ParseError("this is not a valid URL");
  return new URL(text);
}
