import type { Server } from "node:http";
import { Server as TlsServer, type PeerCertificate, type TLSSocket } from "node:tls";
import { renderProblem } from "../../config/problem.ts";
import type { WebConfig, ClientAuth, WebTls } from "../../config/web-config.ts";
import { loadWebConfig } from "../../config/web-load.ts";
import { toSecureContextOptions } from "../../config/web-secure-context.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { createReloader, type Loaded, type ReloadResult } from "../reload.ts";
import { isIPv6 } from "node:net";

export interface WebReloadOptions {
  readonly server: Server;
  readonly current: () => WebConfig;
  readonly use: (config: WebConfig) => void;
  readonly log: Logger;
}

/** Reads the web configuration and its certificates again. New connections get the new ones; a bad file changes nothing. */
export function createWebReloader({
  server,
  current,
  use,
  log,
}: WebReloadOptions): () => Promise<ReloadResult> {
  return createReloader<WebConfig>({
    load: () => load(current()),
    apply: (config) => {
      if (config.tls !== null && server instanceof TlsServer) {
        server.setSecureContext(toSecureContextOptions(config.tls));
      }
      use(config);
      log.info("Loaded the web configuration", { file: config.path });
      return Promise.resolve();
    },
    onFailure: (message) =>
      log.error("The web configuration cannot be loaded: the last good one stays in force", {
        problems: message,
      }),
  });
}

async function load(current: WebConfig): Promise<Loaded<WebConfig>> {
  const result = await loadWebConfig(current.path);
  if (!result.ok) return { ok: false, message: result.problems.map(renderProblem).join("\n") };
  const restart = whatNeedsRestart(current, result.config);
  return restart === null
    ? { ok: true, value: result.config }
    : { ok: false, message: `${current.path}: ${restart} takes a restart` };
}

/**
 * What Node's server fixes when it is made, and what would let in clients that are kept out now: a file of which only the first half
 * has been written may look like that.
 */
function whatNeedsRestart(before: WebConfig, after: WebConfig): string | null {
  if (before.users.size > 0 && after.users.size === 0) return "turning the login off";
  if ((before.tls === null) !== (after.tls === null)) return "turning TLS on or off";
  if (before.tls === null || after.tls === null) return null;
  if (asksForCertificate(before.tls) !== asksForCertificate(after.tls)) {
    return "a change of client_auth_type from or to NoClientCert";
  }
  return demandsLess(before.tls, after.tls) ? "demanding less of clients' certificates" : null;
}

type Policy = Pick<WebTls, "clientAuth" | "clientAllowedSans" | "clientCa">;
type Peer = Pick<TLSSocket, "authorized" | "getPeerCertificate">;

/** Whether clients are asked for a certificate at all. */
export function asksForCertificate({ clientAuth }: Pick<Policy, "clientAuth">): boolean {
  return clientAuth !== "NoClientCert";
}

function requires(mode: ClientAuth): boolean {
  return mode === "RequireAnyClientCert" || mode === "RequireAndVerifyClientCert";
}

function verifies(mode: ClientAuth): boolean {
  return mode === "VerifyClientCertIfGiven" || mode === "RequireAndVerifyClientCert";
}

/** Whether `after` lets in clients for something that `before` demands and it does not. */
export function demandsLess(before: Policy, after: Policy): boolean {
  const demands = ({ clientAuth, clientAllowedSans, clientCa }: Policy): readonly boolean[] => [
    requires(clientAuth),
    verifies(clientAuth),
    clientAllowedSans !== null,
    clientCa !== null,
  ];
  return demands(before).some((one, index) => one && demands(after)[index] !== true);
}

/**
 * Why a client must not be let in, or null. Node's own `rejectUnauthorized` knows only two of the five modes; and
 * `authorized` alone says nothing: it is true, too, for a resumed session without any certificate.
 */
export function refuseClient(
  peer: Peer,
  { clientAuth, clientAllowedSans }: Omit<Policy, "clientCa">,
): string | null {
  if (clientAuth === "NoClientCert") return null;
  // An empty object stands for none.
  const certificate: Partial<PeerCertificate> | null = peer.getPeerCertificate();
  const given = certificate?.raw !== undefined;
  if (!given) return requires(clientAuth) ? "it has no certificate" : null;
  if (verifies(clientAuth) && !peer.authorized)
    return "its certificate is not of a trusted authority, or not valid now";
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
