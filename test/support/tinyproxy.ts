import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { onTestFinished } from "vitest";

import { onFreePort } from "./free-port.ts";
import { startProcess } from "./gateway-process.ts";
import { testFolder } from "./service.ts";
import { findProgram, mayLack } from "./unpacked-program.ts";

const tinyproxy = findProgram("tinyproxy", "bin/tinyproxy");

export const mayLackTinyproxy = mayLack(tinyproxy);

export interface Tinyproxy {
  readonly host: string;
  /** What it was asked for, as `CONNECT 127.0.0.1:443` or `GET http://…`, in order; without queries. */
  requests(): readonly string[];
}

/** A real tinyproxy on a loopback port, gone with the test. @param settings lines of its configuration */
export async function startTinyproxy(settings: readonly string[] = []): Promise<Tinyproxy> {
  if (tinyproxy === null) throw new Error("no tinyproxy: .ci/setup fetches it; or put it on the PATH");
  const { binary, env } = tinyproxy;
  const file = join(testFolder(), "tinyproxy.conf");
  const [port, running] = await onFreePort((port) => {
    const lines = [
      `Port ${port}`,
      "Listen 127.0.0.1",
      "Timeout 60",
      "LogLevel Info",
      "MaxClients 50",
      ...settings,
    ];
    writeFileSync(file, `${lines.join("\n")}\n`);
    return startProcess(binary, ["-d", "-c", file], { ready: "Accepting connections", env });
  });
  onTestFinished(() => running.end("SIGTERM"));
  return {
    host: `127.0.0.1:${port}`,
    requests: () =>
      Array.from(
        running.log().matchAll(/Request \(file descriptor \d+\): (\w+ [^\s?]+)\S* HTTP/g),
        ([, request = ""]) => request,
      ),
  };
}
