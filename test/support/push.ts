import { getJson, send } from "./http.ts";
import { bytesField, delimited, doubleField, sintField, uintField } from "./protobuf.ts";

export { getJson, getText } from "./http.ts";

/** Label values may be raw bytes: the gateway also stores what is not UTF-8. */
export type PushLabels = Readonly<Record<string, string | Uint8Array>>;

export interface PushOptions {
  /** PUT (default) replaces the group, POST replaces the families of the body, DELETE deletes the group. */
  readonly method?: "PUT" | "POST" | "DELETE";
  readonly contentType?: string;
}

export interface PushResult {
  /** 0: the connection was closed without a response. Debian's 1.11.0 does that to every push it refuses. */
  readonly status: number;
  readonly body: string;
}

const DELIMITED_PROTOBUF =
  "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/** The path of a group. Written apart from the janitor's own, so that the tests do not repeat its mistakes. */
export function groupPath(labels: PushLabels): string {
  const { job = "", ...others } = labels;
  const parts = [["job", job] as const, ...Object.entries(others)];
  return `/metrics${parts.map(([name, value]) => segment(name, value)).join("")}`;
}

function segment(name: string, value: string | Uint8Array): string {
  if (typeof value === "string" && /^\w[\w.:-]*$/.test(value)) return `/${name}/${value}`;
  return `/${name}@base64/${Buffer.from(value as string).toString("base64url") || "="}`;
}

/** Pushes `body` (the text format, without `contentType`) to the group of these labels. Names go out verbatim. */
export async function push(
  url: string,
  labels: PushLabels,
  body: string | Uint8Array = "",
  { method = "PUT", contentType }: PushOptions = {},
): Promise<PushResult> {
  const headers = contentType === undefined ? {} : { "content-type": contentType };
  try {
    const response = await send(url, { method, path: groupPath(labels), headers, body });
    return { status: response.status, body: response.body };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ECONNRESET") return { status: 0, body: "" };
    throw error;
  }
}

/**
 * Deletes the group of these labels, past everything the janitor does to be careful. A real gateway answers before it
 * deletes: wait for the effect by `expect.poll`, or push something, which waits in the same queue.
 */
export function deleteGroup(url: string, labels: PushLabels): Promise<PushResult> {
  return push(url, labels, "", { method: "DELETE" });
}

/** Pushes one encoded `MetricFamily`. */
export function pushFamily(
  url: string,
  labels: PushLabels,
  family: Uint8Array,
  method: "PUT" | "POST" = "POST",
) {
  return push(url, labels, delimited(family), { method, contentType: DELIMITED_PROTOBUF });
}

/**
 * Stores a family without samples. With the default name every GET /api/v1/metrics then ends without a response,
 * until the group is deleted. The first push of a group sets both push times, so the forgery takes a second one.
 */
export async function emptyFamilyPush(
  url: string,
  labels: PushLabels,
  familyName = "push_failure_time_seconds",
) {
  const family = Buffer.concat([bytesField(1, familyName), uintField(3, 1)]);
  await push(url, labels, "", { method: "POST" });
  return pushFamily(url, labels, family);
}

/** Pushes a native histogram: 1, 3 and 2 observations in three adjacent buckets of schema 0 (powers of two). */
export function nativeHistogramPush(url: string, labels: PushLabels, familyName = "native_histogram") {
  const histogram = Buffer.concat([
    uintField(1, 6),
    doubleField(2, 14.5),
    sintField(5, 0),
    doubleField(6, 0.001),
    uintField(7, 0),
    bytesField(12, Buffer.concat([sintField(1, 0), uintField(2, 3)])),
    sintField(13, 1),
    sintField(13, 2),
    sintField(13, -1),
  ]);
  const family = Buffer.concat([
    bytesField(1, familyName),
    uintField(3, 4),
    bytesField(4, bytesField(7, histogram)),
  ]);
  return pushFamily(url, labels, family);
}

/** The job of each group on a gateway, in the order of the alphabet. */
export async function jobsOn(url: string): Promise<readonly string[]> {
  const { data } = await getJson<{ data: { labels: { job: string } }[] }>(url, "/api/v1/metrics");
  return data.map(({ labels }) => labels.job).toSorted();
}

/** The labels of each group on a gateway as JSON, in the order of the alphabet. */
export async function groupsOn(url: string): Promise<readonly string[]> {
  const { data } = await getJson<{ data: { labels: object }[] }>(url, "/api/v1/metrics");
  return data.map(({ labels }) => JSON.stringify(labels)).toSorted();
}
