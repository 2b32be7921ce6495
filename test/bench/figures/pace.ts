import { agreedNow } from "../../../src/core/time.ts";
import { isDeletion } from "../../../src/core/decide.ts";
import { createPlan } from "../../../src/core/plan.ts";
import { collectSnapshot } from "../../../src/gateway/snapshot.ts";
import { sweepGateway } from "../../../src/sweep/sweep.ts";
import { limits, ttlRule } from "../../support/core-values.ts";
import type { Pushgateway } from "../../support/pushgateway.ts";
import { push } from "../../support/push.ts";
import { gatewayAt, sweepContext } from "../../support/sweep-context.ts";
import type { Bench, Figure } from "../bench.ts";
import { fixtures, type Fixture } from "../fixture.ts";
import { formatCount } from "../format.ts";
import { atMost, CommandFailed, measureRow, type Measured, type Target } from "../row.ts";

const fixture: Fixture = { ...fixtures.tenThousand, expired: 5000 };
const pushers = 16;
const probeEveryMs = 20;
const healthy: Target = { ...atMost(0, ""), text: "no failed probe" };

/** What deletions do to a gateway that is being pushed to. */
export const pace: Figure = {
  name: "pace",
  method: `One run each, beside jobs that push in a row (checked) and a health probe every ${probeEveryMs} ms. Bare loop: one connection, no read of the gateway.`,
  async *measure(bench) {
    const title = `deleting ${formatCount(fixture.expired)} of ${formatCount(fixture.groups)} groups`;
    const beside = `${title}, ${pushers} jobs pushing`;
    const run = (pushersBeside: number, work: Work) => () => measure(bench, pushersBeside, work);
    yield await measureRow(`${beside}, bare loop`, null, run(pushers, unpaced));
    for (const ceiling of [200, 5000]) {
      yield await measureRow(
        `${beside}, janitor at ${formatCount(ceiling)}/s`,
        healthy,
        run(pushers, janitor(ceiling)),
      );
    }
    yield await measureRow(`${title}, nobody pushing, janitor at 5,000/s`, healthy, run(0, janitor(5000)));
  },
};

/** Deletes what has expired, and tells how many groups that were. */
type Work = (gateway: Pushgateway) => Promise<number>;

/** Runs `work` while checked pushes and health probes go on beside, and counts both. */
function measure({ gateways }: Bench, pushersBeside: number, work: Work): Promise<Measured> {
  return gateways.use(fixture, async (gateway) => {
    const over = new AbortController();
    let pushes = 0;
    let probes = 0;
    let failed = 0;
    const client = gatewayAt(gateway.url);
    const beside = Array.from({ length: pushersBeside }, async (_, index) => {
      while (!over.signal.aborted) {
        // One that takes too long is what the gateway does to its pushers, and no reason to stop measuring.
        const answered = await push(
          gateway.url,
          { job: "living", instance: `pusher-${index}` },
          "beside 1\n",
        ).then(
          () => true,
          () => false,
        );
        if (answered) pushes += 1;
      }
    });
    const probing = (async () => {
      while (!over.signal.aborted) {
        const isHealthy = (await client.probeHealth()).health === "healthy";
        probes += 1;
        if (!isHealthy) failed += 1;
        await new Promise((resolve) => setTimeout(resolve, probeEveryMs));
      }
    })();
    const startedAt = performance.now();
    const deleted = await work(gateway);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    over.abort();
    await Promise.all([...beside, probing]);
    await client.close();
    if (deleted !== fixture.expired) throw new CommandFailed(`${deleted} groups deleted after ${seconds} s`);
    const counts = [failed, probes, pushes].map(formatCount);
    return {
      value: failed,
      text: `${seconds} s, ${counts[0]} of ${counts[1]} health probes failed, ${counts[2]} pushes made`,
    };
  });
}

/** A whole sweep with this ceiling. */
function janitor(deletesPerSecond: number): Work {
  return async ({ url }) => {
    const gateway = gatewayAt(url);
    const report = await sweepGateway(sweepContext(gateway), {
      rules: [ttlRule(86_400)],
      limits: limits({ deletesPerSecond }),
      dryRun: false,
    });
    await gateway.close();
    if (report.error !== null) throw new CommandFailed(report.error.message);
    return report.entries.filter(({ outcome }) => outcome === "gone").length;
  };
}

/** The same deletions as fast as they go, on one connection, without any read. */
async function unpaced({ url }: Pushgateway): Promise<number> {
  const gateway = gatewayAt(url);
  const naming = { utf8Names: false };
  const open = await gateway.openSnapshot({ naming, gauges: new Set() });
  const snapshot = await collectSnapshot(open, () => 0);
  const plan = createPlan({
    groups: snapshot.groups,
    now: agreedNow(snapshot.clocks),
    gatewayStartedAt: null,
    rules: [ttlRule(86_400)],
    limits: limits(),
  });
  const deletions = plan.decisions.filter(isDeletion);
  for (const { group } of deletions) await gateway.deleteGroup(group, naming).catch(() => {});
  await gateway.close();
  return deletions.length;
}
