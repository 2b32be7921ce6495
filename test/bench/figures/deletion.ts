import type { Bench, Figure } from "../bench.ts";
import { alternate } from "../alternate.ts";
import { fixtures, ttl, type Fixture } from "../fixture.ts";
import { formatCount, formatRatio, formatSeconds } from "../format.ts";
import { expectGroups } from "../gateway-groups.ts";
import { limitsOff, runJanitor } from "../janitor.ts";
import { runProgram } from "../program.ts";
import { atLeast, CommandFailed, row } from "../row.ts";
import { medianOf } from "../statistics.ts";

const fixture: Fixture = { ...fixtures.tenThousand, expired: fixtures.tenThousand.groups };
const rounds = 3;

/** Over how many connections `once` deletes: the bare loop gets as many. */
const connections = 1;
/** Where a gateway gains no more by another one. */
const manyConnections = 8;

/** How near the deletions of a sweep come to what the gateway can do. */
export const deletion: Figure = {
  name: "deletion",
  method:
    "All of 10,000 groups, limits off. `once`: from the first `Deleted group` in its log to the last, with every read that it " +
    "takes in between. Bare loop: undici, from the first DELETE to the last answer. The gateway is empty after each. Added to a " +
    "read: the whole process `once` less a whole `report` of the same gateway.",
  async *measure(bench) {
    const { once, bare, bareMany } = await alternate(
      { rounds, warmUp: false },
      {
        once: () => deleteByOnce(bench),
        bare: () => deleteBare(bench, connections),
        bareMany: () => deleteBare(bench, manyConnections),
      },
    );
    const phase = medianOf(once, ({ phaseSeconds }) => phaseSeconds);
    const added = medianOf(once, ({ addedSeconds }) => addedSeconds);
    const title = `deleting ${formatCount(fixture.groups)} groups`;
    for (const [loop, count] of [
      [bare, connections],
      [bareMany, manyConnections],
    ] as const) {
      const seconds = medianOf(loop, (sample) => sample);
      const value = seconds / phase;
      yield row(
        `${title}, once vs a bare loop over ${count} connection${count === 1 ? "" : "s"}`,
        {
          value,
          text: `${formatRatio(value)} of its speed (once ${rate(phase)}, bare loop ${rate(seconds)})`,
        },
        count === connections ? atLeast(0.8, "0.8") : null,
      );
    }
    yield row(`${title}, added to a read`, { value: added, text: formatSeconds(added) });
  },
};

function rate(seconds: number): string {
  return `${formatCount(Math.round(fixture.groups / seconds))}/s`;
}

interface OnceSample {
  readonly phaseSeconds: number;
  readonly addedSeconds: number;
}

function deleteByOnce({ gateways }: Bench): Promise<OnceSample> {
  return gateways.use(fixture, async ({ url }) => {
    const flags = [`--gateway=${url}`, `--ttl=${ttl}`, ...limitsOff];
    const report = await runJanitor(["report", ...flags]);
    const once = await runJanitor(["once", "--log.format=json", ...flags]);
    await expectGroups(url, 0);
    return {
      phaseSeconds: deletionPhaseSeconds(once.stderr),
      addedSeconds: once.seconds - report.seconds,
    };
  });
}

function deletionPhaseSeconds(log: string): number {
  const lines = log.split("\n").filter((line) => line.includes('"msg":"Deleted group"'));
  if (lines.length !== fixture.groups) {
    throw new CommandFailed(`the log of once has ${lines.length} lines "Deleted group" in JSON`);
  }
  const [first = Number.NaN, last = Number.NaN] = [lines.at(0), lines.at(-1)].map((line) =>
    Date.parse((JSON.parse(line ?? "") as { time: string }).time),
  );
  return (last - first) / 1000;
}

function deleteBare({ gateways }: Bench, count: number): Promise<number> {
  return gateways.use(fixture, async ({ url }) => {
    const args = [url, String(fixture.groups), String(count)];
    const seconds = await runProgram<number>("delete-bare", args);
    await expectGroups(url, 0);
    return seconds;
  });
}
