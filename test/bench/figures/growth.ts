import type { Bench, Figure } from "../bench.ts";
import { describeFixture, fixtures, type Fixture } from "../fixture.ts";
import { formatSeconds } from "../format.ts";
import { expectGroups } from "../gateway-groups.ts";
import { configFlag, limitsOff, usageOf } from "../janitor.ts";
import { cpuSeconds } from "../proc.ts";
import { row } from "../row.ts";
import { medianOf } from "../statistics.ts";

const rounds = 3;
const expiredShare = 0.05;

/** What sweeps cost both sides as a gateway grows. */
export const growth: Figure = {
  name: "growth",
  method:
    "Processor time (user and system) of janitor and gateway per `once` with `source: auto`: medians of " +
    `${rounds} in a row that find nothing expired, and of ${rounds} that each delete ${expiredShare * 100} % of a fresh gateway's groups, ` +
    "limits off. Every minute: the gateway's time of the former in 60 s.",
  async *measure(bench) {
    const { thousand, tenThousand, hundredThousand } = fixtures;
    for (const fixture of [thousand, tenThousand, ...(bench.large ? [hundredThousand] : [])]) {
      const idle = await sweeps(bench, fixture, rounds);
      const { own, gateway } = costs(idle);
      const percent = ((gateway / 60) * 100).toFixed(2);
      const everyMinute = `every minute: ${percent} % of the gateway's core`;
      yield row(`a sweep of ${describeFixture(fixture)}, nothing expired`, {
        value: gateway,
        text: `janitor ${formatSeconds(own)}, gateway ${formatSeconds(gateway)}; ${everyMinute}`,
      });
      const deleting: Cost[] = [];
      for (let round = 0; round < rounds; round += 1) {
        deleting.push(...(await sweeps(bench, { ...fixture, expired: fixture.groups * expiredShare }, 1)));
      }
      const { own: ownDeleting, gateway: gatewayDeleting } = costs(deleting);
      yield row(`a sweep of ${describeFixture(fixture)}, 5 % deleted`, {
        value: gatewayDeleting,
        text: `janitor ${formatSeconds(ownDeleting)}, gateway ${formatSeconds(gatewayDeleting)}`,
      });
    }
  },
};

/** Processor time of one sweep, in seconds. */
interface Cost {
  readonly own: number;
  readonly gateway: number;
}

function costs(samples: readonly Cost[]): Cost {
  return { own: medianOf(samples, ({ own }) => own), gateway: medianOf(samples, ({ gateway }) => gateway) };
}

/** The same gateway, swept `count` times after a first read, which makes its heap grow. */
function sweeps({ folder, gateways }: Bench, fixture: Fixture, count: number): Promise<readonly Cost[]> {
  return gateways.use(fixture, async ({ url, pid }) => {
    const config = configFlag(folder, url, "auto");
    await usageOf(["report", config]);
    const samples: Cost[] = [];
    for (let done = 0; done < count; done += 1) {
      const before = cpuSeconds(pid);
      const { cpuSeconds: own } = await usageOf(["once", config, ...limitsOff]);
      samples.push({ own, gateway: cpuSeconds(pid) - before });
    }
    await expectGroups(url, fixture.groups - fixture.expired);
    return samples;
  });
}
