import { errorCode, messageOf } from "../core/errors.ts";
import type { Approach } from "./request-error.ts";
import { ProxyError } from "./tunnel.ts";

type Wording = string | ((error: Error, approach: Approach) => string);
type Cause = readonly [code: RegExp, happened: Wording, remedy: Wording];

/** The meaning of a connection's errors, and what to do about them: the first row that knows the code decides. */
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
    (error) => `the server's certificate is not accepted: ${firstLineOf(error)}`,
    "the server needs another one",
  ],
  [
    /ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)|ALERT_NO_CERTIFICATE/,
    (_, { hasClientCertificate }) =>
      hasClientCertificate
        ? "the server does not accept the client certificate"
        : "the server wants a client certificate",
    (_, { hasClientCertificate }) =>
      hasClientCertificate
        ? "the one in tls_config.cert_file (or cert) has expired, or is not of the authority that the server trusts (its client_ca_file)"
        : "set tls_config.cert_file and key_file",
  ],
  [
    /UNRECOGNIZED_NAME/,
    "the server has no certificate for the name in the request",
    "set tls_config.server_name to the name that it has one for",
  ],
  [
    /UNSUPPORTED_PROTOCOL|ALERT_PROTOCOL_VERSION|NO_PROTOCOLS_AVAILABLE|UNSUPPORTED_SSL_VERSION|TLSV1_ALERT_INSUFFICIENT/,
    "the two sides have no TLS version in common",
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
    (_, { serverUrl }) => `if the port speaks plain HTTP, write ${serverUrl.replace(/^https:/, "http:")}`,
  ],
  [
    /^HPE_/,
    (error) => `the answer is broken: ${firstLineOf(error)}`,
    (_, { serverUrl }) => `this may be no HTTP at all; ${guessAtTls(serverUrl) || "is the port right?"}`,
  ],
  [/^ECONNREFUSED$/, firstLineOf, "nothing listens there; is it running, is the port right?"],
  [/^ENOTFOUND$/, firstLineOf, "no such name; is it spelt right, and known to the name servers here?"],
  [/^EAI_AGAIN$/, firstLineOf, "no name server answers for this name"],
  [
    /^EREFUSEDADDRESS$/,
    firstLineOf,
    "it is link-local; if a gateway is there, set gateway.allow_link_local: true",
  ],
  [/^ETIMEDOUT$/, firstLineOf, "is the address right, does a firewall drop it?"],
  [/^UND_ERR_CONNECT_TIMEOUT$/, "the TLS handshake was not answered in time", "does the port speak TLS?"],
  [/^(EHOSTUNREACH|ENETUNREACH)$/, firstLineOf, "there is no route to this address from here"],
  [/^(ECONNRESET|EPIPE)$/, firstLineOf, (_, approach) => guessAtSilence(approach)],
];

/** One line: what happened to a connection, and what to do about it if that is known. */
export function explainConnectionError(error: unknown, approach: Approach): string {
  if (error instanceof ProxyError) return explainProxyError(error, approach);
  return `${describe(error, approach)}${throughProxy(approach)}`;
}

/** Ends a message about a server that is reached through a proxy, whose fault it may be. */
export function throughProxy({ proxy }: Approach): string {
  return proxy === null ? "" : ` (through the proxy ${proxy})`;
}

/** Why a connection may be closed before any byte of an answer; empty if there is no guess. */
export function guessAtSilence({ serverUrl, hasClientCertificate }: Approach): string {
  if (serverUrl.startsWith("http:")) return guessAtTls(serverUrl);
  return hasClientCertificate ? "" : "it may want a client certificate (tls_config.cert_file and key_file)";
}

function guessAtTls(url: string): string {
  return url.startsWith("http:") ? `if the port speaks TLS, write ${url.replace(/^http:/, "https:")}` : "";
}

function explainProxyError({ failure, cause }: ProxyError, approach: Approach): string {
  const { proxy, target, what, answer } = failure;
  if (answer !== undefined) {
    const said = `the proxy ${proxy}: ${`${what} ${approach.redact(answer.statusMessage ?? "")}`.trim()}`;
    switch (answer.statusCode) {
      case 401:
      case 407:
        return `${said}: ${proxyLoginRemedy(approach)}`;
      case 403:
      case 405:
        return `${said}: its rules do not let CONNECT to ${target} pass (tinyproxy: ConnectPort, squid: SSL_ports)`;
      default:
        return `${said}: it cannot reach ${target}, or is no forward proxy`;
    }
  }
  return errorCode(cause) === "ECONNRESET"
    ? `the proxy ${proxy}: it closes the connection on CONNECT to ${target}: its log may say why`
    : `the proxy ${proxy}: ${describe(cause ?? what, { ...approach, serverUrl: proxy })}`;
}

/** The remedy for a 407. */
export function proxyLoginRemedy({ hasProxyCredentials }: Approach): string {
  return hasProxyCredentials
    ? "it does not accept the user and password in the proxy's URL"
    : "it wants a user and a password: write proxy_url: http://user:password@host:port";
}

function describe(error: unknown, approach: Approach): string {
  const cause = findCause(error);
  if (!(error instanceof Error) || cause === undefined) return firstLineOf(error);
  const parts = cause
    .slice(1)
    .map((wording) => (typeof wording === "function" ? wording(error, approach) : wording));
  return parts.filter((part) => part !== "").join(": ");
}

/** Several addresses of a name may have been tried at once: the first whose code is in the table decides. */
function findCause(error: unknown): Cause | undefined {
  const attempts: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  return causes.find(([pattern]) => attempts.some((attempt) => pattern.test(errorCode(attempt) ?? "")));
}

/** Its first line: OpenSSL's messages end in a line break. */
function firstLineOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(firstLineOf))].join("; ");
  return messageOf(error).split("\n", 1)[0] ?? "";
}

function describeNameMismatch(error: Error): string {
  const { host, cert } = error as Error & {
    readonly host?: string;
    readonly cert?: { readonly subjectaltname?: string; readonly subject?: { readonly CN?: string } };
  };
  const names = cert?.subjectaltname ?? cert?.subject?.CN ?? "no name at all";
  return `the server's certificate is not for ${host} but for ${names}`;
}
