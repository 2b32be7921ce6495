import { z } from "zod";

import { choice, file, flag, list, positiveCount, section, text } from "./schema-values.ts";
import { cipherNames, curveNames } from "./web-ciphers.ts";
import { clientAuthTypes } from "./web-config.ts";

/**
 * The shape of a web configuration file, as Prometheus and its exporters take it:
 * https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
 */

const tlsVersion = () => choice("TLS10", "TLS11", "TLS12", "TLS13");
/** A name out of a list that is too long to be told whole. */
const oneOf = (names: readonly string[], expected: string) =>
  z.enum(names as [string, ...string[]], { error: expected });
/** Blank counts as not set. */
const headerValue = () => z.string({ error: "text" });

const tls = section({
  cert: text("a certificate (PEM)").optional(),
  cert_file: file().optional(),
  key: text("a key (PEM)").optional(),
  key_file: file().optional(),
  client_auth_type: z
    // The second name of RequireAnyClientCert comes from before it was found to be misleading.
    .enum([...clientAuthTypes, "RequireClientCert"], { error: `one of ${clientAuthTypes.join(", ")}` })
    .optional(),
  client_ca: text("certificates (PEM)").optional(),
  client_ca_file: file().optional(),
  client_allowed_sans: list(text("a name like scraper.example.com"), "a list of names").optional(),
  min_version: tlsVersion().optional(),
  max_version: tlsVersion().optional(),
  cipher_suites: list(
    oneOf(cipherNames, "a cipher suite like TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    "a list of cipher suites",
  ).optional(),
  curve_preferences: list(
    oneOf(curveNames, `one of ${curveNames.join(", ")}`),
    "a list of curves",
  ).optional(),
  prefer_server_cipher_suites: flag().optional(),
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
  rate_limit: section({
    interval: z
      .union([z.literal(0), z.string()], { error: "a duration like 1s, or 0 for no limit" })
      .optional(),
    burst: positiveCount().optional(),
  }).optional(),
});

export type WebConfigInput = z.infer<typeof webConfigSchema>;
