import { loadConfig } from "../config/load.ts";
import { renderProblem } from "../config/file/problem.ts";
import { receiversOf, sendTestMessage } from "../service/notifications.ts";
import { exitCodes } from "./exit-code.ts";
import type { Io } from "./io.ts";

/** `check notifications FILE…`: sends a test message to every receiver of every file. */
export async function checkNotifications(files: readonly string[], io: Io): Promise<number> {
  const { stdout, stderr } = io;
  let exitCode: number = exitCodes.done;
  for (const file of files) {
    const loaded = await loadConfig(file);
    for (const problem of loaded.ok ? loaded.warnings : loaded.problems)
      stderr.write(`${renderProblem(problem)}\n`);
    if (!loaded.ok) {
      exitCode = exitCodes.usage;
      continue;
    }
    const receivers = receiversOf(loaded.config, io.env);
    if (receivers.length === 0) stdout.write(`${file}: no notifications are configured\n`);
    for (const receiver of receivers) {
      const failure = await sendTestMessage(receiver, io);
      if (failure === null) stdout.write(`${file}: ${receiver.name}: a test message was delivered\n`);
      else stderr.write(`${file}: ${receiver.name}: ${failure}\n`);
      if (failure !== null && exitCode === exitCodes.done) exitCode = exitCodes.failed;
    }
  }
  return exitCode;
}
