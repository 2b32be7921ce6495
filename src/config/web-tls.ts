import type { SecretSource, TextSource } from "./config.ts";
import type { Cursor } from "./cursor.ts";
import type { Draft } from "./shape.ts";
import { decodeSecretSource, decodeTextSource, has } from "./sources.ts";
import { tlsVersions } from "./tls-settings.ts";
import type { WebTls } from "./web-config.ts";
import type { WebConfigInput } from "./web-schema.ts";

type TlsDraft = NonNullable<Draft<WebConfigInput>["tls_server_config"]>;

/** {@link WebTls} before the files are read. */
export interface WebTlsSources extends Omit<WebTls, "cert" | "key" | "clientCa"> {
  readonly cert: TextSource;
  readonly key: SecretSource;
  readonly clientCa: TextSource | null;
}

/** null: plain HTTP. */
export function decodeWebTls(draft: TlsDraft | undefined, at: Cursor): WebTlsSources | null {
  // As the exporters do, for files made from templates.
  if (draft === undefined || Object.keys(draft).length === 0) return null;
  const cert = decodeTextSource(draft, "cert", at);
  const key = decodeSecretSource(draft, "key", at);
  if (cert === null) at.error("tls_server_config needs the server's certificate: set cert_file or cert");
  if (key === null) at.error("tls_server_config needs the key of the certificate: set key_file or key");
  const settings = {
    ...decodeClientAuth(draft, at),
    ...decodeVersions(draft, at),
  };
  return cert === null || key === null ? null : { cert, key, ...settings };
}

function decodeClientAuth(
  draft: TlsDraft,
  at: Cursor,
): Pick<WebTlsSources, "requiresClientCertificate" | "clientCa"> {
  const clientCa = decodeTextSource(draft, "client_ca", at);
  const requiresClientCertificate = draft.client_auth_type === "RequireAndVerifyClientCert";
  // A misspelt type has been reported.
  if (!has(draft, "client_auth_type") || draft.client_auth_type === "NoClientCert") {
    for (const key of ["client_ca", "client_ca_file"]) {
      if (!has(draft, key)) continue;
      at.to(key).errorAtKey(`${key} has no effect without client_auth_type: RequireAndVerifyClientCert`);
    }
  } else if (requiresClientCertificate && clientCa === null) {
    at.to("client_auth_type").warn(
      "without client_ca_file a certificate of any public authority will do: did you mean to set it?",
    );
  }
  return { requiresClientCertificate, clientCa };
}

function decodeVersions(draft: TlsDraft, at: Cursor): Pick<WebTls, "minVersion" | "maxVersion"> {
  const { min_version: min = "TLS12", max_version: max = "TLS13" } = draft;
  if (min > max) {
    const key = draft.max_version === undefined ? "min_version" : "max_version";
    at.to(key).error(`max_version, ${max}, must not be older than min_version, ${min}`);
  }
  if (min < "TLS12") at.to("min_version").warn("TLS before 1.2 is broken: nothing has needed it for years");
  return { minVersion: tlsVersions[min], maxVersion: tlsVersions[max] };
}
