import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";

import type { Image } from "./image.ts";

export interface ContainerOptions {
  readonly uid: number;
  readonly gid: number;
  /** Instead of the image's. */
  readonly entrypoint?: readonly string[];
  /** What follows the entrypoint; the image's own by default. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Folders of this machine by their place in the container; the only ones that can be written to. */
  readonly volumes?: Readonly<Record<string, string>>;
}

export interface ContainerEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Container {
  /** As this machine numbers it; in the container it is 1. */
  readonly pid: number;
  /** Resolves when its stderr shows this; rejects when it ends without. */
  shows(text: string): Promise<void>;
  /** Runs another program in it, as the same user. */
  exec(argv: readonly string[]): Promise<ContainerEnd>;
  signal(signal: NodeJS.Signals): void;
  readonly ended: Promise<ContainerEnd>;
}

/**
 * What a container engine does, as far as the janitor can tell: its own root, which is read-only, its own processes, of
 * which it is the first, a user without rights. The network is this machine's, so that it finds gateways on the loopback.
 */
const start = `
set -eu
root=$1 folder=$2 uid=$3 gid=$4
shift 4
mount --bind "$root" "$root"
while [ "$1" != -- ]; do
  mount --bind "$1" "$root$2"
  shift 2
done
shift
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -o remount,bind,ro "$root/dev"
mount -o remount,bind,ro "$root"
read -r pid rest </proc/self/stat
echo "$pid" >&3
exec 3>&-
exec setpriv --no-new-privs unshare --root="$root" --wd="$folder" --setgid="$gid" --setuid="$uid" "$@"
`;

/** A check that is interrupted leaves nothing behind. */
const alive = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

/** Resolves when its first process is about to start. */
export async function startContainer(image: Image, options: ContainerOptions): Promise<Container> {
  const { config, folder } = image;
  const { uid, gid, volumes = {} } = options;
  for (const place of Object.keys(volumes)) mkdirSync(join(folder, place), { recursive: true });
  const mounts = Object.entries(volumes).flatMap(([place, from]) => [from, place]);
  const argv = [...(options.entrypoint ?? config.Entrypoint), ...(options.command ?? config.Cmd)];
  const namespaces = ["--mount", "--pid", "--fork", "--kill-child"];
  const shell = ["/bin/sh", "-c", start, "sh", folder, config.WorkingDir, String(uid), String(gid)];
  const child = spawn("/usr/bin/unshare", [...namespaces, ...shell, ...mounts, "--", ...argv], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: { ...fromPairs(config.Env), ...options.env },
  });
  alive.add(child);
  const { ended, stderr } = collect(child);
  void ended.finally(() => alive.delete(child));
  const pid = await readPid(child.stdio[3] as Readable, ended);
  return {
    pid,
    ended,
    signal: (signal) => void process.kill(pid, signal),
    exec(argv) {
      const inside = [`--target=${pid}`, "--mount", "--pid", "--root", "--wd"];
      const user = [`--setuid=${uid}`, `--setgid=${gid}`];
      const env = { ...fromPairs(config.Env), ...options.env };
      return collect(spawn("/usr/bin/nsenter", [...inside, ...user, "--", ...argv], { env })).ended;
    },
    shows: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stderr().includes(text)) resolve();
        };
        child.stderr?.on("data", look);
        look();
        void ended.then(() => reject(new Error(`it ended without showing ${text}:\n${stderr()}`)));
      }),
  };
}

/** Starts a container that ends by itself. */
export async function runContainer(image: Image, options: ContainerOptions): Promise<ContainerEnd> {
  return (await startContainer(image, options)).ended;
}

function collect(child: ChildProcess): { ended: Promise<ContainerEnd>; stderr: () => string } {
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<ContainerEnd>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
  return { ended, stderr: () => stderr };
}

async function readPid(stream: Readable, ended: Promise<ContainerEnd>): Promise<number> {
  const first = new Promise<string>((resolve) =>
    stream.once("data", (data: Buffer) => resolve(String(data))),
  );
  const early = ended.then(({ stderr }) => {
    throw new Error(`the container did not start:\n${stderr}`);
  });
  return Number(await Promise.race([first, early]));
}

function fromPairs(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at), pair.slice(at + 1)] as const;
    }),
  );
}
