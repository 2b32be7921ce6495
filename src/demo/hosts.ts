import type { DemoGroup } from "./demo-gateway.ts";

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** The rules that the demo sweeps by, as a janitor.yml. */
export function demoConfig(gatewayUrl: string): string {
  return `pushgateways:
  - name: demo
    url: ${gatewayUrl}
rules:                                # the first match wins
  - name: keep-billing
    matchers: ['job="billing"']
    action: keep
  - name: ci
    matchers: ['job="ci"', 'instance=~"runner-[0-9]+"']
    ttl: 2h
  - name: nightly
    matchers: ['job=~"nightly_.*"']
    ttl: 1w
    keep_latest: { count: 1, by: [job] }
  - name: everything-else
    matchers: []
    ttl: 30d
`;
}

/** Living, failing and vanished hosts and jobs, as a gateway accumulates them. `now` in Unix seconds. */
export function demoGroups(now: number): readonly DemoGroup[] {
  const pushed = (labels: Record<string, string>, ageSeconds: number, failedAgo?: number): DemoGroup => ({
    labels,
    pushTime: now - ageSeconds,
    failTime: failedAgo === undefined ? 0 : now - failedAgo,
  });
  return [
    pushed({ job: "batch", instance: "web-1" }, 4.5 * minute),
    pushed({ job: "batch", instance: "web-2" }, 11.6 * minute),
    pushed({ job: "batch", instance: "web-3" }, 26.3 * minute),
    // Its pushes are refused since last week, but it is alive.
    pushed({ job: "batch", instance: "web-4" }, 40 * day, 2.4 * minute),
    // Vanished with the old data centre.
    pushed({ job: "batch", instance: "old-1" }, 62.2 * day),
    pushed({ job: "batch", instance: "old-2" }, 61.4 * day),
    pushed({ job: "ci", instance: "runner-7" }, 35.8 * minute),
    pushed({ job: "ci", instance: "runner-3" }, 9.3 * hour),
    pushed({ job: "ci", instance: "runner-4" }, 3.3 * day),
    pushed({ job: "nightly_backup", instance: "db-1" }, 9.4 * day),
    pushed({ job: "nightly_backup", instance: "db-2" }, 20.4 * day),
    pushed({ job: "billing" }, 200.5 * day),
    // A value that a naive cleaner's URL would fold into the group {job="batch"}.
    pushed({ job: "batch", path: ".." }, 45.7 * day),
    pushed({ job: "batch" }, 8.2 * minute),
  ];
}
