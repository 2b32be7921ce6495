import { countOf } from "../core/printable.ts";
import type { WebConfig, WebTls } from "./web-config.ts";

/** What was understood, in one line without secrets. */
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
