import type { Approach } from "./request-error.ts";
import { ProxyError } from "./tunnel.ts";

type Wording = string | ((error: Error, approach: Approach) => string);
type Cause = readonly [code: RegExp, happened: Wording, remedy: Wording];

/** What an error of a connection means, and what to do about it: the first row that knows its code decides. */
const causes: readonly Cause[] = [
  [
    /^(UNABLE_TO_(GET_ISSUER_CERT|VERIFY_LEAF)|SELF_SIGNED_CERT_IN_CHAIN)/,
    "the server's certificate is of an authority that is not trusted here",
    (_, { hasOwnAuthorities }) =>
      hasOwnAuthorities
        ? "the certificate in tls_config.ca_file (or ca) is of another authority; if not, the server leaves out intermediate certificates"
        : "set tls_config.ca_file to the certificate of that authority",
  ],
  [
    /^DEPTH_ZERO_SELF_SIGNED_CERT$/,
    "the server's certificate is self-signed",
    (_, { hasOwnAuthorities }) =>
      hasOwnAuthorities
        ? "it is not the one in tls_config.ca_file (or ca)"
        : "set tls_config.ca_file to this very certificate",
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    describeNameMismatch,
    "write one of its names into url, or into tls_config.server_name",
  ],
  [
    /^CERT_HAS_EXPIRED$/,
    "the server's certificate, or one of its authorities', has expired",
    "renew it; or is the clock here wrong?",
  ],
  [
    /^CERT_NOT_YET_VALID$/,
    "the server's certificate is not valid yet",
    "is the clock wrong, here or where it was issued?",
  ],
  [
    /^(CERT_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH)/,
    (error) => `the server's certificate is not accepted: ${firstLine(error.message)}`,
    "the server needs another one",
  ],
  [
    /ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)|ALERT_NO_CERTIFICATE/,
    describeClientCertificate,
    (_, { hasClientCertificate }) =>
      hasClientCertificate
        ? "the one in tls_config.cert_file (or cert) has expired, or is not of the authority that the server trusts (its client_ca_file)"
        : "set tls_config.cert_file and key_file",
  ],
  [
    /UNRECOGNIZED_NAME/,
    "the server has no certificate for the name that it is asked by",
    "set tls_config.server_name to the name that it has one for",
  ],
  [
    /UNSUPPORTED_PROTOCOL|ALERT_PROTOCOL_VERSION|NO_PROTOCOLS_AVAILABLE|UNSUPPORTED_SSL_VERSION|TLSV1_ALERT_INSUFFICIENT/,
    "there is no TLS version that both sides speak",
    "compare tls_config.min_version and max_version with the server's",
  ],
  [
    /ALERT_HANDSHAKE_FAILURE/,
    "the server breaks the TLS handshake off",
    (_, { hasClientCertificate }) =>
      `it has no cipher in common${hasClientCertificate ? "" : ", or wants a client certificate (tls_config.cert_file and key_file)"}`,
  ],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|ERR_SSL_HTTP_REQUEST|RECORD_TOO_|UNEXPECTED_MESSAGE/,
    "the answer is no TLS",
    (_, { serverUrl: url }) => `if the port speaks plain HTTP, write ${url.replace(/^https:/, "http:")}`,
  ],
  [
    /^HPE_/,
    (error) => `the answer is broken: ${firstLine(error.message)}`,
    (_, { serverUrl: url }) =>
      url.startsWith("http:")
        ? `this may be no HTTP at all; if the port speaks TLS, write ${url.replace(/^http:/, "https:")}`
        : "this may be no HTTP at all; is the port right?",
  ],
  [/^ECONNREFUSED$/, own, "nothing listens there; is it running, is the port right?"],
  [/^ENOTFOUND$/, own, "no such name; is it spelt right, and known to the name servers here?"],
  [/^EAI_AGAIN$/, own, "no name server answers for this name"],
  [/^EREFUSEDADDRESS$/, own, "it is link-local; if a gateway is there, set gateway.allow_link_local: true"],
  [/^ETIMEDOUT$/, own, "is the address right, does a firewall drop it?"],
  [/^UND_ERR_CONNECT_TIMEOUT$/, "the TLS handshake was not answered in time", "does the port speak TLS?"],
  [/^(EHOSTUNREACH|ENETUNREACH)$/, own, "there is no way to this address from here"],
  [/^(ECONNRESET|EPIPE)$/, own, (_, approach) => guessAtSilence(approach)],
];

/** One line: what happened to a connection, and what to do about it where that can be told. */
export function explainConnectionError(error: unknown, approach: Approach): string {
  if (error instanceof ProxyError) return explainProxyError(error, approach);
  const through = approach.proxy === null ? "" : ` (through the proxy ${approach.proxy})`;
  return `${describe(error, approach)}${through}`;
}

/** Why a connection may be cut before a byte comes; empty if there is no guess. */
export function guessAtSilence(approach: Approach): string {
  const { serverUrl: url, hasClientCertificate } = approach;
  if (url.startsWith("http:")) return `if the port speaks TLS, write ${url.replace(/^http:/, "https:")}`;
  return hasClientCertificate ? "" : "it may want a client certificate (tls_config.cert_file and key_file)";
}

function explainProxyError(error: ProxyError, approach: Approach): string {
  const { target, status, statusText, cause } = error;
  const start = `the proxy ${error.proxy}: `;
  const what = `${error.what} ${approach.redact(statusText)}`.trim();
  switch (status) {
    case 401:
    case 407:
      return `${start}${what}: ${proxyLoginRemedy(approach)}`;
    case 403:
    case 405:
      return `${start}${what}: its rules do not let CONNECT to ${target} pass (tinyproxy: ConnectPort, squid: SSL_ports)`;
    case null:
      break;
    default:
      return `${start}${what}: it cannot reach ${target}, or is no forward proxy`;
  }
  const isSilence = cause instanceof Error && codeOf(cause) === "ECONNRESET";
  return isSilence
    ? `${start}it closes the connection on CONNECT to ${target}: its log may say why`
    : `${start}${describe(cause ?? error.what, { ...approach, serverUrl: error.proxy })}`;
}

/** What a 407 asks for. */
export function proxyLoginRemedy({ hasProxyCredentials }: Approach): string {
  return hasProxyCredentials
    ? "it does not accept the user and password in the proxy's URL"
    : "it wants a user and a password: write proxy_url: http://user:password@host:port";
}

function describe(error: unknown, approach: Approach): string {
  const cause = error instanceof Error ? findCause(error) : null;
  if (!(error instanceof Error) || cause === null) return own(error);
  const [, happened, remedy] = cause;
  const say = (wording: Wording): string =>
    typeof wording === "string" ? wording : wording(error, approach);
  return [say(happened), say(remedy)].filter((part) => part !== "").join(": ");
}

/** Of the addresses of a name that were tried at once, the first with a row in the table speaks for all. */
function findCause(error: Error): Cause | null {
  const attempts: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  const codes = attempts.map((attempt) => (attempt instanceof Error ? codeOf(attempt) : ""));
  return causes.find(([pattern]) => codes.some((code) => pattern.test(code))) ?? null;
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

function own(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(own))].join("; ");
  return firstLine(error instanceof Error ? error.message : String(error));
}

/** OpenSSL's messages end in a line break. */
function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

function describeClientCertificate(_: Error, { hasClientCertificate }: Approach): string {
  return hasClientCertificate
    ? "the server does not accept the client certificate"
    : "the server wants a client certificate";
}

function describeNameMismatch(error: Error): string {
  const { host, cert } = error as Error & {
    readonly host?: string;
    readonly cert?: { readonly subjectaltname?: string; readonly subject?: { readonly CN?: string } };
  };
  const names = cert?.subjectaltname ?? cert?.subject?.CN ?? "no name at all";
  return `the server's certificate is not for ${host} but for ${names}`;
}
