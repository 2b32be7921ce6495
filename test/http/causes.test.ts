import type { IncomingMessage } from "node:http";

import { describe, expect, it } from "vitest";

import type { Approach } from "../../src/http/request-error.ts";
import { explainConnectionError } from "../../src/http/connection-causes.ts";
import { ProxyError } from "../../src/http/tunnel.ts";
import { explainStatus, urlAfterRedirect } from "../../src/http/expect-success.ts";

const approach: Approach = {
  url: "https://gateway:9091/prefix/metrics",
  serverUrl: "https://gateway:9091/prefix",
  method: "GET",
  hasCredentials: false,
  hasClientCertificate: false,
  hasOwnAuthorities: false,
  proxy: null,
  hasProxyCredentials: false,
  redact: (text) => text.replaceAll("s3cret", "<secret>"),
};
const certified = { ...approach, hasClientCertificate: true };

function failure(code: string, message = "in OpenSSL's words:\n"): Error {
  return Object.assign(new Error(message), { code });
}

describe("an error of a connection comes with its likely cause", () => {
  // OpenSSL 3.0 of Node 20 and 3.5 of Node 24 spell them differently.
  it.each([
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", approach, "the server wants a client certificate: set tls"],
    ["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", approach, "the server wants a client certificate: set tls"],
    ["ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE", approach, "the server wants a client certificate: set tls"],
    [
      "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
      certified,
      "the server does not accept the client certificate: the one",
    ],
    [
      "ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED",
      certified,
      "the server does not accept the client certificate",
    ],
    [
      "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE",
      approach,
      "breaks the TLS handshake off: it has no cipher in common, or",
    ],
    [
      "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
      certified,
      "breaks the TLS handshake off: it has no cipher in common",
    ],
    ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", approach, "the two sides have no TLS version in common"],
    ["ERR_SSL_TLSV1_UNRECOGNIZED_NAME", approach, "has no certificate for the name in the request"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", approach, "plain HTTP, write http://gateway:9091/prefix"],
    ["ERR_SSL_PACKET_LENGTH_TOO_LONG", approach, "plain HTTP, write http://gateway:9091/prefix"],
    ["CERT_NOT_YET_VALID", approach, "is not valid yet: is the clock wrong"],
    ["CERT_REVOKED", approach, "the server's certificate is not accepted: in OpenSSL's words"],
    ["ETIMEDOUT", approach, "is the address right, does a firewall drop it?"],
    ["UND_ERR_CONNECT_TIMEOUT", approach, "the TLS handshake was not answered in time"],
    ["EHOSTUNREACH", approach, "there is no route to this address from here"],
    ["EPIPE", approach, "it may want a client certificate"],
    [
      "HPE_INVALID_CONSTANT",
      { ...approach, serverUrl: "http://g:1" },
      "if the port speaks TLS, write https://g:1",
    ],
    ["ESOMETHING", approach, "in OpenSSL's words"],
  ])("%s", (code, how, message) => {
    const text = explainConnectionError(failure(code), how);
    expect(text).toContain(message);
    expect(text).not.toContain("\n");
  });

  it("of all the addresses of a name, once", () => {
    const refused = (address: string): Error => failure("ECONNREFUSED", `connect ECONNREFUSED ${address}`);
    const all = new AggregateError([refused("::1:1"), refused("127.0.0.1:1")], "");
    expect(explainConnectionError(all, approach)).toBe(
      "connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1: nothing listens there; is it running, is the port right?",
    );
  });
});

describe("an error of the proxy names the proxy and the remedy", () => {
  const where = { proxy: "http://proxy:3128", target: "gateway:9091" };
  it.each([
    [
      { statusCode: 407 },
      approach,
      "it wants a user and a password: write proxy_url: http://user:password@host:port",
    ],
    [
      { statusCode: 407, statusMessage: "me:s3cret" },
      approach,
      "what happened me:<secret>: it wants a user and a password",
    ],
    [
      { statusCode: 407 },
      { ...approach, hasProxyCredentials: true },
      "does not accept the user and password",
    ],
    [{ statusCode: 403 }, approach, "its rules do not let CONNECT to gateway:9091 pass"],
    [{ statusCode: 502 }, approach, "it cannot reach gateway:9091, or is no forward proxy"],
    [{ cause: failure("ECONNREFUSED") }, approach, "nothing listens there"],
    [{ cause: failure("ECONNRESET") }, approach, "it closes the connection on CONNECT to gateway:9091"],
    [
      { cause: failure("ERR_SSL_WRONG_VERSION_NUMBER") },
      approach,
      "if the port speaks plain HTTP, write http://proxy:1",
    ],
    [{}, approach, "what happened"],
  ])("%o", (details, how, message) => {
    const proxied =
      "cause" in details && String(details.cause).includes("OpenSSL")
        ? { ...where, proxy: "https://proxy:1" }
        : where;
    const { cause, ...answer } = details as { cause?: Error } & Partial<IncomingMessage>;
    const failed = {
      ...proxied,
      what: "what happened",
      answer: "statusCode" in details ? (answer as IncomingMessage) : undefined,
    };
    const text = explainConnectionError(new ProxyError(failed, cause), how);
    expect(text).toContain(`the proxy ${proxied.proxy}: `);
    expect(text).toContain(message);
  });
});

describe("a status comes with a remedy", () => {
  const headers = { "www-authenticate": 'Basic realm="x"' };
  it.each([
    [400, "Client sent an HTTP request to an HTTPS server.", approach, "the port speaks TLS"],
    [400, "The plain HTTP request was sent to HTTPS port", approach, "the port speaks TLS"],
    [400, "No required SSL certificate was sent", approach, "it wants a client certificate"],
    [400, "The SSL certificate error", certified, "it does not accept the client certificate"],
    [401, "", approach, "it wants a user and a password; set basic_auth"],
    [401, "", { ...approach, hasCredentials: true }, "it does not accept the credentials"],
    [
      401,
      "",
      { ...approach, serverUrl: "http://g", proxy: "http://p:1", hasProxyCredentials: true },
      "set basic_auth; if the proxy says so, it does not accept the user and password in its URL",
    ],
    [403, "", { ...approach, method: "DELETE" }, "allow DELETE, for this user"],
    [404, "", approach, "--web.route-prefix"],
    [405, "", { ...approach, method: "DELETE" }, "does not allow DELETE"],
    [407, "", approach, "proxy_url: http://user:password@host:port"],
    [413, "", approach, "client_max_body_size"],
    [414, "", approach, "large_client_header_buffers"],
    [502, "", approach, "cannot reach it"],
    [504, "", approach, "proxy_read_timeout"],
  ])("%i %j", (status, text, how, message) => {
    expect(explainStatus({ status, headers, text }, how)).toContain(message);
  });

  it.each([400, 500, 503])("unless it speaks for itself: %i", (status) => {
    expect(explainStatus({ status, headers: {}, text: "inconsistent" }, approach)).toBeNull();
  });
});

describe("the url that a redirect means", () => {
  const asked = "http://gateway/api/v1/status";
  it.each([
    ["https://gateway/api/v1/status", "https://gateway"],
    ["https://gateway:9443/prefix/api/v1/metrics", "https://gateway:9443/prefix"],
    ["/prefix/metrics", "http://gateway/prefix"],
    ["//other/metrics?token=s3cret", "http://other"],
    ["https://me:s3cret@gateway/metrics", "https://gateway"],
    ["https://login/?next=/api/v1/status", null],
    ["/login", null],
    ["ftp://gateway/metrics", null],
    ["http://[", null],
    [undefined, null],
  ])("%s: %s", (location, url) => {
    expect(urlAfterRedirect(asked, location)).toBe(url);
  });
});
