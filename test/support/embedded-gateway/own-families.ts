import type { Family } from "./family.ts";

/** The few of a gateway's own families that others rely on: who answers, and since when. */
export function ownFamilies(version: string, startedAt: number): readonly Family[] {
  const build = { branch: "embedded", goversion: "none", revision: "embedded", version };
  return [
    gauge(
      "process_start_time_seconds",
      "Start time of the process since unix epoch in seconds.",
      {},
      startedAt,
    ),
    gauge("pushgateway_build_info", "A metric with a constant '1' value, labeled by the build.", build, 1),
  ];
}

function gauge(name: string, help: string, labels: Readonly<Record<string, string>>, value: number): Family {
  return { name, help, type: "gauge", samples: [{ type: "gauge", labels: Object.entries(labels), value }] };
}
