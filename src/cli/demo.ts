import { parseConfig } from "../config/load.ts";
import type { Config } from "../config/config.ts";
import { startDemoGateway } from "../demo/demo-gateway.ts";
import { demoConfig, demoGroups } from "../demo/hosts.ts";
import { createStyle } from "../report/text.ts";
import { sweepExitCode } from "./exit-code.ts";
import type { SweepFlags } from "./flags.ts";
import { wantsColor, type Io } from "./io.ts";
import { printReport } from "./print-report.ts";
import { sweepAll } from "../fleet/sweep-all.ts";

const quiet: SweepFlags = { "log.level": "warn", "log.format": "logfmt" };

/** `demo`: the whole way on an embedded gateway. */
export async function demo(io: Io): Promise<number> {
  const { bold, dim } = createStyle(wantsColor(io.stdout, io.env));
  const say = (text: string): void => io.stdout.write(`${text}\n`);
  const now = (): number => io.clock.now();
  const gateway = await startDemoGateway(now, demoGroups(now()));
  try {
    const text = demoConfig(gateway.url);
    const config = readConfig(text);

    say(bold("An embedded Pushgateway with living and vanished hosts, and these rules:"));
    say(`\n${dim(text)}`);
    say(bold("1. The report: what would be deleted, and why. Nothing is touched.\n"));
    await printReport(await sweepAll(config, true, quiet, io), { output: "table" }, io);

    say(bold("\n2. The sweep: what has expired is deleted.\n"));
    const swept = await sweepAll(config, false, quiet, io);
    if (io.stop.aborted) return io.signalExitCode();
    await printReport(swept, { output: "table" }, io);

    say(bold("\n3. What is left:\n"));
    await printReport(await sweepAll(config, true, quiet, io), { output: "table" }, io);
    say(
      `\nYour own gateway: ${bold("pushgateway-janitor report --gateway=http://localhost:9091 --ttl=30d")} (deletes nothing)`,
    );
    return sweepExitCode(swept);
  } finally {
    await gateway.close();
  }
}

function readConfig(text: string): Config {
  const result = parseConfig(text, "janitor.yml");
  if (!result.ok) throw new Error(`the demo's own configuration is wrong: ${result.problems[0]?.message}`);
  return result.config;
}
