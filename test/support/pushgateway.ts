import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onFreePort } from "./free-port.ts";
import { startProcess, type GatewayProcess } from "./gateway-process.ts";
import { installedGateways, type InstalledGateway } from "./installed-gateways.ts";
import { persistenceFile, type SeedGroup } from "./state-file.ts";

export { installedGateways, type InstalledGateway } from "./installed-gateways.ts";

export interface PushgatewayOptions {
  /** The newest installed one by default. */
  readonly gateway?: InstalledGateway;
  /** What the gateway holds when it starts. Without this and `stateFile` it keeps everything in memory. */
  readonly groups?: readonly SeedGroup[];
  /** Where it keeps its state, instead of in a temporary folder; written anew only if there are `groups`. */
  readonly stateFile?: string;
  /** As in `--web.route-prefix`. */
  readonly routePrefix?: string;
  readonly flags?: readonly string[];
}

/** A real gateway on a port of its own. Whoever starts one stops it: `onTestFinished(() => gateway.stop())`. */
export interface Pushgateway extends AsyncDisposable {
  /** With the route prefix, without a slash at the end. */
  readonly url: string;
  readonly version: string;
  /** Of the current process; a restart changes it. */
  readonly pid: number;
  /** Everything the current process has logged. */
  readonly log: string;
  /** SIGTERM: state is written, the temporary folder removed. Harmless when called again. */
  stop(): Promise<void>;
  /** SIGKILL: what was not persisted is lost. `restart` brings the gateway back, `stop` still has to clean up. */
  kill(): Promise<void>;
  /** Starts it again on the same port and state file, after SIGTERM if it is still running. */
  restart(): Promise<void>;
  /** SIGSTOP: connections are accepted by the kernel, and nothing answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
}

/** What a test runner that is interrupted still has to remove. */
const folders = new Set<string>();
process.once("exit", () => folders.forEach(removeFolder));

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
}

/** Resolves when the gateway serves; rejects with its log when it exits instead. */
export async function startPushgateway(options: PushgatewayOptions = {}): Promise<Pushgateway> {
  const gateway = options.gateway ?? installedGateways.at(-1);
  if (gateway === undefined) throw new Error("no Pushgateway is installed; .ci/setup fetches one");

  const folder = mkdtempSync(join(tmpdir(), "pushgateway-"));
  folders.add(folder);
  const flags = [...stateFlags(options, folder), ...(options.flags ?? [])];
  if (options.routePrefix) flags.push(`--web.route-prefix=${options.routePrefix}`);
  const launch = (port: number) =>
    startProcess(gateway.binary, [`--web.listen-address=127.0.0.1:${port}`, ...flags]);

  let port: number;
  let running: GatewayProcess;
  try {
    [port, running] = await onFreePort(launch);
  } catch (error) {
    removeFolder(folder);
    throw error;
  }

  const stop = async () => {
    await running.end("SIGTERM");
    removeFolder(folder);
  };
  return {
    url: `http://127.0.0.1:${port}${(options.routePrefix ?? "").replace(/\/$/, "")}`,
    version: gateway.version,
    get pid() {
      return running.pid;
    },
    get log() {
      return running.log();
    },
    stop,
    kill: () => running.end("SIGKILL"),
    async restart() {
      await running.end("SIGTERM");
      running = await launch(port);
    },
    pause: () => running.pause(),
    resume: () => running.resume(),
    [Symbol.asyncDispose]: stop,
  };
}

function stateFlags({ groups, stateFile }: PushgatewayOptions, folder: string): readonly string[] {
  // Never the default: Debian's build keeps its state in one file for the whole machine.
  if (groups === undefined && stateFile === undefined) return ["--persistence.file="];
  const file = stateFile ?? join(folder, "state");
  if (groups !== undefined) writeFileSync(file, persistenceFile(groups));
  return [`--persistence.file=${file}`, "--persistence.interval=24h"];
}
