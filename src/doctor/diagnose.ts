import { agreedNow } from "../core/time.ts";
import type { Group } from "../core/group.ts";
import { labelsKey } from "../core/labels.ts";
import { openApiSnapshot } from "../gateway/api/api-reader.ts";
import { type HttpClient, readStart } from "../http/client.ts";
import { expectSuccess } from "../http/expect-success.ts";
import { expositionHeaders } from "../gateway/exposition/read-samples.ts";
import { RequestError } from "../http/request-error.ts";
import type { PathNaming } from "../gateway/group-path.ts";
import { probeHealth } from "../gateway/pace.ts";
import { collectSnapshot } from "../gateway/snapshot.ts";
import { missingApi, readStatus, type GatewayInfo } from "../gateway/status.ts";
import { closesConnection, findBreaker, toFault } from "./broken-api.ts";
import { parseComplaints, type Complaint } from "./complaints.ts";
import { createHolders, findConflicts } from "./conflicts.ts";
import { rawGroupPath } from "./culprit.ts";
import {
  certainCulprits,
  type DiagnoseOptions,
  type Diagnosis,
  type Finding,
  type Undeletable,
} from "./diagnosis.ts";

/**
 * Examines one gateway: its status, its health, whether it can serve `/metrics`, all groups, and which of them cause
 * trouble. Four or five GETs, one after the other; nothing is changed.
 * @throws `RequestError` only when interrupted
 */
export async function diagnose(options: DiagnoseOptions): Promise<Diagnosis> {
  const { name, url, client, clock, signal } = options;
  try {
    const status = await readStatus(client, signal);
    const naming = { utf8Names: status.utf8Names };
    const health = await probeHealth(client, clock, signal);
    const { exposition, complaints } = await checkExposition(client, status.expositionPath, signal);
    const { api, snapshot, groups, findings: conflicts } = await readApi(options, status, complaints);
    const breaker = api.state === "broken" ? [await findBreaker(options, status, exposition)] : [];
    const redact = ({ evidence, ...finding }: Finding): Finding => {
      return { ...finding, evidence: client.redact(evidence) };
    };
    const findings = [...conflicts, ...breaker].map(redact);
    return {
      name,
      url,
      unreachable: null,
      status,
      health,
      exposition,
      api,
      snapshot,
      groups,
      findings,
      undeletable: findUndeletable(groups, findings, naming, exposition.state === "consistent"),
    };
  } catch (error) {
    const fault = toFault(error);
    const unread = { state: "unknown", fault } as const;
    const nothing = { status: null, health: null, snapshot: null, groups: [], findings: [], undeletable: [] };
    return { name, url, unreachable: fault, exposition: unread, api: unread, ...nothing };
  }
}

function findUndeletable(
  groups: readonly Group[],
  findings: readonly Finding[],
  naming: PathNaming,
  consistent: boolean,
): readonly Undeletable[] {
  // The complaints have the bytes that the API loses: such a group can be deleted after all.
  const deletable = new Set(certainCulprits(findings).map(({ labels }) => labelsKey(labels)));
  return groups.flatMap((group) => {
    if (deletable.has(group.key)) return [];
    const why = explainObstacle(group, consistent);
    if (why === null) return [];
    // On a consistent gateway U+FFFD was pushed like that.
    const isLiteral = consistent && group.obstacle === "unaddressable";
    const raw = new Map([...group.labels].map(([label, value]) => [label, Buffer.from(value)] as const));
    return [{ group, why, path: isLiteral ? rawGroupPath(raw, naming) : null }];
  });
}

/**
 * Says why the janitor cannot delete this group; null if it can.
 * @param consistent whether the gateway can serve `/metrics`, which it could not with a value that is not UTF-8
 */
function explainObstacle({ obstacle, labels }: Group, consistent: boolean): string | null {
  if (obstacle === null) return null;
  if (obstacle === "unreadable_labels") {
    return "it holds a metric called `labels`, which hides the group's own labels in the API";
  }
  if (obstacle === "over_budget") return "it is larger than the janitor can keep in memory";
  if ((labels.get("job") ?? "") === "")
    return "it has no job, and the gateway refuses every path without one";
  for (const [name, value] of labels) {
    if (name.startsWith("__")) return `its label ${name} begins with __, and the gateway refuses such a path`;
    if (value.includes("\uFFFD")) {
      return consistent
        ? `its label ${name} holds U+FFFD, which may replace bytes that the API lost; as this gateway is consistent, it does not`
        : `its label ${name} holds U+FFFD, which the API shows in place of bytes that are not UTF-8`;
    }
  }
  return "a label has a name that cannot be part of a path";
}

/** Of the body of a 500. It has two lines for every conflicting group; the next diagnosis shows the rest. */
const keptBytes = 8 * 1024 * 1024;

interface ExpositionCheck extends Pick<Diagnosis, "exposition"> {
  /** Empty unless it is inconsistent. */
  readonly complaints: readonly Complaint[];
}

/**
 * Requests the exposition for its status; the body of a 500 says why the gateway is inconsistent.
 * @throws `RequestError` only when interrupted
 */
async function checkExposition(
  client: HttpClient,
  path: string,
  signal: AbortSignal,
): Promise<ExpositionCheck> {
  try {
    const response = await client.open({ method: "GET", path, headers: expositionHeaders, signal });
    // To its end, because the gateway has done the work already.
    const { bytes, isComplete } = await readStart(response.body, keptBytes, "drop");
    if (response.status !== 500) {
      expectSuccess({ ...response, text: "" });
      return { exposition: { state: "consistent" }, complaints: [] };
    }
    // Never compressed: client_golang removes the Content-Encoding of an error.
    const text = bytes.toString("utf8");
    if (!text.startsWith("An error has occurred while serving metrics")) {
      throw new RequestError("http_status", response.approach, "HTTP 500, and not because of its metrics");
    }
    const complaints = parseComplaints(text, isComplete);
    const exposition = { state: "inconsistent", complaints: complaints.length, cutOff: !isComplete } as const;
    return { exposition, complaints };
  } catch (error) {
    return { exposition: { state: "unknown", fault: toFault(error) }, complaints: [] };
  }
}

async function readApi(
  { client, clock, gauges, signal }: DiagnoseOptions,
  naming: Pick<GatewayInfo, "hasApi" | "utf8Names">,
  complaints: readonly Complaint[],
): Promise<Pick<Diagnosis, "api" | "snapshot" | "groups" | "findings">> {
  const holders = createHolders(complaints, naming);
  try {
    if (!naming.hasApi) throw missingApi(client);
    const open = await openApiSnapshot(client, clock, { naming, gauges, signal });
    const { clocks, groups, sizeBytes, durationSeconds } = await collectSnapshot(
      open,
      () => clock.monotonic(),
      (read) => holders.visit(read),
    );
    return {
      api: { state: "answers" },
      snapshot: { takenAt: agreedNow(clocks), groups: groups.length, sizeBytes, durationSeconds },
      groups,
      findings: findConflicts(complaints, holders, naming),
    };
  } catch (error) {
    const fault = toFault(error);
    const broken = fault.code === "no_answer" && (await closesConnection(client, signal));
    // The complaints alone can still name some groups; a snapshot that ended early cannot.
    const findings = findConflicts(complaints, createHolders(complaints, naming), naming);
    return { api: { state: broken ? "broken" : "unknown", fault }, snapshot: null, groups: [], findings };
  }
}
