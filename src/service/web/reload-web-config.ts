import type { Server } from "node:http";
import { Server as TlsServer } from "node:tls";
import { renderProblem } from "../../config/file/problem.ts";
import type { WebConfig } from "../../config/web/web-config.ts";
import { loadWebConfig, toSecureContextOptions } from "../../config/web/load-web-config.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { createReloader, type LoadedOrProblem, type ReloadResult } from "../reload.ts";

interface WebReloadOptions {
  readonly server: Server;
  readonly current: () => WebConfig;
  readonly use: (config: WebConfig) => void;
  readonly log: Logger;
}

/** Reads the web configuration and its certificates again. New connections get the new ones; a bad file changes nothing. */
export function createWebReloader({
  server,
  current,
  use,
  log,
}: WebReloadOptions): () => Promise<ReloadResult> {
  return createReloader<WebConfig>({
    load: () => load(current()),
    apply: (config) => {
      if (config.tls !== null && server instanceof TlsServer) {
        server.setSecureContext(toSecureContextOptions(config.tls));
      }
      use(config);
      log.info("Loaded the web configuration", { file: config.path });
      return Promise.resolve();
    },
    onFailure: (problems) =>
      log.error("The web configuration cannot be loaded: the last good one stays in force", { problems }),
  });
}

async function load(current: WebConfig): Promise<LoadedOrProblem<WebConfig>> {
  const result = await loadWebConfig(current.path);
  if (!result.ok) return { ok: false, message: result.problems.map(renderProblem).join("\n") };
  const change = findForbiddenChange(current, result.config);
  return change === null
    ? { ok: true, value: result.config }
    : { ok: false, message: `${current.path}: ${change} takes a restart` };
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
