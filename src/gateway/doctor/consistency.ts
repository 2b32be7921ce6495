import type { ExpositionState } from "../../core/diagnosis.ts";
import type { GatewayClient } from "../client.ts";
import { expectSuccess } from "../expect-success.ts";
import { GatewayError } from "../gateway-error.ts";
import { parseComplaints, type Complaint } from "./complaint.ts";

/** Of the 500's body, which has two lines for every group that does not fit. The next look shows the rest. */
const keptBytes = 8 * 1024 * 1024;

/** What `/metrics` says about everything together. */
export interface Consistency {
  readonly exposition: ExpositionState;
  /** Empty unless it is inconsistent. */
  readonly complaints: readonly Complaint[];
}

/**
 * Asks for the exposition and, if the gateway is inconsistent, why. The groups are not read here.
 * @throws {@link GatewayError} only when interrupted
 */
export async function readConsistency(
  client: GatewayClient,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Consistency> {
  const request = { method: "GET", url: client.urlOf(path) };
  try {
    const headers = { accept: "text/plain;version=0.0.4", "accept-encoding": "gzip" };
    const response = await client.open({ method: "GET", path, headers, signal });
    const { bytes, complete } = await readStart(response.body);
    if (response.status !== 500) {
      expectSuccess(request, { ...response, text: "" });
      return { exposition: { state: "consistent" }, complaints: [] };
    }
    // Not compressed: client_golang takes that back for an error.
    const text = bytes.toString("utf8");
    if (!text.startsWith("An error has occurred while serving metrics")) {
      throw new GatewayError("http_status", request, "HTTP 500, and not because of its metrics");
    }
    const complaints = parseComplaints(text, complete);
    const exposition = { state: "inconsistent", complaints: complaints.length, cutOff: !complete } as const;
    return { exposition, complaints };
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code === "aborted") throw error;
    const fault = { code: error.code, message: error.message };
    return { exposition: { state: "unknown", fault }, complaints: [] };
  }
}

/** Reads to the end, because the gateway has done the work already, but keeps only the start. */
async function readStart(body: AsyncIterable<Uint8Array>): Promise<{ bytes: Buffer; complete: boolean }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    if (size < keptBytes) chunks.push(chunk);
    size += chunk.length;
  }
  return { bytes: Buffer.concat(chunks), complete: size < keptBytes };
}
