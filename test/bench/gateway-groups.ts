import { setTimeout as wait } from "node:timers/promises";

import { getJson } from "../support/http.ts";
import { CommandFailed } from "./row.ts";

/** A gateway answers before it deletes; its queue is short. */
const patienceMs = 10_000;
const pollEveryMs = 100;

/**
 * Waits until the gateway has so many groups: what is compared must have done the same work.
 * @throws {@link CommandFailed} if it does not come to that
 */
export async function expectGroups(url: string, count: number): Promise<void> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const { data } = await getJson<{ data: readonly unknown[] }>(url, "/api/v1/metrics");
    if (data.length === count) return;
    if (performance.now() > until) {
      throw new CommandFailed(`the gateway has ${data.length} groups afterwards instead of ${count}`);
    }
    await wait(pollEveryMs);
  }
}
