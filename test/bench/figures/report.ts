import type { Bench, Figure } from "../bench.ts";
import { alternate } from "../alternate.ts";
import { curlMetrics } from "../curl.ts";
import { describeFixture, fixtures, readingFixtures } from "../fixture.ts";
import { formatRatio, formatSeconds } from "../format.ts";
import { configFlag, runJanitor } from "../janitor.ts";
import { atMost, measureRow, type Measured } from "../row.ts";
import { longTitle, serveLong } from "../stand-in.ts";
import { medianOf } from "../statistics.ts";

/** What a report costs beside only taking the answer that it is made from. */
export const report: Figure = {
  name: "report",
  method:
    "Wall time of the whole process `report`, output to /dev/null, against the whole process `curl` of the same URL.",
  needs: ["curl"],
  async *measure(bench) {
    for (const fixture of readingFixtures(bench.large)) {
      const target = fixture.groups >= fixtures.tenThousand.groups ? atMost(1.1, "1.10") : null;
      yield await measureRow(`report vs curl, ${describeFixture(fixture)}`, target, () =>
        bench.gateways.use(fixture, ({ url }) => againstCurl(bench, url, 5)),
      );
    }
    yield await measureRow(`report vs curl, ${longTitle}`, null, async () => {
      await using server = await serveLong();
      return await againstCurl(bench, server.url, 3);
    });
  },
};

async function againstCurl({ folder }: Bench, url: string, rounds: number): Promise<Measured> {
  const config = configFlag(folder, url, "api");
  const samples = await alternate(
    { rounds },
    {
      report: () => runJanitor(["report", config]),
      curl: () => curlMetrics(url),
    },
  );
  const own = medianOf(samples.report, ({ seconds }) => seconds);
  const curl = medianOf(samples.curl, ({ seconds }) => seconds);
  const value = own / curl;
  return {
    value,
    text: `${formatRatio(value)} (report ${formatSeconds(own)}, curl ${formatSeconds(curl)})`,
  };
}
