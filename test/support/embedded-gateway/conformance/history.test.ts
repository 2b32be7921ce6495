import * as fc from "fast-check";
import { expect, test } from "vitest";
import { send, type HttpRequest } from "../../http.ts";
import { deleteGroup, groupPath, push } from "../../push.ts";
import { failureTime, pushTime, readGroups, targets, type ApiGroup } from "./targets.ts";

/** Few, so that a history comes back to the same group; some name the same series. */
const labels = fc.constantFrom<Readonly<Record<string, string>>>(
  { job: "a" },
  { job: "a" },
  { job: "a", instance: "" },
  { job: "a", instance: "i" },
  { job: "a", x: ".." },
  { job: "a/b ж", x: "", constructor: "c" },
);

const body = fc
  .array(
    fc.constantFrom(
      "x 1\n",
      "x 1e7\n",
      'x{y="z"} -0.5\n',
      'x{job="stolen",instance="own"} NaN\n',
      "# TYPE x gauge\nx 2\n",
      "# HELP y Why?\n# TYPE y histogram\ny_count 3\ny_sum 1.5\n",
      "y_count 1\n",
      '# TYPE s summary\ns{quantile="0.5"} 1\ns_count 2\n',
      "# TYPE push_failure_time_seconds gauge\npush_failure_time_seconds 99999999999\n",
      "push_time_seconds 5\n",
      "labels 1\n",
      "z 1 1600000000000\n",
      "broken\n",
    ),
    { maxLength: 3 },
  )
  .map((parts) => parts.join(""));

const step = fc.record({ method: fc.constantFrom("PUT", "POST", "PUT", "POST", "DELETE"), labels, body });

/** What two gateways must have in common: everything but the moments themselves. */
function withoutTimes(groups: readonly ApiGroup[]) {
  const normal = groups.map((group) => {
    const [pushed, failed] = [pushTime(group), failureTime(group)];
    const times = { pushed: pushed > 0, failed: failed > 1e10 ? failed : failed > 0 };
    const families = Object.entries(group).filter(([name]) => !/^push_(failure_)?time_seconds$/.test(name));
    return JSON.stringify([families, times], (key, value: unknown) => (key === "time_stamp" ? null : value));
  });
  return normal.toSorted();
}

const [embedded, ...real] = targets;

// On the way the gateways become inconsistent, and some become consistent again.
test.each(real)("any history leaves $name and the embedded gateway alike", async ({ start }) => {
  const urls = [(await embedded!.start()).url, (await start()).url];
  const property = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
    try {
      for (const { method, labels, body } of steps) {
        const request = { method, path: groupPath(labels), body: method === "DELETE" ? "" : body };
        const [mine, theirs] = await Promise.all(urls.map((url) => sendAndRead(url, request)));
        expect(mine).toEqual(theirs);
      }
    } finally {
      for (const { labels } of steps) await Promise.all(urls.map((url) => deleteGroup(url, labels)));
    }
  });
  await fc.assert(property, { numRuns: 40 });
});

async function sendAndRead(url: string, request: HttpRequest) {
  const status = await statusOf(url, request);
  // A deletion is only queued when it is answered; a push waits for its turn in the same queue.
  await push(url, { job: "later" });
  return {
    request,
    status,
    groups: withoutTimes(await readGroups(url)),
    scrape: await statusOf(url, { path: "/metrics" }),
  };
}

/** A connection that was closed without a response means refused, as 400 does. */
async function statusOf(url: string, request: HttpRequest): Promise<number> {
  return send(url, request).then(
    ({ status }) => status,
    () => 400,
  );
}
