import { agreedNow } from "../../core/clocks.ts";
import type { ApiState, Diagnosis, Finding, GatewayFault, Look, Undeletable } from "../../core/diagnosis.ts";
import type { Group } from "../../core/group.ts";
import { labelsKey } from "../../core/labels.ts";
import { explainObstacle } from "../../core/obstacle.ts";
import { openApiSnapshot } from "../api/api-reader.ts";
import type { GatewayClient } from "../client.ts";
import type { PathNaming } from "../group-path.ts";
import { probeHealth } from "../health.ts";
import { collectSnapshot } from "../snapshot.ts";
import { missingApi, readStatus, type GatewayStatus } from "../status.ts";
import { accuseBreaker, closesConnection, toFault, type BreakerOptions } from "./broken-api.ts";
import type { Complaint } from "./complaint.ts";
import { findConflicts } from "./conflicts.ts";
import { readConsistency } from "./consistency.ts";
import { literalGroupPath } from "./culprit.ts";
import { createHolders } from "./holders.ts";

export interface DiagnoseOptions extends BreakerOptions {
  readonly name: string;
  readonly url: string;
  /** Names of gauges whose values the rules need. */
  readonly gauges: ReadonlySet<string>;
}

/**
 * Looks at one gateway: its status, its health, whether it can serve `/metrics`, all groups, and who is in the way.
 * Four or five GETs, one after the other; nothing is changed.
 * @throws `GatewayError` only when interrupted
 */
export async function diagnose(options: DiagnoseOptions): Promise<Diagnosis> {
  const { name, url, client, signal } = options;
  try {
    const status = await readStatus(client, signal);
    const naming = { utf8Names: status.utf8Names };
    const probe = await probeHealth(options.client, options.clock, options.signal);
    const health = { ...probe, healthy: probe.health === "healthy" };
    const { exposition, complaints } = await readConsistency(client, status.expositionPath, signal);
    const { state, look, groups, ...api } = await readApi(options, status, complaints);
    const breaker = state.state === "broken" ? await accuseBreaker(options, status, exposition) : [];
    const findings = [...api.findings, ...breaker].map((finding) => redactEvidence(finding, client.redact));
    const undeletable = findUndeletable(groups, findings, naming, exposition.state === "consistent");
    return {
      name,
      url,
      unreachable: null,
      status,
      health,
      exposition,
      api: state,
      look,
      groups,
      findings,
      undeletable,
    };
  } catch (error) {
    return unreachable(options, toFault(error));
  }
}

function unreachable({ name, url }: DiagnoseOptions, fault: GatewayFault): Diagnosis {
  const unread = { state: "unknown", fault } as const;
  const nothing = { status: null, health: null, look: null, groups: [], findings: [], undeletable: [] };
  return { name, url, unreachable: fault, exposition: unread, api: unread, ...nothing };
}

function findUndeletable(
  groups: readonly Group[],
  findings: readonly Finding[],
  naming: PathNaming,
  consistent: boolean,
): readonly Undeletable[] {
  // The complaints tell the bytes that the API loses: such a group can be deleted after all.
  const going = new Set(
    findings
      .flatMap(({ remedy }) => (remedy.kind === "certain" ? remedy.groups : []))
      .map(({ labels }) => labelsKey(labels)),
  );
  return groups.flatMap((group) => {
    if (going.has(group.key)) return [];
    const why = explainObstacle(group, consistent);
    if (why === null) return [];
    const readable = consistent && group.obstacle === "unaddressable";
    return [{ group, why, path: readable ? literalGroupPath(group.labels, naming) : null }];
  });
}

function redactEvidence({ evidence, ...finding }: Finding, redact: GatewayClient["redact"]): Finding {
  return { ...finding, evidence: redact(evidence) };
}

interface ApiReading {
  readonly state: ApiState;
  readonly look: Look | null;
  readonly groups: readonly Group[];
  readonly findings: readonly Finding[];
}

async function readApi(
  { client, clock, gauges, released, signal }: DiagnoseOptions,
  naming: Pick<GatewayStatus, "hasApi" | "utf8Names">,
  complaints: readonly Complaint[],
): Promise<ApiReading> {
  const holders = createHolders(complaints, naming);
  try {
    if (!naming.hasApi) throw missingApi(client);
    const open = await openApiSnapshot(client, clock, { naming, gauges, wholes: true, signal });
    const { clocks, groups, sizeBytes, durationSeconds } = await collectSnapshot(
      open,
      () => clock.monotonic(),
      (read) => holders.visit(read),
    );
    const look = { takenAt: agreedNow(clocks), groups: groups.length, sizeBytes, durationSeconds };
    return {
      state: { state: "answers" },
      look,
      groups,
      findings: findConflicts(complaints, holders, naming, released),
    };
  } catch (error) {
    const fault = toFault(error);
    const broken = fault.code === "no_answer" && (await closesConnection(client, signal));
    // What the bodies of both errors say can still name somebody; what was half read cannot.
    const findings = findConflicts(complaints, createHolders(complaints, naming), naming, released);
    return { state: { state: broken ? "broken" : "unknown", fault }, look: null, groups: [], findings };
  }
}
