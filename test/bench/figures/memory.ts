import type { Bench, Figure } from "../bench.ts";
import { alternate } from "../alternate.ts";
import { curlMetrics } from "../curl.ts";
import { describeFixture, fixtures, readingFixtures } from "../fixture.ts";
import { formatMegabytes } from "../format.ts";
import { configFlag, usageOf } from "../janitor.ts";
import { peakMegabytes, resetPeak } from "../proc.ts";
import { atMost, measureRow, type Measured } from "../row.ts";
import { longTitle, serveLong } from "../stand-in.ts";
import { medianOf } from "../statistics.ts";

/** What a report takes of the memory, here and on the gateway. */
export const memory: Figure = {
  name: "memory",
  method:
    "Peak resident memory (VmHWM) of the process `report`, of `curl` of the same URL, and of the gateway while each of them " +
    "asks; the gateway's peak begins at what it has before.",
  needs: ["curl"],
  async *measure(bench) {
    for (const fixture of readingFixtures(bench.large)) {
      const target = fixture.groups >= fixtures.hundredThousand.groups ? atMost(115, "115 MB") : null;
      yield await measureRow(`peak RSS of report, ${describeFixture(fixture)}`, target, () =>
        bench.gateways.use(fixture, ({ url, pid }) => besideGateway(bench, url, pid)),
      );
    }
    yield await measureRow(`peak RSS of report, ${longTitle}`, atMost(100, "100 MB"), async () => {
      await using server = await serveLong();
      return await ofReport(bench, server.url);
    });
  },
};

const rounds = 3;

async function peakOf(config: string): Promise<number> {
  return (await usageOf(["report", config])).peakMegabytes;
}

interface Peaks {
  readonly client: number;
  readonly gateway: number;
}

async function besideGateway({ folder }: Bench, url: string, pid: number): Promise<Measured> {
  const config = configFlag(folder, url, "api");
  const both = async (ask: () => Promise<number>): Promise<Peaks> => {
    resetPeak(pid);
    const client = await ask();
    return { client, gateway: peakMegabytes(pid) };
  };
  const samples = await alternate(
    { rounds },
    {
      report: () => both(() => peakOf(config)),
      curl: () => both(async () => (await curlMetrics(url, { watchMemory: true })).peakMegabytes),
    },
  );
  const peaks = (runs: readonly Peaks[]): readonly [client: string, gateway: string] => [
    formatMegabytes(medianOf(runs, ({ client }) => client)),
    formatMegabytes(medianOf(runs, ({ gateway }) => gateway)),
  ];
  const [own, gatewayOfReport] = peaks(samples.report);
  const [curl, gatewayOfCurl] = peaks(samples.curl);
  return {
    value: medianOf(samples.report, ({ client }) => client),
    text: `${own}, gateway ${gatewayOfReport} (curl ${curl}, gateway ${gatewayOfCurl})`,
  };
}

async function ofReport({ folder }: Bench, url: string): Promise<Measured> {
  const config = configFlag(folder, url, "api");
  const samples = await alternate({ rounds, warmUp: false }, { report: () => peakOf(config) });
  const value = medianOf(samples.report, (peak) => peak);
  return { value, text: formatMegabytes(value) };
}
