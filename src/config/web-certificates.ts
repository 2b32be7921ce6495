import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";

import type { SecretSource, TextSource } from "./config.ts";
import type { Cursor } from "./cursor.ts";
import { explainFileError } from "../core/errors.ts";
import type { ReadFile } from "./file-text.ts";
import { Secret } from "./secret.ts";
import type { WebTls } from "./web-config.ts";
import type { WebTlsSources } from "./web-tls.ts";

/** Reads the certificates and the key, and reports what is wrong with them; null with a problem. */
export async function readCertificates(
  sources: WebTlsSources,
  at: Cursor,
  readFile: ReadFile,
  nowMs: number,
): Promise<WebTls | null> {
  const read = (source: TextSource | SecretSource, key: string): Promise<string | null> =>
    "file" in source
      ? readNamed(source.file, at.to(`${key}_file`), readFile)
      : Promise.resolve("text" in source ? source.text : source.secret.reveal());
  const cert = await read(sources.cert, "cert");
  const key = await read(sources.key, "key");
  const clientCa = sources.clientCa === null ? null : await read(sources.clientCa, "client_ca");

  const place = (source: TextSource | SecretSource, name: string): Cursor =>
    at.to("file" in source ? `${name}_file` : name);
  const certificates = cert === null ? null : parseChain(cert, place(sources.cert, "cert"), nowMs);
  const privateKey = key === null ? null : parseKey(key, place(sources.key, "key"));
  if (clientCa !== null && sources.clientCa !== null) {
    parseChain(clientCa, place(sources.clientCa, "client_ca"), nowMs);
  }
  const own = certificates?.[0];
  if (own === undefined || privateKey === null || cert === null || key === null) return null;
  if (!own.checkPrivateKey(privateKey)) {
    place(sources.key, "key").error("this key does not belong to the certificate");
  }
  return { ...sources, cert, key: new Secret(key), clientCa };
}

async function readNamed(file: string, at: Cursor, readFile: ReadFile): Promise<string | null> {
  // Its name is wrong already.
  if (file === "") return null;
  try {
    return Buffer.from(await readFile(file)).toString("latin1");
  } catch (error) {
    at.error(`${file} cannot be read: ${explainFileError(error)}`);
    return null;
  }
}

/** All certificates of a PEM text, at least one; null with a problem. */
function parseChain(pem: string, at: Cursor, nowMs: number): readonly X509Certificate[] | null {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) {
    at.error("no certificate in there: it begins with -----BEGIN CERTIFICATE-----");
    return null;
  }
  const certificates: X509Certificate[] = [];
  for (const block of blocks) {
    try {
      certificates.push(new X509Certificate(block));
    } catch {
      at.error(`certificate ${certificates.length + 1} in there is damaged`);
      return null;
    }
  }
  for (const { validFrom, validTo } of certificates.slice(0, 1)) {
    if (Date.parse(validTo) < nowMs) at.warn(`the certificate has expired: ${toIso(validTo)}`);
    if (Date.parse(validFrom) > nowMs) at.warn(`the certificate is not valid before ${toIso(validFrom)}`);
  }
  return certificates;
}

function toIso(time: string): string {
  return new Date(time).toISOString();
}

/** null with a problem, which never repeats anything of the key. */
function parseKey(pem: string, at: Cursor): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    const encrypted = /-----BEGIN ENCRYPTED|^Proc-Type:.*ENCRYPTED/m.test(pem);
    at.error(
      encrypted
        ? "the key is encrypted with a pass phrase: there is nobody to ask for it at start"
        : "no private key in there: it begins with -----BEGIN PRIVATE KEY----- or the like",
    );
    return null;
  }
}
