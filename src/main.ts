#!/usr/bin/env node
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { isatty } from "node:tty";

import type { Io, Output } from "./cli/io.ts";

/** The time that requests in flight have after a signal. Everything together ends in under 5 s. */
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
    // A terminal that closes sends SIGHUP twice: first its shell, then the kernel. That is no second request to stop.
    if (signal !== "SIGHUP") endAtOnce(signal);
    return;
  }
  signalExitCode = signalCodes[signal];
  stop.abort();
  setTimeout(() => abort.abort(), graceMs).unref();
  // A supervisor would kill the process soon after.
  setTimeout(() => endAtOnce(signal), exitMs).unref();
}

/** process.exit waits for threads that read and write files or resolve names. A dead file system blocks them for ever. */
function mayHang(): boolean {
  return process.getActiveResourcesInfo().some((name) => /^(?:FSReq|GetAddrInfo)/.test(name));
}

function endAtOnce(signal: StopSignal): void {
  if (!mayHang()) process.exit(signalCodes[signal]);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // Only reached by process 1 of a container: the kernel shields it from signals that it does not handle.
  process.abort();
}

/** Ends a finished command that such a thread holds, as soon as its output has been read. */
function endIfHeld(): void {
  setTimeout(() => {
    if (process.stdout.writableLength + process.stderr.writableLength > 0) endIfHeld();
    else if (mayHang()) endAtOnce("SIGTERM");
  }, 1000).unref();
}

/**
 * Whether SIGHUP was ignored when the program was started, as by nohup. Node resets that before it runs any code, so that only
 * traces remain: Node as a shared library resets nothing; a shell that ignores SIGHUP is still the parent; at a terminal, nohup opens
 * stdin for writing only; and most shells put the name of the started program into `_`, the only trace without /proc.
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

// undici asks for it when it is loaded, and Node would load a second undici, its own, only to answer.
Reflect.deleteProperty(globalThis, "Headers");
const { runCli } = await import("./cli/program.ts");
const { systemClock, wait } = await import("./cli/system-clock.ts");

// Node writes to a terminal synchronously: a terminal that accepts no more (Ctrl-S, a dead connection) would block the sweep and all
// signals. No public API changes that.
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
      // A disk that was full for a while would get the end of the text without its middle.
      if (!hasEnded() && stream.errored === null) stream.write(text);
    },
    async drained() {
      // A stream that fails never drains; its error is handled above.
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

async function ask(question: string): Promise<string> {
  const { createInterface } = await import("node:readline");
  // Without `terminal`, Ctrl-C remains a signal.
  const lines = createInterface({ input: process.stdin, terminal: false });
  const end = (): void => lines.close();
  stop.signal.addEventListener("abort", end);
  process.stderr.write(question);
  const answer = await new Promise<string>((resolve) => {
    lines.once("line", resolve).once("close", () => resolve(""));
    if (stop.signal.aborted) end();
  });
  stop.signal.removeEventListener("abort", end);
  end();
  return answer;
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
  ask: isatty(0) && isatty(2) ? ask : null,
  signalExitCode: () => signalExitCode,
};

const exitCode = await runCli(process.argv.slice(2), io);
process.exitCode = exitCode === 0 && outputFailed ? 1 : exitCode;
endIfHeld();
