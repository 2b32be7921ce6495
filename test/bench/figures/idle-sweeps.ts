import type { Bench, Figure } from "../bench.ts";
import { alternate } from "../alternate.ts";
import { describeFixture, fixtures, type Fixture } from "../fixture.ts";
import { formatRatio, formatSeconds } from "../format.ts";
import { configFlag, runJanitor, type Source } from "../janitor.ts";
import { cpuSeconds } from "../proc.ts";
import { atMost, row, type Measured } from "../row.ts";
import { median } from "../statistics.ts";

const rounds = 3;
/** In a row by the same source: the gateway cleans up after one read during the next. */
const sweepsInARow = 3;

/** What a sweep costs the gateway when there is nothing to delete, as it is nearly always. */
export const idleSweeps: Figure = {
  name: "idle-sweeps",
  method:
    `Processor time (user and system) of the gateway per \`once\` that finds nothing expired, ${sweepsInARow} in a row by each ` +
    "`source` in turn.",
  async *measure(bench) {
    const sizes = [
      fixtures.thousand,
      fixtures.tenThousand,
      ...(bench.large ? [fixtures.hundredThousand] : []),
    ];
    for (const fixture of sizes) {
      const costs = await costPerLook(bench, fixture);
      const title = `the gateway's CPU per idle sweep, ${describeFixture(fixture)}`;
      const besideApi = (source: Source): Measured => {
        const value = costs[source] / costs.api;
        const text = `${formatRatio(value)} (${formatSeconds(costs[source])}, api ${formatSeconds(costs.api)})`;
        return { value, text };
      };
      yield row(`${title}, auto vs api`, besideApi("auto"), atMost(0.6, "0.6"));
      yield row(`${title}, exposition vs api`, besideApi("exposition"));
    }
  },
};

function costPerLook(
  { folder, gateways }: Bench,
  fixture: Fixture,
): Promise<Readonly<Record<Source, number>>> {
  return gateways.use(fixture, async ({ url, pid }) => {
    const sweep = (source: Source) => async (): Promise<number> => {
      const config = configFlag(folder, url, source);
      const before = cpuSeconds(pid);
      for (let count = 0; count < sweepsInARow; count += 1) await runJanitor(["once", config]);
      return (cpuSeconds(pid) - before) / sweepsInARow;
    };
    const samples = await alternate(
      { rounds },
      { api: sweep("api"), exposition: sweep("exposition"), auto: sweep("auto") },
    );
    return {
      api: median(samples.api),
      exposition: median(samples.exposition),
      auto: median(samples.auto),
    };
  });
}
