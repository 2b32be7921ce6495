import { createPrivateKey, X509Certificate } from "node:crypto";
import {
  ConfigError,
  type HttpHeaders,
  type HttpSettings,
  type ProxySettings,
  type PushgatewaySettings,
  type SecretSource,
  type ServerSettings,
} from "../config/config.ts";
import { maxFileBytes, readFileStart } from "../config/file/read-file-start.ts";
import { explainFileError } from "../core/errors.ts";
import { createGateway, type Gateway } from "../gateway/gateway.ts";
import {
  findEnvironmentProxy,
  isExemptFromProxy,
  proxySecrets,
  type Proxy,
  type Environment,
} from "../http/proxy.ts";
import type { ServerOptions, TlsOptions } from "../http/server-options.ts";
import type { World } from "./world.ts";

/**
 * Opens a client for a gateway. Files of its settings are read each time, so that rotated credentials take effect.
 * @throws {@link ConfigError} if a file cannot be read, or has the wrong content
 */
export async function connect(
  settings: PushgatewaySettings,
  { clock, env }: Pick<World, "clock" | "env">,
): Promise<Gateway> {
  return createGateway(settings.name, await readServerOptions(settings, env), clock);
}

/**
 * Resolves the HTTP settings of a server (a gateway, Prometheus, a discovery) with the present content of its files.
 * @throws {@link ConfigError} if a file cannot be read, or has the wrong content
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

/** @param secrets the secrets in them are added here */
async function readRequestHeaders(
  { basicAuth, authorization, headers }: HttpSettings,
  secrets: string[],
): Promise<Record<string, string[]>> {
  const all = await readHeaders(headers, secrets);
  if (basicAuth !== null) {
    const password = await readSecret(basicAuth.password);
    const pair = Buffer.from(`${await readSecret(basicAuth.username)}:${password}`, "utf8").toString(
      "base64",
    );
    secrets.push(password, pair);
    all["authorization"] = [`Basic ${pair}`];
  }
  if (authorization !== null) {
    const credentials = await readHeaderValue(authorization.credentials);
    secrets.push(credentials);
    all["authorization"] = [`${authorization.type} ${credentials}`];
  }
  return all;
}

async function readHeaders(headers: HttpHeaders, secrets: string[]): Promise<Record<string, string[]>> {
  const read = new Map<string, string[]>();
  for (const [name, sources] of headers) {
    const values = await Promise.all(sources.map(readHeaderValue));
    // Also plain values: people who send a header often send a token in it.
    secrets.push(...values);
    read.set(name.toLowerCase(), [...(read.get(name.toLowerCase()) ?? []), ...values]);
  }
  return Object.fromEntries(read);
}

async function readHeaderValue(source: SecretSource): Promise<string> {
  const value = await readSecret(source);
  if (!/[^\t\u0020-\u007e\u0080-\u00ff]/.test(value)) return value;
  throw new ConfigError(
    `${nameOf(source, "http_headers")}: the value of a header is one line of Latin-1 characters`,
  );
}

async function findProxy(
  serverUrl: string,
  settings: HttpSettings["proxy"],
  env: Environment,
  secrets: string[],
): Promise<Proxy | null> {
  if (settings === null) return null;
  const proxyUrl = findProxyUrl(serverUrl, settings, env);
  if (proxyUrl === null) return null;
  secrets.push(...proxySecrets(proxyUrl));
  return { url: proxyUrl, connectHeaders: await readHeaders(settings.connectHeaders, secrets) };
}

function findProxyUrl(serverUrl: string, { url, noProxy }: ProxySettings, env: Environment): string | null {
  if (url === null) {
    const found = findEnvironmentProxy(serverUrl, env);
    if (!found.ok) throw new ConfigError(`proxy_from_environment: ${found.message}`);
    return found.url;
  }
  // As in Prometheus: only with `no_proxy` are loopback addresses reached without the proxy.
  const isExempt = noProxy !== null && noProxy !== "" && isExemptFromProxy(noProxy, serverUrl);
  return isExempt ? null : url.reveal();
}

async function readTls(tls: HttpSettings["tls"]): Promise<TlsOptions | null> {
  if (tls === null) return null;
  const ca = tls.ca === null ? null : await readSecret(tls.ca);
  const client =
    tls.client === null
      ? null
      : { cert: await readSecret(tls.client.cert), key: await readSecret(tls.client.key) };
  if (tls.ca !== null && ca !== null) parseCertificate(ca, nameOf(tls.ca, "tls_config.ca"));
  if (tls.client !== null && client !== null) {
    const { cert, key } = tls.client;
    checkPair(client, nameOf(cert, "tls_config.cert"), nameOf(key, "tls_config.key"));
  }
  return {
    rejectUnauthorized: !tls.insecureSkipVerify,
    ...(ca === null ? {} : { ca }),
    ...client,
    ...(tls.serverName === null ? {} : { servername: tls.serverName }),
    ...(tls.minVersion === null ? {} : { minVersion: tls.minVersion }),
    ...(tls.maxVersion === null ? {} : { maxVersion: tls.maxVersion }),
  };
}

/** Node passes over a bad certificate in silence, and reports a bad key in OpenSSL's words. */
function parseCertificate(pem: string, where: string): X509Certificate {
  const block =
    /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/.exec(
      pem,
    );
  try {
    return new X509Certificate(block?.[0] ?? "");
  } catch {
    throw new ConfigError(`${where}: no certificate in there: it begins with -----BEGIN CERTIFICATE-----`);
  }
}

function checkPair(
  { cert, key }: { readonly cert: string; readonly key: string },
  certName: string,
  keyName: string,
): void {
  const certificate = parseCertificate(cert, certName);
  let privateKey;
  try {
    privateKey = createPrivateKey(key);
  } catch {
    throw new ConfigError(
      `${keyName}: no private key in there, or one with a pass phrase, which cannot be typed here`,
    );
  }
  if (!certificate.checkPrivateKey(privateKey))
    throw new ConfigError(
      `${keyName}: this key does not belong to the certificate in ${certName}; if both are being replaced, the next sweep reads them again`,
    );
}

/** Where a value comes from, for messages. */
function nameOf(source: SecretSource, key: string): string {
  return "file" in source ? source.file : key;
}

/** @throws {@link ConfigError} if its file cannot be read */
export async function readSecret(source: SecretSource): Promise<string> {
  return "secret" in source ? source.secret.reveal() : readFileText(source.file);
}

async function readFileText(path: string): Promise<string> {
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
