import {
  type PushgatewaySettings,
  type HttpHeader,
  type HttpSettings,
  type SecretSource,
  type ServerSettings,
  type TextSource,
  ConfigError,
} from "../config/config.ts";
import { createGateway, type Gateway } from "../gateway/gateway.ts";
import type { Environment, World } from "./world.ts";
import { maxFileBytes, readFileStart } from "../config/file/read-file-start.ts";
import { explainFileError } from "../core/errors.ts";
import { isExemptFromProxy, findEnvironmentProxy, proxySecrets, type Proxy } from "../http/proxy.ts";
import type { ServerOptions, TlsOptions } from "../http/server-options.ts";
import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";

/**
 * Opens a client for a gateway, with what its files hold now: whatever has been rotated since the last time takes effect.
 * @throws {@link ConfigError} if a file cannot be read, or holds something else
 */
export async function connect(
  settings: PushgatewaySettings,
  { clock, env }: Pick<World, "clock" | "env">,
): Promise<Gateway> {
  return createGateway(settings.name, await readServerOptions(settings, env), clock);
}

/**
 * What the HTTP settings of a server, be it a gateway or Prometheus, come to with what its files hold now.
 * @throws {@link ConfigError} if a file cannot be read, or holds something else
 */
export async function readServerOptions(
  { url, timeoutSeconds, allowLinkLocal = true, http }: ServerSettings,
  env: Environment,
): Promise<ServerOptions> {
  const secrets: string[] = [];
  const tls = await readTls(http.tls);
  const proxy = await findProxy(url, http.proxy, env, secrets);
  return {
    url,
    timeoutSeconds,
    allowLinkLocal,
    headers: await readRequestHeaders(http, secrets),
    secrets,
    ...(tls === null ? {} : { tls }),
    ...(proxy === null ? {} : { proxy }),
  };
}

/** @param secrets what is secret in them is added here */
async function readRequestHeaders(
  { basicAuth, authorization, headers }: HttpSettings,
  secrets: string[],
): Promise<Record<string, string[]>> {
  const all = await readHeaders(headers, secrets);
  if (basicAuth !== null) {
    const password = await readSecret(basicAuth.password);
    const pair = Buffer.from(`${await textOf(basicAuth.username)}:${password}`, "utf8").toString("base64");
    secrets.push(password, pair);
    all["authorization"] = [`Basic ${pair}`];
  }
  if (authorization !== null) {
    const credentials = await headerValue(authorization.credentials);
    secrets.push(credentials);
    all["authorization"] = [`${authorization.type} ${credentials}`];
  }
  return all;
}

async function readHeaders(
  headers: readonly HttpHeader[],
  secrets: string[],
): Promise<Record<string, string[]>> {
  const all: Record<string, string[]> = {};
  for (const { name, value: source } of headers) {
    const value = await headerValue(source);
    // Also plain values: people who send a header often send a token in it.
    secrets.push(value);
    (all[name.toLowerCase()] ??= []).push(value);
  }
  return all;
}

async function readTls(tls: HttpSettings["tls"]): Promise<TlsOptions | null> {
  if (tls === null) return null;
  const options: TlsOptions = {
    rejectUnauthorized: !tls.insecureSkipVerify,
    ...(tls.ca === null ? {} : { ca: await textOf(tls.ca) }),
    ...(tls.client === null
      ? {}
      : { cert: await textOf(tls.client.cert), key: await readSecret(tls.client.key) }),
    ...(tls.serverName === null ? {} : { servername: tls.serverName }),
    ...(tls.minVersion === null ? {} : { minVersion: tls.minVersion }),
    ...(tls.maxVersion === null ? {} : { maxVersion: tls.maxVersion }),
  };
  const problem = findTlsProblem(options, {
    ca: nameOf("ca", tls.ca),
    cert: nameOf("cert", tls.client?.cert ?? null),
    key: nameOf("key", tls.client?.key ?? null),
  });
  if (problem !== null) throw new ConfigError(problem);
  return options;
}

/** Where a part of tls_config comes from, for messages. */
function nameOf(key: string, source: TextSource | SecretSource | null): string {
  return source !== null && "file" in source ? source.file : `tls_config.${key}`;
}

async function findProxy(
  url: string,
  settings: HttpSettings["proxy"],
  env: Environment,
  secrets: string[],
): Promise<Proxy | null> {
  if (settings === null) return null;
  const proxyUrl = settings.from === "url" ? namedProxy(url, settings) : environmentProxy(url, env);
  if (proxyUrl === null) return null;
  secrets.push(...proxySecrets(proxyUrl));
  return { url: proxyUrl, connectHeaders: await readHeaders(settings.connectHeaders, secrets) };
}

/** As Prometheus: only with `no_proxy` are loopback addresses reached without the proxy. */
function namedProxy(
  serverUrl: string,
  { url, noProxy }: Extract<NonNullable<HttpSettings["proxy"]>, { from: "url" }>,
): string | null {
  if (noProxy !== null && noProxy !== "" && isExemptFromProxy(noProxy, serverUrl)) return null;
  return url.reveal();
}

function environmentProxy(serverUrl: string, env: Environment): string | null {
  const found = findEnvironmentProxy(serverUrl, env);
  if (!found.ok) throw new ConfigError(`proxy_from_environment: ${found.message}`);
  return found.url;
}

async function headerValue(source: SecretSource): Promise<string> {
  const value = await readSecret(source);
  if (!/[^\t\u0020-\u007e\u0080-\u00ff]/.test(value)) return value;
  const where = "file" in source ? source.file : "http_headers";
  throw new ConfigError(`${where}: the value of a header is one line of Latin-1 characters`);
}

/** @throws {@link ConfigError} if its file cannot be read */
export async function readSecret(source: SecretSource): Promise<string> {
  return "secret" in source ? source.secret.reveal() : fileText(source.file);
}

async function textOf(source: TextSource): Promise<string> {
  return "text" in source ? source.text : fileText(source.file);
}

async function fileText(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFileStart(path);
  } catch (error) {
    throw new ConfigError(`${path} cannot be read: ${explainFileError(error)}`);
  }
  if (bytes.length > maxFileBytes)
    throw new ConfigError(`${path}: longer than 1 MiB: this is the wrong file`);
  return new TextDecoder().decode(bytes).trim();
}

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
