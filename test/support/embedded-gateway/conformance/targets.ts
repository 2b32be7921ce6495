/**
 * The gateways of the conformance tests: one set of rules for the real ones and the embedded one, so that what the fast
 * tests take for the Pushgateway's behaviour is the Pushgateway's behaviour.
 */
import { onTestFinished } from "vitest";
import { startEmbeddedGateway } from "../embedded-gateway.ts";
import { getJson } from "../../http.ts";
import { installedGateways, startPushgateway } from "../../pushgateway.ts";
import type { SeedGroup } from "../../state-file.ts";

export interface StartOptions {
  readonly groups?: readonly SeedGroup[];
  readonly checkConsistency?: boolean;
  readonly utf8Names?: boolean;
  readonly routePrefix?: string;
}

/** A gateway that the conformance tests run against, and what it can do. */
export interface Target {
  readonly name: string;
  /** `--push.enable-utf8-names`, since 1.10. */
  readonly utf8Names: boolean;
  /** What it answers when it refuses a push: 400, or 0 for a closed connection. */
  readonly refusal: 400 | 0;
  /** Starts one for the current test. */
  readonly start: (options?: StartOptions) => Promise<{ readonly url: string }>;
}

const embedded: Target = {
  name: "embedded",
  utf8Names: true,
  refusal: 400,
  async start(options = {}) {
    const gateway = await startEmbeddedGateway(options);
    onTestFinished(() => gateway.close());
    return gateway;
  },
};

const real: readonly Target[] = installedGateways.map((gateway) => ({
  name: gateway.name,
  utf8Names: gateway.version.localeCompare("1.10.0", "en", { numeric: true }) >= 0,
  // Debian's build of 1.11.0 panics when it logs the refusal (promslog cannot take an attribute called "source").
  refusal: gateway.version === "1.11.0" ? 0 : 400,
  async start({ groups, checkConsistency = true, utf8Names = false, routePrefix } = {}) {
    const flags = [
      ...(checkConsistency ? [] : ["--push.disable-consistency-check"]),
      ...(utf8Names ? ["--push.enable-utf8-names"] : []),
    ];
    const started = await startPushgateway({
      gateway,
      flags,
      ...(groups && { groups }),
      ...(routePrefix && { routePrefix }),
    });
    onTestFinished(() => started.stop());
    return started;
  },
}));

export const targets: readonly Target[] = [embedded, ...real];

export const utf8Targets = targets.filter((target) => target.utf8Names);

export interface ApiSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value?: string;
}

/** The parts of a group in the API's answer on which the tests look. */
export interface ApiGroup {
  readonly labels: Readonly<Record<string, string>>;
  readonly last_push_successful: boolean;
  readonly push_time_seconds: { readonly time_stamp: string; readonly metrics: readonly ApiSample[] };
  readonly push_failure_time_seconds: { readonly time_stamp: string; readonly metrics: readonly ApiSample[] };
  readonly [family: string]: unknown;
}

export async function readGroups(url: string): Promise<readonly ApiGroup[]> {
  const { status, data } = await getJson<{ status: string; data: readonly ApiGroup[] }>(
    url,
    "/api/v1/metrics",
  );
  if (status !== "success") throw new Error(`GET ${url}/api/v1/metrics: status ${status}`);
  return data;
}

/** The group with exactly these labels. */
export async function readGroup(url: string, labels: ApiGroup["labels"]): Promise<ApiGroup | undefined> {
  const wanted = canonical(labels);
  return (await readGroups(url)).find((group) => canonical(group.labels) === wanted);
}

/** The labels of all groups, in a fixed order. */
export async function readLabels(url: string): Promise<readonly ApiGroup["labels"][]> {
  const labels = (await readGroups(url)).map((group) => group.labels);
  return labels.toSorted((a, b) => (canonical(a) < canonical(b) ? -1 : 1));
}

function canonical(labels: ApiGroup["labels"]): string {
  const pairs = Object.entries(labels).toSorted(([a], [b]) => a.localeCompare(b));
  return pairs.flat().join("\0");
}

export function pushTime(group: ApiGroup | undefined): number {
  return Number(group?.push_time_seconds.metrics[0]?.value);
}

export function failureTime(group: ApiGroup | undefined): number {
  return Number(group?.push_failure_time_seconds.metrics[0]?.value);
}
