import type { Figure } from "../bench.ts";
import { describeFixture, readingFixtures } from "../fixture.ts";
import { formatRatio, formatSpeed } from "../format.ts";
import { runProgram } from "../program.ts";
import { recordAnswer, type RecordedAnswer } from "../recorded-answer.ts";
import { atLeast, measureRow, type Measured } from "../row.ts";
import { longTitle, serveFile, serveLong, type StandIn } from "../stand-in.ts";
import { median } from "../statistics.ts";

const rounds = 11;

/** How fast the reader of the API is by itself. */
export const reader: Figure = {
  name: "reader",
  method:
    "A gateway's recorded answer, read by code that is warm. In memory, in chunks of 64 KiB: the reader against decoding and JSON.parse of the whole. " +
    "From a server that has it ready, over one connection: the reader against taking the same chunks and dropping them.",
  async *measure(bench) {
    for (const fixture of readingFixtures(bench.large)) {
      const answer = await recordAnswer(bench, fixture);
      const title = describeFixture(fixture);
      yield await measureRow(`reader vs JSON.parse, ${title}`, atLeast(4, "4 times faster"), () =>
        againstJsonParse(answer, fixture.groups),
      );
      yield await measureRow(`reader vs draining, ${title}`, null, () =>
        againstDraining(serveFile(answer.file), rounds),
      );
    }
    yield await measureRow(`reader vs draining, ${longTitle}`, null, () => againstDraining(serveLong(), 3));
  },
};

type Seconds<K extends string> = Readonly<Record<K, readonly number[]>>;

async function againstJsonParse({ file, bytes }: RecordedAnswer, groups: number): Promise<Measured> {
  const args = [file, String(groups), String(rounds)];
  const samples = await runProgram<Seconds<"reader" | "jsonParse">>("read-recorded", args, ["--expose-gc"]);
  const [own, jsonParse] = [median(samples.reader), median(samples.jsonParse)];
  const value = jsonParse / own;
  return {
    value,
    text: `${formatRatio(value)} times as fast (${formatSpeed(bytes, own)}, JSON.parse ${formatSpeed(bytes, jsonParse)})`,
  };
}

async function againstDraining(starting: Promise<StandIn>, times: number): Promise<Measured> {
  await using server = await starting;
  const args = [server.url, String(times)];
  const { bytes, ...samples } = await runProgram<Seconds<"reader" | "drain"> & { readonly bytes: number }>(
    "read-served",
    args,
  );
  const [own, drain] = [median(samples.reader), median(samples.drain)];
  const value = own / drain;
  return {
    value,
    text: `${formatRatio(value)} times the time (${formatSpeed(bytes, own)}, draining ${formatSpeed(bytes, drain)})`,
  };
}
