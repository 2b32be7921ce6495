import { isIPv6 } from "node:net";
import type { PeerCertificate, TLSSocket } from "node:tls";

import type { WebTls } from "../../config/web-config.ts";

type Policy = Pick<WebTls, "clientAuth" | "clientAllowedSans">;
type Peer = Pick<TLSSocket, "authorized" | "getPeerCertificate">;

/** Whether clients are asked for a certificate at all. */
export function asksForCertificate({ clientAuth }: Policy): boolean {
  return clientAuth !== "NoClientCert";
}

/**
 * Why a client must not be let in, or null. Node's own `rejectUnauthorized` knows only two of the five modes; and
 * `authorized` alone says nothing: it is true, too, for a resumed session without any certificate.
 */
export function refuseClient(peer: Peer, { clientAuth, clientAllowedSans }: Policy): string | null {
  if (clientAuth === "NoClientCert") return null;
  // An empty object stands for none.
  const certificate: Partial<PeerCertificate> | null = peer.getPeerCertificate();
  const given = certificate?.raw !== undefined;
  if (!given) {
    const required = clientAuth === "RequireAnyClientCert" || clientAuth === "RequireAndVerifyClientCert";
    return required ? "it has no certificate" : null;
  }
  const verify = clientAuth === "VerifyClientCertIfGiven" || clientAuth === "RequireAndVerifyClientCert";
  if (verify && !peer.authorized) return "its certificate is not of a trusted authority, or not valid now";
  if (clientAllowedSans === null) return null;
  const allowed = new Set(clientAllowedSans.map(canonicalize));
  const names = parseSubjectAltName(certificate?.subjectaltname ?? "");
  return names.some((name) => allowed.has(name)) ? null : "its certificate bears none of the allowed names";
}

/**
 * The DNS names, e-mail and IP addresses, and URIs of Node's `DNS:a.example, IP Address:10.0.0.1`. A value that holds a
 * comma or a quote stands there as JSON, so that it cannot pass for several.
 */
export function parseSubjectAltName(text: string): readonly string[] {
  const names: string[] = [];
  for (const [, type, value = ""] of text.matchAll(/([^:,]+):("(?:[^"\\]|\\.)*"|(?!")[^,]*)(?:, |$)/gy)) {
    if (type !== "DNS" && type !== "IP Address" && type !== "URI" && type !== "email") continue;
    names.push(canonicalize(unquote(value)));
  }
  return names;
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    return JSON.parse(value) as string;
  } catch {
    return "";
  }
}

/** One spelling for each IPv6 address; with a zone it can stand in no certificate, and in no URL. */
function canonicalize(name: string): string {
  return isIPv6(name) && !name.includes("%") ? new URL(`http://[${name}]`).hostname : name;
}
