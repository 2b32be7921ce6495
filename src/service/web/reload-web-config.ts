import type { Server } from "node:http";
import { Server as TlsServer } from "node:tls";

import { renderProblem } from "../../config/problem.ts";
import type { WebConfig } from "../../config/web-config.ts";
import { loadWebConfig } from "../../config/web-load.ts";
import { toSecureContextOptions } from "../../config/web-secure-context.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { createReloader, type Loaded, type ReloadResult } from "../reload.ts";
import { asksForCertificate } from "./client-certificate.ts";

export interface WebReloadOptions {
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
    onFailure: (message) =>
      log.error("The web configuration cannot be loaded: the last good one stays in force", {
        problems: message,
      }),
  });
}

async function load(current: WebConfig): Promise<Loaded<WebConfig>> {
  const result = await loadWebConfig(current.path);
  if (!result.ok) return { ok: false, message: result.problems.map(renderProblem).join("\n") };
  const restart = whatNeedsRestart(current, result.config);
  return restart === null
    ? { ok: true, value: result.config }
    : { ok: false, message: `${current.path}: ${restart} takes a restart` };
}

/** Node's server fixes these when it is made. */
function whatNeedsRestart(before: WebConfig, after: WebConfig): string | null {
  if ((before.tls === null) !== (after.tls === null)) return "turning TLS on or off";
  if (before.tls === null || after.tls === null) return null;
  return asksForCertificate(before.tls) === asksForCertificate(after.tls)
    ? null
    : "a change of client_auth_type from or to NoClientCert";
}
