import { readCertificates } from "./web-certificates.ts";
import { readStart, type ReadFile } from "./file-text.ts";
import { readConfigFile, type FileKind } from "./read.ts";
import { createWebSecureContext } from "./web-secure-context.ts";
import type { WebLoadResult } from "./web-config.ts";
import { decodeWebConfig, type WebDecoded } from "./web-decode.ts";
import { webConfigSchema } from "./web-schema.ts";

export interface WebLoadDependencies {
  readonly readFile?: ReadFile;
  /** Milliseconds since 1970; for what is said about expired certificates. */
  readonly nowMs?: number;
}

const webConfigFile: FileKind<typeof webConfigSchema, WebDecoded> = {
  schema: webConfigSchema,
  // An editor may have emptied it for an instant: that must not let everybody in.
  needed: "tls_server_config or basic_auth_users, or {} to let everybody in",
  decode: decodeWebConfig,
};

/**
 * Reads, parses and checks a web configuration file and the certificates it names. Never rejects for what is wrong with
 * them.
 */
export async function loadWebConfig(
  path: string,
  { readFile = readStart, nowMs = Date.now() }: WebLoadDependencies = {},
): Promise<WebLoadResult> {
  const { decoded, findings } = await readConfigFile(path, webConfigFile, readFile);
  if (decoded === null) return { ok: false, problems: findings.problems, errorCount: findings.errorCount };
  const { tls: sources, tlsCursor, namedFiles, ...rest } = decoded;
  const tls = sources === null ? null : await readCertificates(sources, tlsCursor, readFile, nowMs);
  if (tls !== null && !findings.hasErrors) {
    try {
      createWebSecureContext(tls);
    } catch (error) {
      // What OpenSSL does not take although it looks right, like a key that is too short.
      tlsCursor.errorAtKey(`TLS cannot be set up: ${explainOpenssl(error)}`);
    }
  }
  if (findings.hasErrors) return { ok: false, problems: findings.problems, errorCount: findings.errorCount };
  return {
    ok: true,
    config: { ...rest, tls, files: [path, ...new Set(namedFiles)] },
    warnings: findings.problems,
  };
}

/** `error:0A00018F:SSL routines::ee key too small`: its last part is what people can search for. */
function explainOpenssl(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split(":").at(-1) ?? message;
}
