import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";

import type { TlsOptions } from "../http/server-options.ts";

/** Where each part comes from: its file, or its key in the configuration. */
export interface TlsPlaces {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** What is wrong with certificates and key, which Node either passes over in silence or tells in OpenSSL's words. */
export function findTlsProblem({ ca, cert, key }: TlsOptions, places: TlsPlaces): string | null {
  if (ca !== undefined && parseCertificate(ca) === null) return noCertificate(places.ca);
  if (cert === undefined || key === undefined) return null;
  const certificate = parseCertificate(cert);
  if (certificate === null) return noCertificate(places.cert);
  const privateKey = parseKey(key);
  if (privateKey === null) {
    return `${places.key}: no private key in there, or one with a pass phrase, which nobody is there to type`;
  }
  return certificate.checkPrivateKey(privateKey)
    ? null
    : `${places.key}: this key does not belong to the certificate in ${places.cert}; if both are being replaced, the next sweep finds them whole`;
}

function noCertificate(place: string): string {
  return `${place}: no certificate in there: it begins with -----BEGIN CERTIFICATE-----`;
}

function parseCertificate(pem: string): X509Certificate | null {
  const block =
    /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/.exec(
      pem,
    );
  try {
    return block === null ? null : new X509Certificate(block[0]);
  } catch {
    return null;
  }
}

function parseKey(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    return null;
  }
}
