import type { Bench, Figure } from "../bench.ts";
import { describeFixture, readingFixtures } from "../fixture.ts";
import { runProgram } from "../program.ts";
import { recordAnswer } from "../recorded-answer.ts";
import { atMost, measureRow, type Measured } from "../row.ts";
import { longTitle, serveFile, serveLong, type StandIn } from "../stand-in.ts";
import { median } from "../statistics.ts";

const rounds = 5;

/** For how long a read keeps everything else in the process waiting. */
export const block: Figure = {
  name: "block",
  method:
    "The longest delay of the event loop in a fresh process that reads an answer once, from a server that has it ready, and " +
    "keeps the groups as a sweep does.",
  async *measure(bench) {
    const target = atMost(20, "20 ms");
    for (const [title, serve] of answers(bench)) {
      yield await measureRow(`longest block of the event loop, ${title}`, target, () => longestBlock(serve));
    }
  },
};

function answers(bench: Bench): readonly (readonly [title: string, serve: () => Promise<StandIn>])[] {
  const recorded = readingFixtures(bench.large).map(
    (fixture) =>
      [describeFixture(fixture), async () => serveFile((await recordAnswer(bench, fixture)).file)] as const,
  );
  return [...recorded, [longTitle, serveLong]];
}

async function longestBlock(serve: () => Promise<StandIn>): Promise<Measured> {
  await using server = await serve();
  const blocks: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    blocks.push(await runProgram<number>("longest-block", [server.url]));
  }
  const value = median(blocks);
  return { value, text: `${value.toFixed(1)} ms` };
}
