import { constants, createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { createSecureContext, DEFAULT_CIPHERS, type SecureContextOptions } from "node:tls";
import { explainFileError, messageOf } from "../../core/errors.ts";
import { countOf } from "../../core/printable.ts";
import type { SecretSource } from "../config.ts";
import type { FileValue } from "../file/file-value.ts";
import { readConfigFile, toResult } from "../file/read-file.ts";
import { readFileStart, type ReadFile } from "../file/read-file-start.ts";
import { Secret } from "../secret.ts";
import { webYml, type WebConfig, type WebLoadResult, type WebTls, type WebTlsSources } from "./web-config.ts";

interface WebLoadDependencies {
  readonly readFile?: ReadFile;
  /** Milliseconds since 1970; for warnings of expired certificates. */
  readonly nowMs?: number;
}

const webConfigFile = {
  kind: webYml,
  // An editor may have emptied it for an instant: that must not let everybody in.
  needed: "tls_server_config or basic_auth_users, or {} to let everybody in",
};

/**
 * Reads, parses and checks a web configuration file and the certificates it names. Never rejects for what is wrong with
 * them.
 */
export async function loadWebConfig(
  path: string,
  { readFile = readFileStart, nowMs = Date.now() }: WebLoadDependencies = {},
): Promise<WebLoadResult> {
  const { value, list } = await readConfigFile(path, webConfigFile, readFile);
  if (value === null) return toResult<WebConfig>({ value, list });
  const { tlsSources, headers, users } = value;
  const tls = tlsSources === null ? null : await readCertificates(tlsSources, readFile, nowMs);
  if (tls !== null && !list.hasErrors) {
    try {
      createSecureContext(toSecureContextOptions(tls));
    } catch (error) {
      // OpenSSL refuses some keys that are well-formed, for example short ones.
      tlsSources?.at.errorAtKey(`TLS cannot be set up: ${explainOpenssl(error)}`);
    }
  }
  return toResult({ value: { path, files: list.files, tls, headers, users }, list });
}

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
    // A resumed session would skip the check of the client's certificate, or use the authorities of before a reload.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

/** `error:0A00018F:SSL routines::ee key too small`: its last part is what people can search for. */
function explainOpenssl(error: unknown): string {
  const message = messageOf(error);
  return message.split(":").at(-1) ?? message;
}

/** Describes the configuration in one line, without secrets. */
export function describeWebConfig({ path, tls, users, headers }: WebConfig): string {
  const parts = [
    tls === null ? "plain HTTP" : describeTls(tls),
    users.size === 0 ? "no users" : countOf(users.size, "user"),
  ];
  const headerCount = Object.keys(headers).length;
  if (headerCount > 0) parts.push(countOf(headerCount, "header"));
  return `${path} is valid: ${parts.join(", ")}`;
}

function describeTls({ minVersion, maxVersion, requiresClientCertificate }: WebTls): string {
  const versions = minVersion === maxVersion ? minVersion : `${minVersion} to ${maxVersion}`;
  return requiresClientCertificate ? `HTTPS (${versions}, client certificates)` : `HTTPS (${versions})`;
}

/** Reads the certificates and the key, and reports what is wrong with them; null with a problem. */
async function readCertificates(
  { at, ...sources }: WebTlsSources,
  readFile: ReadFile,
  nowMs: number,
): Promise<WebTls | null> {
  const read = (source: SecretSource | null, name: string): Promise<Pem | null> =>
    readPem(source, name, at, readFile);
  const cert = await read(sources.cert, "cert");
  const key = await read(sources.key, "key");
  const clientCa = await read(sources.clientCa, "client_ca");
  const own = cert === null ? null : parseChain(cert, nowMs);
  const privateKey = key === null ? null : parseKey(key);
  if (clientCa !== null) parseChain(clientCa, nowMs);
  if (own === null || privateKey === null || cert === null || key === null) return null;
  if (!own.checkPrivateKey(privateKey)) key.at.error("this key does not belong to the certificate");
  return { ...sources, cert: cert.text, key: new Secret(key.text), clientCa: clientCa?.text ?? null };
}

/** A text with certificates or a key, and where the file has it or names its file. */
interface Pem {
  readonly text: string;
  readonly at: FileValue;
}

async function readPem(
  source: SecretSource | null,
  name: string,
  section: FileValue,
  readFile: ReadFile,
): Promise<Pem | null> {
  if (source === null) return null;
  if ("secret" in source) return { text: source.secret.reveal(), at: section.to(name) };
  const at = section.to(`${name}_file`);
  // A mistake in its name has been reported.
  if (source.file === "") return null;
  try {
    return { text: Buffer.from(await readFile(source.file)).toString("latin1"), at };
  } catch (error) {
    at.error(`${source.file} cannot be read: ${explainFileError(error)}`);
    return null;
  }
}

/** The first certificate of a PEM text, if all of them can be read; null with a problem. */
function parseChain({ text, at }: Pem, nowMs: number): X509Certificate | null {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const certificates: X509Certificate[] = [];
  for (const block of blocks) {
    try {
      certificates.push(new X509Certificate(block));
    } catch {
      at.error(`certificate ${certificates.length + 1} in there is damaged`);
      return null;
    }
  }
  const [first] = certificates;
  if (first === undefined) {
    at.error("no certificate in there: it begins with -----BEGIN CERTIFICATE-----");
    return null;
  }
  const { validFrom, validTo } = first;
  if (Date.parse(validTo) < nowMs) at.warn(`the certificate has expired: ${toIso(validTo)}`);
  if (Date.parse(validFrom) > nowMs) at.warn(`the certificate is not valid before ${toIso(validFrom)}`);
  return first;
}

function toIso(time: string): string {
  return new Date(time).toISOString();
}

/** null with a problem, which never repeats anything of the key. */
function parseKey({ text, at }: Pem): KeyObject | null {
  try {
    return createPrivateKey(text);
  } catch {
    const encrypted = /-----BEGIN ENCRYPTED|^Proc-Type:.*ENCRYPTED/m.test(text);
    at.error(
      encrypted
        ? "the key is encrypted with a pass phrase: there is nobody to ask for it at start"
        : "no private key in there: it begins with -----BEGIN PRIVATE KEY----- or the like",
    );
    return null;
  }
}
