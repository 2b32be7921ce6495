import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parseConfig } from "../config/load.ts";
import type { Config } from "../config/config.ts";
import type { SweepReport } from "../core/report.ts";
import { startDemoGateway } from "../demo/demo-gateway.ts";
import { demoConfig, demoGroups } from "../demo/hosts.ts";
import { createStyle } from "../report/text.ts";
import { sweepAll } from "../fleet/sweep-all.ts";
import { sweepExitCode } from "./exit-code.ts";
import { addRunFlags, Command, type DemoFlags } from "./flags.ts";
import { wantsColor, type Io } from "./io.ts";
import { printReport } from "./print-report.ts";
import { createCommandLog } from "./progress.ts";
import { createCommandToPass } from "./settings.ts";

/** `demo`: report, sweep and report on an embedded gateway; with `--serve`, the service beside it. */
export async function demo({ serve }: DemoFlags, io: Io): Promise<number> {
  const { bold, dim } = createStyle(wantsColor(io.stdout, io.env));
  const say = (text: string): void => io.stdout.write(`${text}\n`);
  const now = (): number => io.clock.now();
  const gateway = await startDemoGateway(now, demoGroups(now()));
  const { log, progress, clear } = createCommandLog("warn", "logfmt", io);
  const sweep = async (config: Config): Promise<SweepReport> => {
    const commandToPass = createCommandToPass({});
    const report = await sweepAll(config, { world: io, log, progress, concurrency: 1, commandToPass });
    clear();
    return report;
  };
  try {
    if (serve) return await serveDemo(gateway.url, io);
    const text = demoConfig(gateway.url);
    const config = readConfig(text);
    const dryRun = { ...config, dryRun: true };

    say(bold("An embedded Pushgateway with living and vanished hosts, and these rules:"));
    say(`\n${dim(text)}`);
    say(bold("1. The report: what would be deleted, and why. Nothing is changed.\n"));
    await printReport(await sweep(dryRun), { output: "table" }, io, { selection: { all: true } });

    say(bold("\n2. The sweep: what has expired is deleted.\n"));
    const swept = await sweep(config);
    if (io.stop.aborted) return io.signalExitCode();
    await printReport(swept, { output: "table" }, io, { selection: { all: true } });

    say(bold("\n3. What is left:\n"));
    await printReport(await sweep(dryRun), { output: "table" }, io, { selection: { all: true } });
    say(
      `\nTo click around: ${bold("pushgateway-janitor demo --serve")}\nYour own gateway: ${bold("pushgateway-janitor report --gateway=http://localhost:9091")} (deletes nothing)`,
    );
    return sweepExitCode(swept);
  } finally {
    await gateway.close();
  }
}

/** The service and the gateway, until a signal ends them. */
async function serveDemo(url: string, io: Io): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "janitor-demo-"));
  const file = join(folder, "janitor.yml");
  const argv = [
    `--config.file=${file}`,
    "--web.listen-address=127.0.0.1:0",
    "--web.enable-lifecycle",
    "--log.level=warn",
  ];
  const flags = addRunFlags(new Command(), io.env).parse(argv, { from: "user" }).opts();
  try {
    // Nobody waits for the next full hour.
    await writeFile(file, `schedule: 0 * * * *\narchive: { dir: archive }\n${demoConfig(url)}`);
    const { run } = await import("./run.ts");
    return await run(flags, io, (address) =>
      io.stdout.write(`An embedded Pushgateway with living and vanished hosts, and the janitor beside it:

  page     http://${address}/
  gateway  ${url}/metrics
  rules    ${file}

It sweeps at the full hour, or now:  curl --request POST http://${address}/-/sweep
A report by one TTL instead:         pushgateway-janitor report --gateway=${url} --ttl=7d

Ctrl-C ends all of it and leaves nothing behind.
`),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

function readConfig(text: string): Config {
  const result = parseConfig(text, "janitor.yml");
  if (!result.ok) throw new Error(`the demo's own configuration is wrong: ${result.problems[0]?.message}`);
  return result.config;
}
