import { constants } from "node:crypto";
import {
  createSecureContext,
  DEFAULT_CIPHERS,
  type SecureContext,
  type SecureContextOptions,
} from "node:tls";

import type { WebTls } from "./web-config.ts";

/** Node's options for what the file says about TLS. */
export function toSecureContextOptions(tls: WebTls): SecureContextOptions {
  const { cert, key, clientCa, minVersion, maxVersion } = tls;
  const old = minVersion === "TLSv1" || minVersion === "TLSv1.1";
  return {
    cert,
    key: key.reveal(),
    ...(clientCa === null ? {} : { ca: clientCa }),
    // OpenSSL speaks the old versions only at its lowest security level.
    ciphers: `${DEFAULT_CIPHERS}${old ? ":@SECLEVEL=0" : ""}`,
    minVersion,
    maxVersion,
    honorCipherOrder: true,
    // A resumed session would skip the look at the client's certificate, with the authorities of before a reload.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

/** @throws what OpenSSL finds wrong */
export function createWebSecureContext(tls: WebTls): SecureContext {
  return createSecureContext(toSecureContextOptions(tls));
}
