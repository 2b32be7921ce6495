import { ConfigError, parseNamed } from "../config/config.ts";
import { quote } from "../core/labels.ts";
import type { Matcher } from "../core/matcher.ts";
import { renderCommand } from "../core/printable.ts";
import { sweepAll } from "../fleet/sweep-all.ts";
import { exitCodeOfKnown, exitCodes, reportExitCode } from "./exit-code.ts";
import type { ReportFlags } from "./flags.ts";
import type { Io } from "./io.ts";
import { checkOutputFlags, printErrors, printReport } from "./print-report.ts";
import { createCommandLog } from "./progress.ts";
import { createCommandToPass, loadAndDiscover } from "./settings.ts";

/** `report`: a sweep that ends after the plan. */
export async function report(flags: ReportFlags, io: Io): Promise<number> {
  checkOutputFlags(flags);
  const { verdict, rule, sort, limit, all } = flags;
  const match = flags.match === undefined ? undefined : await parseMatch(flags.match);
  const { at: planFor, "gateways.concurrency": concurrency } = flags;
  const commandToTry = flags.ttl === undefined ? createCommandToTry(flags) : undefined;
  const { config, complete } = await loadAndDiscover(flags, io, { ttlOptional: true });
  if (rule !== undefined && config.rules.every(({ name }) => name !== rule)) {
    const names = config.rules.map(({ name }) => name).join(", ");
    throw new ConfigError(`--rule: there is no rule ${quote(rule)}; there are ${names}`);
  }
  const { log, progress, clear } = createCommandLog(config.logLevel, flags["log.format"], io);
  const commandToPass = createCommandToPass(flags);
  const result = await sweepAll(
    { ...config, dryRun: true },
    { world: io, log, progress, concurrency, commandToPass, planFor },
  );
  clear();
  if (io.stop.aborted) return io.signalExitCode();
  const selection = { match, verdict, rule, sort, limit, all };
  const problem = await printReport(result, flags, io, { selection, commandToTry, rules: config.rules });
  if (problem !== null) io.stderr.write(`${problem}\n`);
  printErrors(result, flags, io);
  if (problem !== null) return exitCodes.failed;
  return exitCodeOfKnown(reportExitCode(result, flags.detailedExitcode ?? false), complete);
}

/** Without a TTL and a file nothing is decided, and the report is about ages. */
function createCommandToTry(flags: ReportFlags): string | undefined {
  const { gateway: urls, verdict, rule, sort, detailedExitcode } = flags;
  if (urls === undefined) return undefined;
  const decided = Object.entries({ verdict, rule, sort, "detailed-exitcode": detailedExitcode });
  const [flag] = decided.find(([, value]) => value !== undefined) ?? [];
  if (flag !== undefined)
    throw new ConfigError(`--${flag} needs --ttl=DURATION beside it: without a TTL nothing expires`);
  const words = [...urls.map((url) => `--gateway=${url}`), "--ttl=30d"];
  return renderCommand(["report", ...words]);
}

/** Regular expressions are loaded only where there are some. */
async function parseMatch(text: string): Promise<readonly Matcher[]> {
  const { parseMatchers } = await import("../core/matcher.ts");
  return parseNamed("--match", text, parseMatchers);
}
