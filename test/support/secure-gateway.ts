import { writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";

import { hashSync } from "bcryptjs";
import { onTestFinished } from "vitest";

import type { Authority, Certificate } from "./certificates.ts";
import type { SeedGroup } from "./state-file.ts";
import { startPushgateway, type InstalledGateway } from "./pushgateway.ts";
import { testFolder } from "./service.ts";

export interface SecureOptions {
  readonly gateway?: InstalledGateway;
  /** Its certificate is for 127.0.0.1 and localhost, unless one is given. */
  readonly authority: Authority;
  readonly certificate?: Certificate;
  /** Only who has a certificate of this authority may come in. */
  readonly clientAuthority?: Certificate;
  /** By name; their passwords. */
  readonly users?: Readonly<Record<string, string>>;
  readonly groups?: readonly SeedGroup[];
  /** Further lines of `tls_server_config`. */
  readonly tlsServerConfig?: readonly string[];
}

export interface SecureGateway {
  readonly url: string;
  /** The same, by its name. */
  readonly localhostUrl: string;
  /** The gateway looks at its certificate and its users anew for every connection. */
  rewrite(change: Partial<SecureOptions>): void;
  /** What `/metrics` shows, to somebody who may see it. */
  metrics(login: { readonly user?: string; readonly client?: Certificate }): Promise<string>;
}

/** A real gateway behind its own `--web.config.file`, gone with the test. */
export async function startSecureGateway(options: SecureOptions): Promise<SecureGateway> {
  const folder = testFolder();
  const path = (name: string): string => join(folder, name);
  const rewrite = (change: Partial<SecureOptions>): void => {
    const {
      authority,
      certificate,
      clientAuthority,
      users = {},
      tlsServerConfig = [],
    } = { ...options, ...change };
    const { cert, key } = certificate ?? authority.issue("gateway", "IP:127.0.0.1,DNS:localhost");
    writeFileSync(path("server.crt"), cert);
    writeFileSync(path("server.key"), key);
    const lines = ["tls_server_config:", "  cert_file: server.crt", "  key_file: server.key"];
    if (clientAuthority !== undefined) {
      writeFileSync(path("clients.crt"), clientAuthority.cert);
      lines.push("  client_auth_type: RequireAndVerifyClientCert", "  client_ca_file: clients.crt");
    }
    lines.push(...tlsServerConfig.map((line) => `  ${line}`), "basic_auth_users:");
    for (const [user, password] of Object.entries(users)) lines.push(`  ${user}: ${hashSync(password, 4)}`);
    writeFileSync(path("web.yml"), `${lines.join("\n")}\n`);
  };
  rewrite({});
  const gateway = await startPushgateway({
    ...(options.gateway === undefined ? {} : { gateway: options.gateway }),
    ...(options.groups === undefined ? {} : { groups: options.groups }),
    flags: [`--web.config.file=${path("web.yml")}`],
  });
  onTestFinished(() => gateway.stop());
  const { port } = new URL(gateway.url);
  return {
    url: `https://127.0.0.1:${port}`,
    localhostUrl: `https://localhost:${port}`,
    rewrite,
    metrics: ({ user, client }) =>
      new Promise((resolve, reject) => {
        const auth = user === undefined ? {} : { auth: `${user}:${options.users?.[user] ?? ""}` };
        const to = { host: "127.0.0.1", port, path: "/metrics", agent: false, ca: options.authority.cert };
        const asked = request({ ...to, ...auth, ...client }, (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (part: string) => (text += part));
          response.on("end", () => {
            if (response.statusCode === 200) resolve(text);
            else reject(new Error(`GET /metrics: ${response.statusCode}: ${text}`));
          });
        });
        asked.on("error", reject).end();
      }),
  };
}
