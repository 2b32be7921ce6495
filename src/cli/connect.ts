import { readFile } from "node:fs/promises";

import type { HttpSettings, PushgatewaySettings, SecretSource, TextSource } from "../config/config.ts";
import type { Clock } from "../core/clock.ts";
import type { ClientOptions, TlsOptions } from "../gateway/client.ts";
import { createGateway, type Gateway } from "../gateway/gateway.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Opens a client for a gateway, credentials read from their files.
 * @throws {@link UsageError} if a file cannot be read
 */
export async function connect(settings: PushgatewaySettings, clock: Clock): Promise<Gateway> {
  return createGateway(settings.name, await clientOptions(settings), clock);
}

export async function clientOptions({
  url,
  timeoutSeconds,
  http,
}: PushgatewaySettings): Promise<ClientOptions> {
  const tls = await tlsOptions(http.tls);
  const proxyUrl = proxyUrlOf(http);
  return {
    url,
    timeoutSeconds,
    headers: await requestHeaders(http),
    ...(tls === null ? {} : { tls }),
    ...(proxyUrl === null ? {} : { proxyUrl }),
  };
}

async function requestHeaders({
  basicAuth,
  authorization,
  headers,
}: HttpSettings): Promise<Record<string, string[]>> {
  const all: Record<string, string[]> = {};
  for (const { name, value } of headers) (all[name.toLowerCase()] ??= []).push(await revealed(value));
  if (basicAuth !== null) {
    const pair = `${await textOf(basicAuth.username)}:${await revealed(basicAuth.password)}`;
    all["authorization"] = [`Basic ${Buffer.from(pair, "utf8").toString("base64")}`];
  }
  if (authorization !== null) {
    all["authorization"] = [`${authorization.type} ${await revealed(authorization.credentials)}`];
  }
  return all;
}

async function tlsOptions(tls: HttpSettings["tls"]): Promise<TlsOptions | null> {
  if (tls === null) return null;
  return {
    rejectUnauthorized: !tls.insecureSkipVerify,
    ...(tls.ca === null ? {} : { ca: await textOf(tls.ca) }),
    ...(tls.client === null
      ? {}
      : { cert: await textOf(tls.client.cert), key: await revealed(tls.client.key) }),
    ...(tls.serverName === null ? {} : { servername: tls.serverName }),
    ...(tls.minVersion === null ? {} : { minVersion: tls.minVersion }),
    ...(tls.maxVersion === null ? {} : { maxVersion: tls.maxVersion }),
  };
}

function proxyUrlOf({ proxy }: HttpSettings): string | null {
  if (proxy === null) return null;
  if (proxy.from === "environment" || proxy.noProxy !== null || proxy.connectHeaders.length > 0) {
    throw new UsageError(
      "proxy_from_environment, no_proxy and proxy_connect_header are understood, but this version cannot act on them yet; proxy_url works",
    );
  }
  return proxy.url.reveal();
}

async function revealed(source: SecretSource): Promise<string> {
  return "secret" in source ? source.secret.reveal() : (await fileText(source.file)).trim();
}

async function textOf(source: TextSource): Promise<string> {
  return "text" in source ? source.text : (await fileText(source.file)).trim();
}

async function fileText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
