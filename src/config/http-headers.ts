import { quote } from "../core/labels.ts";
import type { HttpHeader } from "./config.ts";
import type { Cursor } from "./cursor.ts";
import { Secret } from "./secret.ts";
import type { ConfigInput } from "./schema.ts";
import type { Draft } from "./shape.ts";

type GatewayDraft = Draft<ConfigInput["pushgateways"][number]>;

/** What the janitor sets itself, what belongs to the connection, and what Prometheus reserves. */
const reserved: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "authorization",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "user-agent",
  "www-authenticate",
  "x-amz-content-sha256",
  "x-amz-date",
  "x-amz-security-token",
  "x-prometheus-remote-read-version",
  "x-prometheus-remote-write-version",
  "x-prometheus-scrape-timeout-seconds",
]);

export function decodeHeaders(draft: GatewayDraft["http_headers"], at: Cursor): readonly HttpHeader[] {
  const headers: HttpHeader[] = [];
  for (const [name, header] of Object.entries(draft ?? {})) {
    const here = at.to(name);
    if (!checkHeaderName(name, here)) continue;
    if (reserved.has(name.toLowerCase()))
      here.errorAtKey(`the header ${name} cannot be set${insteadOf(name)}`);
    if (header === undefined) continue;
    const { values = [], secrets = [], files = [] } = header;
    const misspelt = Object.keys(header).some((key) => !["values", "secrets", "files"].includes(key));
    if (!misspelt && values.length + secrets.length + files.length === 0) {
      here.errorAtKey("a header needs at least one of values, secrets and files");
    }
    headers.push(
      ...decodeValues(name, values, here.to("values")),
      ...decodeValues(name, secrets, here.to("secrets")),
      ...files.map((file, index) => ({
        name,
        value: { file: here.to("files", index).resolveExisting(file ?? "") },
      })),
    );
  }
  return headers;
}

export function decodeConnectHeaders(
  draft: GatewayDraft["proxy_connect_header"],
  at: Cursor,
): readonly HttpHeader[] {
  return Object.entries(draft ?? {}).flatMap(([name, values]) => {
    if (!checkHeaderName(name, at.to(name))) return [];
    return decodeValues(name, values ?? [], at.to(name));
  });
}

function checkHeaderName(name: string, at: Cursor): boolean {
  // `__proto__` would be a legal name, but zod does not check what stands below it.
  const isName = /^[\w!#$%&'*+.^`|~-]+$/.test(name) && name !== "__proto__";
  if (!isName) at.errorAtKey(`${quote(name)} is not the name of a header`);
  return isName;
}

function insteadOf(name: string): string {
  return name.toLowerCase() === "authorization" ? ": use basic_auth or authorization instead" : "";
}

function decodeValues(
  name: string,
  values: readonly (string | undefined)[],
  at: Cursor,
): readonly HttpHeader[] {
  return values.map((value = "", index) => {
    if (/[^\t\u0020-\u007e\u0080-\u00ff]/.test(value)) {
      at.to(index).error("the value of a header is one line of Latin-1 characters");
    }
    return { name, value: { secret: new Secret(value) } };
  });
}
