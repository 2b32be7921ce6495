import { push } from "../../support/push.ts";
import type { Figure } from "../bench.ts";
import { fixtures, ttl, type Fixture } from "../fixture.ts";
import { formatCount, formatRatio, formatSeconds } from "../format.ts";
import { expectGroups } from "../gateway-groups.ts";
import { limitsOff, runJanitor } from "../janitor.ts";
import { row } from "../row.ts";
import { median } from "../statistics.ts";

const fixture: Fixture = { ...fixtures.tenThousand, expired: 9000 };
const pushes = 21;

/** What cleaning is for. */
export const pushing: Figure = {
  name: "pushes",
  method: `One push after the other, checked by the gateway as is its default, before and after \`once\`: medians of ${pushes}.`,
  async *measure({ gateways }) {
    const { before, after } = await gateways.use(fixture, async ({ url }) => {
      const before = await pushSeconds(url);
      await runJanitor(["once", `--gateway=${url}`, `--ttl=${ttl}`, ...limitsOff]);
      // The pushes have made a group of their own.
      await expectGroups(url, fixture.groups - fixture.expired + 1);
      return { before, after: await pushSeconds(url) };
    });
    const value = before / after;
    yield row(
      `a push before vs after deleting ${formatCount(fixture.expired)} of ${formatCount(fixture.groups)} groups`,
      {
        value,
        text: `${formatRatio(value)} times faster (${formatSeconds(before)} before, ${formatSeconds(after)} after)`,
      },
    );
  },
};

async function pushSeconds(url: string): Promise<number> {
  const seconds: number[] = [];
  for (let count = 0; count < pushes; count += 1) {
    const startedAt = performance.now();
    const { status } = await push(url, { job: "pusher" }, `pushed ${count}\n`);
    if (status !== 200) throw new Error(`a push was answered with ${status}`);
    seconds.push((performance.now() - startedAt) / 1000);
  }
  return median(seconds);
}
