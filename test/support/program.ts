import { spawn, type ChildProcess } from "node:child_process";

import { onTestFinished } from "vitest";

import { shellQuote } from "../../src/core/printable.ts";
import { janitorFile } from "./project-root.ts";

export interface ProgramEnd {
  /** null: ended by a signal that it did not handle. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program as a process of its own. */
export interface Program {
  readonly process: ChildProcess;
  /** Everything it has logged. */
  stderr(): string;
  /** Resolves with the match when stderr shows it, also if it did before; rejects when the program ends without. */
  shows(what: string | RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<ProgramEnd>;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Runs as this user instead; only root can do that. */
  readonly uid?: number;
  /** An open file that stdout goes to, instead of a pipe that is read. */
  readonly stdout?: number;
  /** What starts the program instead, given its command line as a shell takes it. */
  readonly under?: (command: string) => readonly string[];
  readonly cwd?: string;
}

/** Starts the program as a user does, and kills it when the test is over. */
export function startProgram(
  argv: readonly string[],
  { env, uid, stdout: file, under, cwd }: ProgramOptions = {},
): Program {
  const words = [process.execPath, janitorFile, ...argv];
  const [program = "", ...rest] = under?.(words.map(shellQuote).join(" ")) ?? words;
  const child = spawn(program, rest, {
    cwd,
    stdio: ["ignore", file ?? "pipe", "pipe"],
    env: { ...process.env, ...env },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let [stdout, stderr] = ["", ""];
  const waiting = new Set<() => void>();
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    for (const look of waiting) look();
  });
  const ended = new Promise<ProgramEnd>((resolve) => {
    child.on("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
  return {
    process: child,
    stderr: () => stderr,
    shows(what) {
      const pattern =
        typeof what === "string" ? new RegExp(what.replaceAll(/[$()*+.?[\\\]^{|}]/g, "\\$&")) : what;
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(stderr);
          if (found === null) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
        void ended.then(() => reject(new Error(`it ended without showing ${String(what)}:\n${stderr}`)));
      });
    },
    ended,
  };
}
