import type { TlsSettings, TlsVersion } from "./config.ts";
import type { Cursor } from "./cursor.ts";
import type { ConfigInput } from "./schema.ts";
import type { Draft } from "./shape.ts";
import { decodeSecretSource, decodeTextSource } from "./sources.ts";

type TlsDraft = Draft<ConfigInput["pushgateways"][number]>["tls_config"];

/** Prometheus' spelling to Node's. */
export const tlsVersions = {
  TLS10: "TLSv1",
  TLS11: "TLSv1.1",
  TLS12: "TLSv1.2",
  TLS13: "TLSv1.3",
} as const satisfies Record<string, TlsVersion>;

export function decodeTls(draft: TlsDraft, at: Cursor): TlsSettings | null {
  if (draft === undefined) return null;
  const { min_version: min, max_version: max } = draft;
  if (min !== undefined && max !== undefined && min > max) {
    at.to("max_version").error(`max_version must not be older than min_version, ${min}`);
  }
  return {
    ca: decodeTextSource(draft, "ca", at),
    client: decodeClientCertificate(draft, at),
    serverName: draft.server_name ?? null,
    insecureSkipVerify: draft.insecure_skip_verify ?? false,
    minVersion: min === undefined ? null : tlsVersions[min],
    maxVersion: max === undefined ? null : tlsVersions[max],
  };
}

function decodeClientCertificate(draft: NonNullable<TlsDraft>, at: Cursor): TlsSettings["client"] {
  const cert = decodeTextSource(draft, "cert", at);
  const key = decodeSecretSource(draft, "key", at);
  if (cert !== null && key === null) at.error("a client certificate needs its key: set key or key_file");
  if (cert === null && key !== null) at.error("a client key needs its certificate: set cert or cert_file");
  return cert === null || key === null ? null : { cert, key };
}
