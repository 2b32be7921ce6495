import { readFile } from "node:fs/promises";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";

import { ConfigError } from "../config/config.ts";
import { formatAddress, parseListenAddress, type ListenAddress } from "../service/web/listen-address.ts";
import { exitCodes } from "./exit-code.ts";
import { defaultListenAddress, parseFlag, type HealthcheckFlags } from "./flags.ts";
import type { Io } from "./io.ts";

/** Shorter than the image's HEALTHCHECK allows, so that it can still say what is wrong. */
const timeoutMs = 4000;

/** `healthcheck`: whether the service of this container is healthy, for images without shell and curl. */
export async function healthcheck(flags: HealthcheckFlags, io: Io): Promise<number> {
  const service = await findService(flags);
  if (service === null) {
    io.stdout.write("process 1 is not a service that could be asked\n");
    return exitCodes.done;
  }
  const { listenAddress, hasWebConfig } = service;
  const address = parseFlag("--web.listen-address", listenAddress, parseListenAddress);
  let answer: HealthAnswer = { healthy: false, message: "" };
  // A web configuration may turn on TLS, but its file may have changed since the service read it.
  for (const scheme of hasWebConfig ? (["https", "http"] as const) : (["http"] as const)) {
    answer = await askHealth(address, scheme, timeoutMs / (hasWebConfig ? 2 : 1));
    if (answer.healthy) break;
  }
  const where = formatAddress({ address: address.host ?? "", port: address.port });
  const out = answer.healthy ? io.stdout : io.stderr;
  out.write(`${where} is ${answer.healthy ? "healthy" : "not healthy"}: ${answer.message}\n`);
  return answer.healthy ? exitCodes.done : exitCodes.failed;
}

/** null: process 1 is one of the janitor's commands that end by themselves. */
async function findService(flags: HealthcheckFlags): Promise<ServiceFlags | null> {
  if (Object.keys(flags).length > 0) {
    return {
      listenAddress: flags["web.listenAddress"] ?? defaultListenAddress,
      hasWebConfig: flags["web.config.file"] !== undefined,
    };
  }
  const first = await readFirstProcess();
  if (first === "stranger") {
    throw new ConfigError(
      `Process 1 is not the janitor, so that its flags are not known: name them, as for run: ` +
        `healthcheck --web.listen-address=${defaultListenAddress}`,
    );
  }
  return first === "other-command" ? null : first;
}

export interface HealthAnswer {
  readonly healthy: boolean;
  /** What came back, or why nothing did. */
  readonly message: string;
}

/** A login or a rate limit also answers only when the service is well. */
const aliveStatuses: ReadonlySet<number> = new Set([200, 401, 429]);

/**
 * Asks a service of this machine whether it is well. Nothing is told to it that would have to be kept secret, so its
 * certificate is not checked, and what it asks of its clients (a login, a certificate of theirs) is an answer, too.
 */
export function askHealth(
  address: ListenAddress,
  scheme: "http" | "https",
  timeoutMs: number,
): Promise<HealthAnswer> {
  return new Promise((resolve) => {
    let greeted = false;
    const request = (scheme === "https" ? requestHttps : requestHttp)({
      host: reachableHost(address.host),
      port: address.port,
      path: "/-/healthy",
      agent: false,
      rejectUnauthorized: false,
      signal: AbortSignal.timeout(timeoutMs),
    });
    request.on("socket", (socket: Socket) => socket.once("secureConnect", () => (greeted = true)));
    request.on("response", (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      resolve({ healthy: aliveStatuses.has(status), message: `status ${status}` });
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      if (error.name === "AbortError" || error.name === "TimeoutError") {
        resolve({ healthy: false, message: `no answer within ${timeoutMs / 1000} s` });
      } else if (greeted) {
        resolve({ healthy: true, message: "it wants a certificate of its clients" });
      } else {
        resolve({ healthy: false, message: error.message || (error.code ?? "no connection") });
      }
    });
    request.end();
  });
}

/** Who listens on all addresses is found at the loopback one. */
function reachableHost(host: string | null): string {
  if (host === null || host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}

/** Where a `run` serves, as its flags say. */
export interface ServiceFlags {
  readonly listenAddress: string;
  readonly hasWebConfig: boolean;
}

/** In a container that is the janitor; a little init before it (`docker run --init`) shows the same arguments. */
const commandLine = "/proc/1/cmdline";
const mainFile = fileURLToPath(new URL("../main.js", import.meta.url));

/**
 * What process 1 of this machine or container is.
 * @returns the flags of a `run`; `other-command`: the janitor, but no service; `stranger`: something else
 */
export async function readFirstProcess(): Promise<ServiceFlags | "other-command" | "stranger"> {
  const text = await readFile(commandLine, "utf8").catch(() => "");
  return parseCommandLine(text, mainFile);
}

/**
 * @param text arguments that end in NUL, as in /proc
 * @param main the path of the program that Node runs
 */
export function parseCommandLine(text: string, main: string): ServiceFlags | "other-command" | "stranger" {
  const argv = text.split("\0").slice(0, -1);
  const at = argv.indexOf(main);
  if (at === -1) return "stranger";
  const [command, ...flags] = argv.slice(at + 1);
  if (command !== "run") return "other-command";
  return {
    listenAddress: lastValue(flags, "--web.listen-address") ?? defaultListenAddress,
    hasWebConfig: lastValue(flags, "--web.config.file") !== undefined,
  };
}

/** `--name=value` and `--name value`; of several the last wins, as for `run`. */
function lastValue(argv: readonly string[], name: string): string | undefined {
  let value: string | undefined;
  for (const [index, arg] of argv.entries()) {
    if (arg.startsWith(`${name}=`)) value = arg.slice(name.length + 1);
    else if (arg === name) value = argv[index + 1];
  }
  return value;
}
