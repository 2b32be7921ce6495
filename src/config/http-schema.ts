import { z } from "zod";

import { choice, file, flag, list, section, text } from "./schema-values.ts";

const header = section({
  values: list(text("text"), "a list of texts").optional().describe("Values that may be shown."),
  secrets: list(text("text"), "a list of texts").optional().describe("Values that are never shown."),
  files: list(file(), "a list of file paths").optional().describe("Files that each hold a value."),
});

const headers = z.record(z.string(), header, { error: "a mapping of header names" });

const tlsVersion = () => choice("TLS10", "TLS11", "TLS12", "TLS13");

const tls = section({
  ca: text("a certificate (PEM)").optional().describe("Certificates of the authorities to trust, PEM."),
  ca_file: file().optional().describe("File with the certificates of the authorities to trust."),
  cert: text("a certificate (PEM)")
    .optional()
    .describe("The client's certificate, PEM. Needs key or key_file."),
  cert_file: file().optional().describe("File with the client's certificate. Needs key or key_file."),
  key: text("a key (PEM)").optional().describe("The client's key, PEM. Needs cert or cert_file."),
  key_file: file().optional().describe("File with the client's key. Needs cert or cert_file."),
  server_name: text("a host name")
    .optional()
    .describe("The name the server's certificate must bear, if not the URL's host."),
  insecure_skip_verify: flag().optional().describe("Accept any certificate."),
  min_version: tlsVersion().optional().describe("Oldest TLS version to accept."),
  max_version: tlsVersion().optional().describe("Newest TLS version to offer."),
});

/** As in a scrape_config of Prometheus. */
export const http = {
  basic_auth: section({
    username: text("a user name").optional().describe("User name."),
    username_file: file().optional().describe("File that holds the user name."),
    password: text("a password").optional().describe("Password."),
    password_file: file().optional().describe("File that holds the password."),
  })
    .optional()
    .describe("Basic authentication. Not together with authorization."),
  authorization: section({
    type: text("an authentication scheme like Bearer")
      .optional()
      .describe("The authentication scheme.")
      .meta({ default: "Bearer" }),
    credentials: text("a token").optional().describe("What follows the scheme in the header."),
    credentials_file: file().optional().describe("File that holds the credentials."),
  })
    .optional()
    .describe("The Authorization header. Not together with basic_auth."),
  tls_config: tls.optional().describe("TLS settings."),
  proxy_url: text("a URL like http://proxy:3128").optional().describe("Proxy to reach the server through."),
  no_proxy: text("hosts, separated by commas")
    .optional()
    .describe(
      "Hosts to reach without the proxy, as in NO_PROXY: names (example.com: it and all below it, .example.com: all below it), addresses, networks, host:port, *. This machine is then among them. Needs proxy_url.",
    ),
  proxy_from_environment: flag()
    .optional()
    .describe("Take the proxy from HTTP_PROXY, HTTPS_PROXY and NO_PROXY. Not together with proxy_url."),
  proxy_connect_header: z
    .record(z.string(), list(text("text"), "a list of texts"), { error: "a mapping of header names" })
    .optional()
    .describe("Headers for the CONNECT request to the proxy, which is made for https URLs only."),
  http_headers: headers.optional().describe("Headers to send with every request."),
};
