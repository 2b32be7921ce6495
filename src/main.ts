#!/usr/bin/env node
import { once } from "node:events";
import * as module from "node:module";

import type { Io, Output } from "./cli/io.ts";

// Newer Nodes keep compiled code from one start to the next, where they can write; all but this file is loaded afterwards.
if ("enableCompileCache" in module) (module.enableCompileCache as () => unknown)();
const { runCli } = await import("./cli/program.ts");
const { systemClock, wait } = await import("./cli/system-clock.ts");

/** How long what is in flight may take to finish after a signal: with the rest, under 5 s. */
const graceMs = 3000;
const exitMs = 4800;

const stop = new AbortController();
const abort = new AbortController();
let signalExitCode = 0;

for (const [signal, code] of [
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) {
      process.exit(code);
    }
    signalExitCode = code;
    stop.abort();
    setTimeout(() => abort.abort(), graceMs).unref();
    // Whatever still hangs then is not worth being killed for.
    setTimeout(() => process.exit(code), exitMs).unref();
  });
}

// Node forgets what went wrong with stdout (`errored`) before it tells of it.
let outputEnded = false;
let outputFailed = false;

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (outputEnded) return;
  outputEnded = true;
  // A reader that has seen enough (`| head`) is no failure, and the exit code tells what it does without one.
  if (error.code === "EPIPE") return;
  process.stderr.write(`pushgateway-janitor: the output cannot be written: ${error.message}\n`);
  outputFailed = true;
  // The last of it may fail when the command has long come to its end.
  process.exitCode ||= 1;
});
// A log that nobody takes any more is no reason to leave a sweep half done.
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
      return stream.isTTY ? stream.columns : null;
    },
  };
}

const io: Io = {
  stdout: output(process.stdout, () => outputEnded),
  // A log goes on as soon as it can.
  stderr: output(process.stderr, () => false),
  env: process.env,
  nodeVersion: process.version,
  clock: systemClock,
  wait,
  stop: stop.signal,
  abort: abort.signal,
  onHangup(callback) {
    process.on("SIGHUP", callback);
    return () => void process.off("SIGHUP", callback);
  },
  signalExitCode: () => signalExitCode,
};

const exitCode = await runCli(process.argv.slice(2), io);
process.exitCode = exitCode === 0 && outputFailed ? 1 : exitCode;
