#!/usr/bin/env node
import { once } from "node:events";
import { readFileSync } from "node:fs";
import * as module from "node:module";
import { basename } from "node:path";

import type { Io, Output } from "./cli/io.ts";

/** How long what is in flight may take to finish after a signal: with the rest, under 5 s. */
const graceMs = 3000;
const exitMs = 4800;

const signalCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type StopSignal = keyof typeof signalCodes;

const stop = new AbortController();
const abort = new AbortController();
let signalExitCode = 0;
let onHangup: (() => void) | null = null;
const ignoresHangups = ignoredHangupsAtStart();

// Before anything is loaded: a signal without a handler ends the process.
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) process.on(signal, receive);

function receive(signal: StopSignal): void {
  if (signal === "SIGHUP" && (onHangup !== null || ignoresHangups)) {
    onHangup?.();
    return;
  }
  if (stop.signal.aborted) {
    // A terminal that closes sends SIGHUP twice: its shell does, and then the kernel. Nobody has lost patience.
    if (signal !== "SIGHUP") endAtOnce(signal);
    return;
  }
  signalExitCode = signalCodes[signal];
  stop.abort();
  setTimeout(() => abort.abort(), graceMs).unref();
  // Whatever still hangs then is not worth being killed for.
  setTimeout(() => endAtOnce(signal), exitMs).unref();
}

/** process.exit waits for the threads that read and write files and resolve names, and a file system that is dead keeps them for ever. */
function mayHang(): boolean {
  return process.getActiveResourcesInfo().some((name) => /^(?:FSReq|GetAddrInfo)/.test(name));
}

function endAtOnce(signal: StopSignal): void {
  if (!mayHang()) process.exit(signalCodes[signal]);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // Still here: the kernel shields process 1 of a container from signals that it does not handle.
  process.abort();
}

/** Such a thread also keeps a command that has come to its end. What it has printed may take its time to be read. */
function endIfHeld(): void {
  setTimeout(() => {
    if (process.stdout.writableLength + process.stderr.writableLength > 0) endIfHeld();
    else if (mayHang()) endAtOnce("SIGTERM");
  }, 1000).unref();
}

/**
 * Whether SIGHUP was ignored when the program was started, as by nohup. Node undoes that before it runs any code, so that only
 * traces are left. A Node that is a shared library undoes nothing. A shell that ignores SIGHUP is still our parent. At a terminal,
 * nohup opens stdin for writing only. And most shells leave the name of what they started in `_`, which is all there is without
 * /proc.
 */
function ignoredHangupsAtStart(): boolean {
  const ignored = /^SigIgn:\s*\w*[13579bdf]$/m;
  return (
    basename(process.env["_"] ?? "") === "nohup" ||
    ignored.test(readProc("self/status")) ||
    ignored.test(readProc(`${process.ppid}/status`)) ||
    /^flags:\s*\d*1$/m.test(readProc("self/fdinfo/0"))
  );
}

function readProc(file: string): string {
  try {
    return readFileSync(`/proc/${file}`, "utf8");
  } catch {
    return "";
  }
}

// Newer Nodes keep compiled code from one start to the next, where they can write; all but this file is loaded afterwards.
if ("enableCompileCache" in module) (module.enableCompileCache as () => unknown)();
const { runCli } = await import("./cli/program.ts");
const { systemClock, wait } = await import("./cli/system-clock.ts");

// Node writes to a terminal synchronously: one that takes no more (Ctrl-S, a dead connection) would stop the sweep and let no
// signal through. There is no public way to change that.
for (const stream of [process.stdout, process.stderr]) {
  const { _handle: handle } = stream as unknown as { _handle?: { setBlocking?(on: boolean): void } };
  if (stream.isTTY) handle?.setBlocking?.(false);
}

// Node clears `errored` of stdout before it emits the error.
let outputEnded = false;
let outputFailed = false;

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (outputEnded) return;
  outputEnded = true;
  // A reader that has seen enough (`| head`) is no failure and does not change the exit code.
  if (error.code === "EPIPE") return;
  process.stderr.write(`pushgateway-janitor: the output cannot be written: ${error.message}\n`);
  outputFailed = true;
  // The last write may fail long after the command has ended.
  process.exitCode ||= 1;
});
// A log that cannot be written is no reason to abort a sweep.
process.stderr.on("error", () => {});

function output(stream: NodeJS.WriteStream, hasEnded: () => boolean): Output {
  return {
    write(text) {
      // A disk that has room again would get the end without the middle.
      if (!hasEnded() && stream.errored === null) stream.write(text);
    },
    async drained() {
      // One that fails instead is dealt with above, and will never drain.
      if (!hasEnded() && stream.writableNeedDrain) await once(stream, "drain").catch(() => {});
    },
    get ended() {
      return hasEnded();
    },
    isTTY: stream.isTTY,
    get columns() {
      // 0: a terminal of unknown size, as in many CI systems.
      return stream.isTTY && stream.columns > 0 ? stream.columns : null;
    },
  };
}

const io: Io = {
  stdout: output(process.stdout, () => outputEnded),
  // A log continues as soon as it can be written again.
  stderr: output(process.stderr, () => false),
  env: process.env,
  nodeVersion: process.version,
  clock: systemClock,
  wait,
  stop: stop.signal,
  abort: abort.signal,
  onHangup(callback) {
    onHangup = callback;
    return () => void (onHangup = null);
  },
  signalExitCode: () => signalExitCode,
};

const exitCode = await runCli(process.argv.slice(2), io);
process.exitCode = exitCode === 0 && outputFailed ? 1 : exitCode;
endIfHeld();
