/** Go's names of cipher suites and curves, in OpenSSL's spelling. */

const tls13Ciphers = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

/** Those that Go calls secure. */
const tls12Ciphers: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: "ECDHE-ECDSA-AES128-SHA",
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: "ECDHE-ECDSA-AES256-SHA",
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: "ECDHE-RSA-AES128-SHA",
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: "ECDHE-RSA-AES256-SHA",
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: "ECDHE-ECDSA-AES128-GCM-SHA256",
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: "ECDHE-ECDSA-AES256-GCM-SHA384",
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: "ECDHE-RSA-AES128-GCM-SHA256",
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: "ECDHE-RSA-AES256-GCM-SHA384",
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-RSA-CHACHA20-POLY1305",
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-ECDSA-CHACHA20-POLY1305",
};

const curves: Readonly<Record<string, string>> = {
  CurveP256: "P-256",
  CurveP384: "P-384",
  CurveP521: "P-521",
  X25519: "X25519",
};

export const cipherNames: readonly string[] = [...tls13Ciphers, ...Object.keys(tls12Ciphers)];
export const curveNames: readonly string[] = Object.keys(curves);

/** null: nothing is said about them. As in Go, the list is about TLS up to 1.2; those of TLS 1.3 are always there. */
export function toOpensslCiphers(names: readonly (string | undefined)[]): string | null {
  if (names.length === 0) return null;
  const chosen = names.flatMap((name) => tls12Ciphers[name ?? ""] ?? []);
  return [...tls13Ciphers, ...chosen].join(":");
}

/** null: nothing is said about them. */
export function toOpensslCurves(names: readonly (string | undefined)[]): string | null {
  return names.length === 0 ? null : names.flatMap((name) => curves[name ?? ""] ?? []).join(":");
}
