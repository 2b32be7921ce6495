import type { Config, HttpSettings } from "./config.ts";

/** The files that a configuration is made of: its own and all that it names. Absolute, but for its own. */
export function configFiles({ path, pushgateways, discoveries, prometheus }: Config): readonly string[] {
  const servers = [
    ...pushgateways.map(({ http }) => http),
    ...discoveries.flatMap((one) =>
      one.mechanism === "http" ? [one.http, one.gateway.http] : [one.gateway.http],
    ),
    ...(prometheus === null ? [] : [prometheus.http]),
  ];
  return [...new Set([...(path === "" ? [] : [path]), ...servers.flatMap(namedFiles)])];
}

function namedFiles({ basicAuth, authorization, tls, proxy, headers }: HttpSettings): readonly string[] {
  const sources = [
    basicAuth?.username,
    basicAuth?.password,
    authorization?.credentials,
    tls?.ca,
    tls?.client?.cert,
    tls?.client?.key,
    ...headers.map(({ value }) => value),
    ...(proxy?.connectHeaders.map(({ value }) => value) ?? []),
  ];
  return sources.flatMap((source) =>
    source !== null && source !== undefined && "file" in source ? [source.file] : [],
  );
}
