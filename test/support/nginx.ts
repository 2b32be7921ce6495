import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { onTestFinished } from "vitest";

import { onFreePort } from "./free-port.ts";
import { startProcess } from "./gateway-process.ts";
import { testFolder } from "./service.ts";
import { findProgram, mayLack } from "./unpacked-program.ts";

const nginx = findProgram("nginx", "sbin/nginx");

export const mayLackNginx = mayLack(nginx);

export interface Nginx {
  readonly port: number;
  /** Requests as they came in, `METHOD path status`. */
  requests(): readonly string[];
}

export interface NginxOptions {
  /** In `http { … }`, beside the server. */
  readonly http?: string;
  /** In `server { … }`, beside `listen`. */
  readonly server: string;
  /** After the port in `listen`, as `ssl`. */
  readonly listen?: string;
  /** Files beside the configuration, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A real nginx on a loopback port, with a folder of its own, gone with the test. Needs no root. */
export async function startNginx({
  http = "",
  server,
  listen = "",
  files = {},
}: NginxOptions): Promise<Nginx> {
  if (nginx === null) throw new Error("no nginx: .ci/setup fetches it; or put it on the PATH");
  const { binary, env } = nginx;
  const folder = testFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${name};`,
  );
  const [port, running] = await onFreePort((port) => {
    const config = `
daemon off;
master_process off;
pid nginx.pid;
error_log stderr notice;
events {}
http {
  log_format plain "$request_method $request_uri $status";
  access_log access.log plain;
  ${temporary.join(" ")}
  ${http}
  server {
    listen 127.0.0.1:${port} ${listen};
    ${server}
  }
}
`;
    writeFileSync(join(folder, "nginx.conf"), config);
    // It logs its version when it has bound its ports.
    return startProcess(binary, ["-p", folder, "-c", "nginx.conf", "-e", "stderr"], { ready: "nginx/", env });
  });
  onTestFinished(() => running.end("SIGTERM"));
  return {
    port,
    requests: () => readFileSync(join(folder, "access.log"), "utf8").trimEnd().split("\n"),
  };
}
