import { dirname, resolve } from "node:path";

import { Cursor, type DecodeContext } from "./cursor.ts";
import type { Findings, Places } from "./findings.ts";
import type { Draft } from "./shape.ts";
import type { WebConfig } from "./web-config.ts";
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
