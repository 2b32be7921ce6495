import { describeConfig } from "../config/describe.ts";
import { loadConfig } from "../config/load.ts";
import { renderProblem } from "../config/file/problem.ts";
import type { FileResult } from "../config/file/read-file.ts";
import { describeWebConfig, loadWebConfig } from "../config/web/load-web-config.ts";
import { countOf } from "../core/printable.ts";
import { exitCodes } from "./exit-code.ts";
import type { Io } from "./io.ts";

/** `check config FILE…`: every problem of every file, or what was understood. */
export function checkConfig(files: readonly string[], io: Io): Promise<number> {
  return checkFiles(files, io, loadConfig, (config) => io.stdout.write(`${describeConfig(config)}\n`));
}

/** `check web-config FILE…`: every problem of every file and of the certificates it names, or that it is valid. */
export function checkWebConfig(files: readonly string[], io: Io): Promise<number> {
  return checkFiles(files, io, loadWebConfig, (config) => io.stdout.write(`${describeWebConfig(config)}\n`));
}

/** `check notifications FILE…`: sends a test message to every receiver of every file. */
export async function checkNotifications(files: readonly string[], io: Io): Promise<number> {
  const { stdout, stderr } = io;
  const { receiversOf, sendTestMessage } = await import("../service/notifications.ts");
  let undelivered = false;
  const exitCode = await checkFiles(files, io, loadConfig, async (config, file) => {
    const receivers = receiversOf(config, io.env);
    if (receivers.length === 0) stdout.write(`${file}: no notifications are configured\n`);
    for (const receiver of receivers) {
      const failure = await sendTestMessage(receiver, io);
      if (failure === null) stdout.write(`${file}: ${receiver.name}: a test message was delivered\n`);
      else stderr.write(`${file}: ${receiver.name}: ${failure}\n`);
      undelivered ||= failure !== null;
    }
  });
  return exitCode === exitCodes.done && undelivered ? exitCodes.failed : exitCode;
}

async function checkFiles<T>(
  files: readonly string[],
  { stderr }: Io,
  load: (file: string) => Promise<FileResult<T>>,
  onValid: (config: T, file: string) => Promise<void> | void,
): Promise<number> {
  let failed = false;
  for (const file of files) {
    const result = await load(file);
    for (const problem of result.ok ? result.warnings : result.problems)
      stderr.write(`${renderProblem(problem)}\n`);
    if (result.ok) {
      await onValid(result.config, file);
    } else {
      failed = true;
      stderr.write(`${file}: ${countOf(result.errorCount, "problem")}\n`);
    }
  }
  return failed ? exitCodes.usage : exitCodes.done;
}
