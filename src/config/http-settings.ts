import type { Authorization, BasicAuth, HttpHeader, HttpSettings, ProxySettings } from "./config.ts";
import type { Cursor } from "./cursor.ts";
import { decodeConnectHeaders, decodeHeaders } from "./http-headers.ts";
import type { ConfigInput } from "./schema.ts";
import type { Draft } from "./shape.ts";
import { Secret } from "./secret.ts";
import { decodeSecretSource, decodeTextSource, has } from "./sources.ts";
import { decodeTls } from "./tls-settings.ts";
import { parseProxyUrl } from "./url.ts";

type HttpDraft = Draft<ConfigInput["pushgateways"][number]>;

/** Decodes what a server's section says about HTTP; names and exclusions are those of Prometheus' scrape_config. */
export function decodeHttpSettings(draft: HttpDraft, at: Cursor): HttpSettings {
  if (has(draft, "basic_auth") && has(draft, "authorization")) {
    at.to("authorization").errorAtKey("at most one of basic_auth and authorization can be set");
  }
  return {
    basicAuth: decodeBasicAuth(draft.basic_auth, at.to("basic_auth")),
    authorization: decodeAuthorization(draft.authorization, at.to("authorization")),
    tls: decodeTls(draft.tls_config, at.to("tls_config")),
    proxy: decodeProxy(draft, at),
    headers: decodeHeaders(draft.http_headers, at.to("http_headers")),
  };
}

function decodeBasicAuth(draft: HttpDraft["basic_auth"], at: Cursor): BasicAuth | null {
  if (draft === undefined) return null;
  const username = decodeTextSource(draft, "username", at);
  const password = decodeSecretSource(draft, "password", at);
  if (username === null && password === null) at.error("basic_auth needs a username and a password");
  if (draft.username?.includes(":")) at.to("username").error("a user name cannot hold a colon");
  // Prometheus lets either be left out, for servers that look at the other one only.
  return { username: username ?? { text: "" }, password: password ?? { secret: new Secret("") } };
}

function decodeAuthorization(draft: HttpDraft["authorization"], at: Cursor): Authorization | null {
  if (draft === undefined) return null;
  const type = (draft.type ?? "Bearer").trim();
  if (type.toLowerCase() === "basic") {
    at.to("type").error('the type cannot be "basic": use basic_auth instead');
  } else if (!/^[\w!#$%&'*+.^`|~-]+$/.test(type)) {
    at.to("type").error("the type must be one word like Bearer");
  }
  const credentials = decodeSecretSource(draft, "credentials", at);
  if (credentials === null) at.error("authorization needs credentials or credentials_file");
  return { type, credentials: credentials ?? { secret: new Secret("") } };
}

function decodeProxy(draft: HttpDraft, at: Cursor): ProxySettings | null {
  const fromEnvironment = draft.proxy_from_environment === true;
  const fromUrl = has(draft, "proxy_url");
  if (fromEnvironment) {
    if (fromUrl)
      at.to("proxy_url").errorAtKey("at most one of proxy_url and proxy_from_environment can be set");
    if (has(draft, "no_proxy")) {
      at.to("no_proxy").errorAtKey(
        "no_proxy has no effect with proxy_from_environment: set NO_PROXY in the environment",
      );
    }
  } else if (!fromUrl) {
    if (has(draft, "no_proxy")) at.to("no_proxy").errorAtKey("no_proxy has no effect without proxy_url");
    if (has(draft, "proxy_connect_header")) {
      at.to("proxy_connect_header").errorAtKey(
        "proxy_connect_header has no effect without proxy_url or proxy_from_environment",
      );
    }
  }
  const connectHeaders: readonly HttpHeader[] = decodeConnectHeaders(
    draft.proxy_connect_header,
    at.to("proxy_connect_header"),
  );
  if (fromEnvironment) return { from: "environment", connectHeaders };
  if (draft.proxy_url === undefined) return null;
  const url = new Secret(at.to("proxy_url").parse(draft.proxy_url, parseProxyUrl, ""));
  return { from: "url", url, noProxy: draft.no_proxy ?? null, connectHeaders };
}
