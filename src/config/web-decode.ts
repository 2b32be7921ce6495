import { dirname, resolve } from "node:path";

import { Cursor, type DecodeContext } from "./cursor.ts";
import type { Findings, Places } from "./findings.ts";
import { parseGoDuration } from "./go-duration.ts";
import type { Draft } from "./shape.ts";
import type { RateLimit, WebConfig } from "./web-config.ts";
import type { WebConfigInput } from "./web-schema.ts";
import { decodeWebTls, type WebTlsSources } from "./web-tls.ts";
import { decodeUsers } from "./web-users.ts";

type WebDraft = Draft<WebConfigInput>;

/** {@link WebConfig} before the files it names are read, and where to report what is wrong with those. */
export interface WebDecoded extends Omit<WebConfig, "tls" | "files"> {
  readonly tls: WebTlsSources | null;
  readonly tlsCursor: Cursor;
  /** Absolute. */
  readonly namedFiles: readonly string[];
}

export function decodeWebConfig(
  draft: WebDraft,
  path: string,
  places: Places,
  findings: Findings,
): WebDecoded {
  const context: DecodeContext = { findings, places, folder: dirname(resolve(path)), namedFiles: [] };
  const root = new Cursor(context);
  const tlsCursor = root.to("tls_server_config");
  const http = root.to("http_server_config");
  if (draft.http_server_config?.http2 === true) {
    http.to("http2").warn("HTTP/2 is not spoken here: clients get HTTP/1.1");
  }
  return {
    path,
    tls: decodeWebTls(draft.tls_server_config, tlsCursor),
    tlsCursor,
    headers: decodeHeaders(draft.http_server_config?.headers, http.to("headers")),
    users: decodeUsers(draft.basic_auth_users, root.to("basic_auth_users")),
    rateLimit: decodeRateLimit(draft.rate_limit, root.to("rate_limit")),
    namedFiles: context.namedFiles.map(({ file }) => file),
  };
}

type HeadersDraft = NonNullable<WebDraft["http_server_config"]>["headers"];

function decodeHeaders(draft: HeadersDraft, at: Cursor): WebConfig["headers"] {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(draft ?? {})) {
    if (value === undefined || value === "") continue;
    if (/[^\t\u0020-\u007e\u0080-\u00ff]/.test(value)) {
      at.to(name).error("the value of a header is one line of Latin-1 characters");
    }
    headers[name] = value;
  }
  return headers;
}

function decodeRateLimit(draft: WebDraft["rate_limit"], at: Cursor): RateLimit | null {
  if (draft === undefined) return null;
  const { interval = 0, burst } = draft;
  const intervalSeconds = interval === 0 ? 0 : at.to("interval").parse(interval, parseGoDuration, Number.NaN);
  if (intervalSeconds === 0) return null;
  if (!Object.hasOwn(draft, "burst")) at.to("interval").error("with an interval, burst must be set, too");
  return { intervalSeconds, burst: burst ?? 1 };
}
