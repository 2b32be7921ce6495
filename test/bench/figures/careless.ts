import { setTimeout as wait } from "node:timers/promises";

import type { Bench, Figure } from "../bench.ts";
import { alternate } from "../alternate.ts";
import { fixtures, ttl, type Fixture } from "../fixture.ts";
import { formatCount, formatMegabytes, formatRatio, formatSeconds } from "../format.ts";
import { expectGroups } from "../gateway-groups.ts";
import { limitsOff, usageOf } from "../janitor.ts";
import { cpuSeconds } from "../proc.ts";
import { programFile } from "../program.ts";
import { atMost, row, type Row, type Target } from "../row.ts";
import { medianOf } from "../statistics.ts";

const fixture: Fixture = { ...fixtures.tenThousand, expired: 5000 };
const rounds = 3;
const ttlSeconds = 30 * 86_400;

/** What care costs: the same groups, deleted by a program that takes none. */
export const careless: Figure = {
  name: "careless",
  method:
    "`once` at 5,000/s against a cleaner in Node without care (programs/clean-careless.ts): it reads the groups once, and sends all " +
    "DELETEs at once, over 64 connections. Whole processes, the same groups gone after each.",
  async *measure(bench) {
    const flags = [`--ttl=${ttl}`, ...limitsOff, "--limits.deletes-per-second=5000"];
    const samples = await alternate(
      { rounds, warmUp: false },
      {
        once: () => clean(bench, (url) => usageOf(["once", `--gateway=${url}`, ...flags])),
        other: () => clean(bench, (url) => usageOf([url, String(ttlSeconds)], programFile("clean-careless"))),
      },
    );
    const title = `deleting ${formatCount(fixture.expired)} of ${formatCount(fixture.groups)} groups, once vs a careless cleaner`;
    const compare = (what: string, pick: (sample: Sample) => number, target: Target, ratio: boolean): Row => {
      const [own, other] = [medianOf(samples.once, pick), medianOf(samples.other, pick)];
      const text = `${formatRatio(own / other)} (once ${formatSeconds(own)}, careless ${formatSeconds(other)})`;
      return row(`${title}, ${what}`, { value: ratio ? own / other : own, text }, target);
    };
    yield compare("time", ({ seconds }) => seconds, atMost(1.6, "1.6"), true);
    yield compare("its processor time", (sample) => sample.cpuSeconds, atMost(2.5, "2.5 s"), false);
    yield compare("the gateway's", (sample) => sample.gatewaySeconds, atMost(5, "5 s"), false);
    const peak = (of: readonly Sample[]): string =>
      formatMegabytes(medianOf(of, ({ peakMegabytes }) => peakMegabytes));
    const text = `${peak(samples.once)}, careless ${peak(samples.other)}`;
    yield row(`${title}, peak RSS`, { value: 0, text });
  },
};

type Sample = Awaited<ReturnType<typeof clean>>;

function clean({ gateways }: Bench, run: (url: string) => ReturnType<typeof usageOf>) {
  return gateways.use(fixture, async ({ url, pid }) => {
    const before = cpuSeconds(pid);
    const usage = await run(url);
    await untilQuiet(pid);
    const gatewaySeconds = cpuSeconds(pid) - before;
    await expectGroups(url, fixture.groups - fixture.expired);
    return { ...usage, gatewaySeconds };
  });
}

/** A gateway answers a DELETE before it deletes. */
async function untilQuiet(pid: number): Promise<void> {
  for (let before = -1, now = cpuSeconds(pid); now - before > 0.01; now = cpuSeconds(pid)) {
    before = now;
    await wait(300);
  }
}
