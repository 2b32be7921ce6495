import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

export interface GatewayProcess {
  readonly pid: number;
  /** Everything it has logged. */
  log(): string;
  /** SIGSTOP; returns when no thread runs any more, where /proc tells. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Sends the signal and waits for the end; at once if it has ended already. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/** A graceful stop waits for open requests, and a test may have left one. */
const STOP_TIMEOUT_MS = 5_000;

/** A test runner that is interrupted leaves no gateways behind. */
const alive = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

export interface ProcessOptions {
  /** What it logs once it listens; a gateway's words by default. */
  readonly ready?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Resolves when the gateway logs that it listens: it has read its state by then. That it answers says less, because
 * the answer could come from another gateway on the same port. Rejects with its log when it exits instead.
 */
export async function startProcess(
  binary: string,
  args: readonly string[],
  { ready = "Listening on", env = {} }: ProcessOptions = {},
): Promise<GatewayProcess> {
  const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  let log = "";
  const exited = new Promise<void>((resolve) => {
    child.once("close", () => {
      alive.delete(child);
      resolve();
    });
  });
  alive.add(child);

  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    const take = (text: string): void => {
      log += text;
      // It would start empty, and a test of what must be kept would see nothing to keep.
      if (log.includes("could not load persisted metrics")) child.kill("SIGKILL");
      else if (log.includes(ready)) resolve();
    };
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", take);
    child.once("close", () => reject(new Error(`${binary} ${args.join(" ")} exited:\n${log}`)));
  });

  return {
    pid: child.pid ?? 0,
    log: () => log,
    pause() {
      child.kill("SIGSTOP");
      while (isRunning(child.pid)) {
        // The signal is on its way, a matter of microseconds.
      }
    },
    resume: () => void child.kill("SIGCONT"),
    async end(signal) {
      child.kill("SIGCONT");
      child.kill(signal);
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Whether a thread of the process is not stopped. The state follows the command's closing bracket. */
function isRunning(pid: number | undefined): boolean {
  const threads = `/proc/${pid}/task`;
  if (!existsSync(threads)) return false;
  return readdirSync(threads).some((id) => !/\) [TZX]/.test(readFileSync(`${threads}/${id}/stat`, "utf8")));
}
