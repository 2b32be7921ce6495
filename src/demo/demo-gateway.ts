import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A group that was pushed to. Times are Unix seconds; a fail time of 0: no push failed. */
export interface DemoGroup {
  readonly labels: Readonly<Record<string, string>>;
  readonly pushTime: number;
  readonly failTime: number;
}

/** Started long before the groups were pushed: after a restart, the outage does not count towards a group's age. */
const uptimeSeconds = 365 * 86_400;

/**
 * A stand-in for a Pushgateway on a free port of 127.0.0.1: as much of one as a sweep reads, DELETE, and pushes, whose
 * metrics it ignores: every group holds the same.
 * @param now its clock, Unix seconds
 */
export async function startDemoGateway(
  now: () => number,
  seeds: readonly DemoGroup[],
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const groups = new Map(seeds.map((group) => [keyOf(Object.entries(group.labels)), group]));
  const startedAt = now() - uptimeSeconds;
  let requests = 0;
  let deletions = 0;

  /** A sweep recognises the process by these, and sees that its DELETEs arrive. */
  const ownSamples = (): readonly string[] => [
    `go_memstats_mallocs_total ${requests}`,
    `process_start_time_seconds ${startedAt}`,
    "pushgateway_build_info 1",
    `pushgateway_http_requests_total{code="202",handler="delete",method="delete"} ${deletions}`,
  ];

  /** null: there is no such page. */
  function page(path: string): string | null {
    switch (path) {
      case "/-/healthy":
        return "OK";
      case "/api/v1/status":
        return apiAnswer({ start_time: timestamp(startedAt) });
      case "/api/v1/metrics":
        return apiAnswer(Array.from(groups.values(), renderGroup));
      case "/metrics":
        return renderExposition([...groups.values()], ownSamples());
      default:
        return null;
    }
  }

  /** @returns the HTTP status */
  function change(method: string, path: string): number {
    const labels = parseGroupPath(path);
    if (labels === null) return 400;
    if (method === "DELETE") {
      groups.delete(keyOf(labels));
      deletions += 1;
      return 202;
    }
    groups.set(keyOf(labels), { labels: Object.fromEntries(labels), pushTime: now(), failTime: 0 });
    return 200;
  }

  function answer({ method = "GET", url = "" }: IncomingMessage, response: ServerResponse): void {
    requests += 1;
    response.setHeader("Date", new Date(now() * 1000).toUTCString());
    const path = url.replace(/\?.*/s, "");
    if (method !== "GET") {
      response.writeHead(change(method, path)).end();
      return;
    }
    const body = page(path);
    response.writeHead(body === null ? 404 : 200).end(body);
  }

  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function keyOf(labels: readonly (readonly [name: string, value: string])[]): string {
  return JSON.stringify(labels.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Labels of `/metrics/job/batch/path@base64/Li4`; null: no group's path. */
function parseGroupPath(path: string): readonly (readonly [name: string, value: string])[] | null {
  const [, metrics, ...parts] = path.split("/");
  if (metrics !== "metrics" || parts.length === 0 || parts.length % 2 !== 0) return null;
  const labels: [name: string, value: string][] = [];
  for (let index = 0; index < parts.length; index += 2) {
    const [name = "", value = ""] = parts.slice(index, index + 2);
    const plainName = name.replace(/@base64$/, "");
    labels.push([plainName, plainName === name ? value : Buffer.from(value, "base64url").toString()]);
  }
  return labels;
}

type Gauge = readonly [name: string, value: number, pushedAt: number];

/** The gauges of a group: one of the job, and the gateway's own two. */
function gaugesOf({ pushTime, failTime }: DemoGroup): readonly Gauge[] {
  return [
    ["job_last_duration_seconds", 12.5, pushTime],
    ["push_failure_time_seconds", failTime, failTime || pushTime],
    ["push_time_seconds", pushTime, pushTime],
  ];
}

/** As a gateway does, which adds `instance=""` to the series of a group without an instance. */
function seriesLabels({ labels }: DemoGroup): DemoGroup["labels"] {
  return { instance: "", ...labels };
}

function renderGroup(group: DemoGroup): object {
  const families = gaugesOf(group).map(([name, value, pushedAt]) => {
    const metrics = [{ labels: seriesLabels(group), value: String(value) }];
    return [name, { time_stamp: timestamp(pushedAt), type: "GAUGE", metrics }];
  });
  const isSuccessful = group.failTime <= group.pushTime;
  return { labels: group.labels, last_push_successful: isSuccessful, ...Object.fromEntries(families) };
}

/** @param own the gateway's own samples */
function renderExposition(groups: readonly DemoGroup[], own: readonly string[]): string {
  const samples = groups.flatMap((group) => {
    const pairs = Object.entries(seriesLabels(group)).map(
      ([name, value]) => `${name}=${JSON.stringify(value)}`,
    );
    return gaugesOf(group).map(([name, value]) => `${name}{${pairs.join(",")}} ${value}\n`);
  });
  // Sorted, because readers rely on it: the last family shows that nothing was cut off.
  return [...samples, ...own.map((line) => `${line}\n`)].toSorted().join("");
}

function apiAnswer(data: unknown): string {
  return JSON.stringify({ status: "success", data });
}

function timestamp(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString();
}
