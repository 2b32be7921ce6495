import { readFile } from "node:fs/promises";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { ConfigError, parseNamed } from "../config/config.ts";
import { formatAddress, parseListenAddress, type ListenAddress } from "../service/web/listen-address.ts";
import { exitCodes } from "./exit-code.ts";
import { defaultListenAddress, type HealthcheckFlags } from "./flags.ts";
import type { Io } from "./io.ts";

/** Shorter than the image's HEALTHCHECK allows, so that it can still say what is wrong. */
const timeoutMs = 4000;

/** `healthcheck`: whether the service of this container is healthy, for images without shell and curl. */
export async function healthcheck(flags: HealthcheckFlags, io: Io): Promise<number> {
  const service = Object.keys(flags).length > 0 ? flags : await findService();
  if (service === null) {
    io.stdout.write("process 1 is not a service that could be asked\n");
    return exitCodes.done;
  }
  const listenAddress = service["web.listenAddress"] ?? defaultListenAddress;
  const address = parseNamed("--web.listen-address", listenAddress, parseListenAddress);
  // A web configuration may turn on TLS, but its file may have changed since the service read it.
  const schemes =
    service["web.config.file"] === undefined ? (["http"] as const) : (["https", "http"] as const);
  let answer: HealthAnswer = { healthy: false, message: "" };
  for (const scheme of schemes) {
    answer = await askHealth(address, scheme, timeoutMs / schemes.length);
    if (answer.healthy) break;
  }
  const where = formatAddress({ address: address.host ?? "", port: address.port });
  const out = answer.healthy ? io.stdout : io.stderr;
  out.write(`${where} is ${answer.healthy ? "healthy" : "not healthy"}: ${answer.message}\n`);
  return answer.healthy ? exitCodes.done : exitCodes.failed;
}

const mainFile = fileURLToPath(new URL("../main.js", import.meta.url));

/** The flags of process 1; null: it is one of the janitor's commands that end by themselves. */
async function findService(): Promise<HealthcheckFlags | null> {
  // A little init before the janitor (`docker run --init`) has the same arguments.
  const text = await readFile("/proc/1/cmdline", "utf8").catch(() => "");
  const first = parseCommandLine(text, mainFile);
  if (first === "stranger") {
    throw new ConfigError(
      `Process 1 is not the janitor, so that its flags are not known: name them, as for run: ` +
        `healthcheck --web.listen-address=${defaultListenAddress}`,
    );
  }
  return first === "other-command" ? null : first;
}

/**
 * Reads the flags of a `run`.
 * @param text arguments that end in NUL, as in /proc
 * @param main the path of the program that Node runs
 * @returns `other-command`: the janitor, but no service; `stranger`: something else
 */
export function parseCommandLine(
  text: string,
  main: string,
): HealthcheckFlags | "other-command" | "stranger" {
  const argv = text.split("\0").slice(0, -1);
  const at = argv.indexOf(main);
  if (at === -1) return "stranger";
  const [command, ...args] = argv.slice(at + 1);
  if (command !== "run") return "other-command";
  const options = {
    "web.listen-address": { type: "string" },
    "web.config.file": { type: "string" },
  } as const;
  const { values } = parseArgs({ args, options, strict: false });
  const [address, file] = [values["web.listen-address"], values["web.config.file"]];
  return {
    ...(typeof address === "string" ? { "web.listenAddress": address } : {}),
    ...(typeof file === "string" ? { "web.config.file": file } : {}),
  };
}

interface HealthAnswer {
  readonly healthy: boolean;
  /** The answer, or why there is none. */
  readonly message: string;
}

/** A login or a rate limit also answers only when the service is healthy. */
const aliveStatuses: ReadonlySet<number> = new Set([200, 401, 429]);

/**
 * Asks a service of this machine whether it is healthy. No secret is sent, so its certificate is not checked. A service that wants a
 * login or a client certificate has answered, too.
 */
export function askHealth(
  { host, port }: ListenAddress,
  scheme: "http" | "https",
  timeoutMs: number,
): Promise<HealthAnswer> {
  return new Promise((resolve) => {
    let greeted = false;
    const request = (scheme === "https" ? requestHttps : requestHttp)({
      // A service that listens on all addresses also listens on the loopback one.
      host: host === null || host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host,
      port,
      path: "/-/healthy",
      agent: false,
      rejectUnauthorized: false,
      signal: AbortSignal.timeout(timeoutMs),
    });
    request.on("socket", (socket) => socket.once("secureConnect", () => (greeted = true)));
    request.on("response", (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      resolve({ healthy: aliveStatuses.has(status), message: `status ${status}` });
    });
    request.on("error", ({ name, message, code }: NodeJS.ErrnoException) => {
      if (name === "AbortError" || name === "TimeoutError")
        resolve({ healthy: false, message: `no answer within ${timeoutMs / 1000} s` });
      else if (greeted) resolve({ healthy: true, message: "it wants a certificate of its clients" });
      else resolve({ healthy: false, message: message || (code ?? "no connection") });
    });
    request.end();
  });
}
