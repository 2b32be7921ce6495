import { join } from "node:path";

import { projectRoot } from "../../support/project-root.ts";
import type { Bench, Figure } from "../bench.ts";
import { alternate } from "../alternate.ts";
import { runCommand, type CommandRun } from "../command.ts";
import { fixtures, ttl, type Fixture } from "../fixture.ts";
import { formatCount, formatRatio, formatSeconds } from "../format.ts";
import { expectGroups } from "../gateway-groups.ts";
import { limitsOff, runJanitor } from "../janitor.ts";
import { atLeast, measureRow, type Measured } from "../row.ts";
import { medianOf } from "../statistics.ts";

const fixture: Fixture = { ...fixtures.tenThousand, expired: 1000 };
const rounds = 3;
const script = join(projectRoot, "test/bench/shell-loop.sh");
const ttlSeconds = 30 * 86_400;

/** What most people use instead. */
export const shellLoop: Figure = {
  name: "shell-loop",
  method:
    "test/bench/shell-loop.sh (curl, jq, one curl per DELETE) against `once`, limits off: whole processes, the same groups gone after each.",
  needs: ["curl", "jq"],
  async *measure(bench) {
    const title = `the shell loop vs once, ${formatCount(fixture.expired)} of ${formatCount(fixture.groups)} groups expired`;
    yield await measureRow(title, atLeast(20, "20 times slower"), () => compare(bench));
  },
};

async function compare({ gateways }: Bench): Promise<Measured> {
  const sweep = (clean: (url: string) => Promise<CommandRun>) => () =>
    gateways.use(fixture, async ({ url }) => {
      const run = await clean(url);
      await expectGroups(url, fixture.groups - fixture.expired);
      return run;
    });
  const samples = await alternate(
    { rounds, warmUp: false },
    {
      loop: sweep((url) => runCommand("sh", [script, url, String(ttlSeconds)])),
      once: sweep((url) => runJanitor(["once", `--gateway=${url}`, `--ttl=${ttl}`, ...limitsOff])),
    },
  );
  const loop = medianOf(samples.loop, ({ seconds }) => seconds);
  const once = medianOf(samples.once, ({ seconds }) => seconds);
  const value = loop / once;
  return {
    value,
    text: `${formatRatio(value)} times slower (loop ${formatSeconds(loop)}, once ${formatSeconds(once)})`,
  };
}
