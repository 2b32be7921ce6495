import type { Server } from "node:http";
import { Server as TlsServer } from "node:tls";
import { ConfigError } from "../../config/config.ts";
import { renderProblem } from "../../config/file/problem.ts";
import type { WebConfig } from "../../config/web/web-config.ts";
import { loadWebConfig, toSecureContextOptions } from "../../config/web/load-web-config.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { createReloader, type ReloadResult } from "../reload.ts";

interface WebReloadOptions {
  readonly server: Server;
  readonly current: () => WebConfig;
  readonly use: (config: WebConfig) => void;
  readonly log: Logger;
}

/**
 * Reads a web configuration and its certificates, and logs warnings.
 * @throws {@link ConfigError} with all problems
 */
export async function readWebConfig(path: string, log: Logger): Promise<WebConfig> {
  const result = await loadWebConfig(path);
  if (!result.ok) throw new ConfigError(result.problems.map(renderProblem).join("\n"));
  for (const warning of result.warnings)
    log.warn("Configuration warning", { warning: renderProblem(warning) });
  return result.config;
}

/** Reads the web configuration and its certificates again. New connections get the new ones; a bad file changes nothing. */
export function createWebReloader({
  server,
  current,
  use,
  log,
}: WebReloadOptions): () => Promise<ReloadResult> {
  return createReloader<WebConfig>({
    load: async () => {
      const before = current();
      const config = await readWebConfig(before.path, log);
      const change = findForbiddenChange(before, config);
      if (change !== null) throw new ConfigError(`${before.path}: ${change} takes a restart`);
      return config;
    },
    apply: (config) => {
      if (config.tls !== null && server instanceof TlsServer) {
        server.setSecureContext(toSecureContextOptions(config.tls));
      }
      use(config);
      log.info("Loaded the web configuration", { file: config.path });
    },
    onFailure: (problems) =>
      log.error("The web configuration cannot be loaded: the last good one stays in force", { problems }),
  });
}

/**
 * Changes that Node's server cannot make while it runs, and changes that would let in clients that are kept out now: a
 * file that is being written may appear to make such a change.
 */
function findForbiddenChange(before: WebConfig, after: WebConfig): string | null {
  if (before.users.size > 0 && after.users.size === 0) return "turning the login off";
  if ((before.tls === null) !== (after.tls === null)) return "turning TLS on or off";
  if (before.tls === null || after.tls === null) return null;
  if (before.tls.requiresClientCertificate !== after.tls.requiresClientCertificate) {
    return "a change of client_auth_type";
  }
  return before.tls.clientCa !== null && after.tls.clientCa === null
    ? "accepting clients' certificates of any public authority"
    : null;
}
