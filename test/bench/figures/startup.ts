import { janitorFile } from "../../support/project-root.ts";
import type { Figure } from "../bench.ts";
import { alternate } from "../alternate.ts";
import { runCommand, type CommandRun } from "../command.ts";
import { ttl, type Fixture } from "../fixture.ts";
import { formatSeconds } from "../format.ts";
import { writeConfig } from "../janitor.ts";
import { atMost, row, type Row, type Target } from "../row.ts";
import { medianOf } from "../statistics.ts";

const rounds = 21;
const fixture: Fixture = { groups: 10, series: 5, expired: 0 };

/** What a command takes before it does anything, beside Node itself. */
export const startup: Figure = {
  name: "startup",
  method: `Wall time of whole processes, less that of \`node -e 0\`. \`once\` finds nothing expired among ${fixture.groups} groups.`,
  async *measure({ folder, gateways }) {
    const node = (...args: readonly string[]): Promise<CommandRun> => runCommand(process.execPath, args);
    const samples = await gateways.use(fixture, ({ url }) => {
      const config = writeConfig(folder, url, "api");
      return alternate(
        { rounds },
        {
          bare: () => node("-e", "0"),
          help: () => node(janitorFile, "--help"),
          check: () => node(janitorFile, "check", "config", config),
          once: () => node(janitorFile, "once", `--gateway=${url}`, `--ttl=${ttl}`),
        },
      );
    });
    const seconds = (runs: readonly CommandRun[]): number => medianOf(runs, (run) => run.seconds);
    const bare = seconds(samples.bare);
    const beyondBare = (command: string, runs: readonly CommandRun[], target: Target): Row => {
      const value = (seconds(runs) - bare) * 1000;
      const text = `${value.toFixed(0)} ms more (${formatSeconds(seconds(runs))}, node -e 0 ${formatSeconds(bare)})`;
      return row(`${command} over node -e 0`, { value, text }, target);
    };
    yield beyondBare("--help", samples.help, atMost(40, "40 ms more"));
    yield beyondBare("check config", samples.check, atMost(150, "150 ms more"));
    yield beyondBare(`once on ${fixture.groups} groups`, samples.once, atMost(200, "200 ms more"));
  },
};
