import { z } from "zod";

import { choice, file, flag, section, text } from "./schema-values.ts";

/**
 * The shape of a web configuration file, as Prometheus and its exporters take it:
 * https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
 */

const tlsVersion = () => choice("TLS10", "TLS11", "TLS12", "TLS13");
/** Blank counts as not set. */
const headerValue = () => z.string({ error: "text" });

const tls = section({
  cert: text("a certificate (PEM)").optional(),
  cert_file: file().optional(),
  key: text("a key (PEM)").optional(),
  key_file: file().optional(),
  client_auth_type: choice("NoClientCert", "RequireAndVerifyClientCert").optional(),
  client_ca: text("certificates (PEM)").optional(),
  client_ca_file: file().optional(),
  min_version: tlsVersion().optional(),
  max_version: tlsVersion().optional(),
});

const headers = section({
  "Strict-Transport-Security": headerValue().optional(),
  "X-Content-Type-Options": choice("nosniff").optional(),
  "X-Frame-Options": choice("deny", "sameorigin").optional(),
  "X-XSS-Protection": headerValue().optional(),
  "Content-Security-Policy": headerValue().optional(),
});

export const webConfigSchema = section({
  tls_server_config: tls.optional(),
  http_server_config: section({ http2: flag().optional(), headers: headers.optional() }).optional(),
  basic_auth_users: z
    .record(z.string(), text("a bcrypt hash"), { error: "a mapping of user names to bcrypt hashes" })
    .optional(),
});

export type WebConfigInput = z.infer<typeof webConfigSchema>;
