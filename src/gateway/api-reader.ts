import { constants } from "node:buffer";

import type { Clock } from "../core/clock.ts";
import { isJsonObject } from "../core/json.ts";
import type { GatewayClient } from "./client.ts";
import { decodeGroup, type DecodeOptions } from "./decode-group.ts";
import { GatewayError } from "./gateway-error.ts";
import { gatewayTimeAtStart } from "./gateway-time.ts";
import { expectFreshSuccess, freshHeaders } from "./read-whole.ts";
import type { OpenSnapshot, ReadGroup } from "./snapshot.ts";
import { parseApiAnswer } from "./status.ts";

/**
 * Opens a snapshot from `GET /api/v1/metrics`: every group with all its metrics, consistent, of the moment when the
 * gateway began with the request. The gateway builds the whole answer before its first byte, in 9 to 20 times the
 * memory, so there is never a second request beside this one, nor a retry of one that timed out.
 * @throws {@link GatewayError}
 */
export async function openApiSnapshot(
  client: GatewayClient,
  clock: Clock,
  options: DecodeOptions & { readonly signal?: AbortSignal | undefined },
): Promise<OpenSnapshot> {
  const path = "/api/v1/metrics";
  const request = { method: "GET", url: client.urlOf(path) };
  const requestedAt = clock.monotonic();
  const localNow = clock.now();
  const { signal } = options;
  const response = await client
    .open({ method: "GET", path, headers: freshHeaders, signal })
    .catch((error: unknown) => {
      throw explainPanic(error, request);
    });
  const elapsedSeconds = clock.monotonic() - requestedAt;
  const time = gatewayTimeAtStart(response.headers.date, elapsedSeconds, localNow);
  await expectFreshSuccess(request, response);
  let sizeBytes = 0;

  async function* readGroups(): AsyncGenerator<ReadGroup> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) {
      sizeBytes += chunk.length;
      if (sizeBytes > constants.MAX_STRING_LENGTH) {
        response.close();
        throw new GatewayError(
          "too_large",
          request,
          "the answer is over 512 MiB, more than this version can read",
        );
      }
      chunks.push(chunk);
    }
    const text = Buffer.concat(chunks).toString("utf8");
    chunks.length = 0;
    yield* decodeGroups(parseApiAnswer(request, text), request, options);
  }

  return {
    request,
    requestedAt,
    takenAt: time.now,
    clockSkewSeconds: time.clockSkewSeconds,
    groups: readGroups(),
    sizeBytes: () => sizeBytes,
  };
}

function* decodeGroups(
  data: unknown,
  request: { method: string; url: string },
  options: DecodeOptions,
): Generator<ReadGroup> {
  if (!Array.isArray(data)) {
    throw new GatewayError(
      "unexpected_answer",
      request,
      "data is not a list of groups; is this a Pushgateway?",
    );
  }
  for (const [index, value] of data.entries()) {
    const group = decodeGroup(value, index, options);
    if (group === null || !isJsonObject(value)) {
      throw new GatewayError("unexpected_answer", request, `the group at data[${index}] cannot be read`);
    }
    yield { group, whole: () => value };
  }
}

/**
 * A push of a family without samples makes every such request panic in the gateway, which closes the connection
 * without an answer until that group is gone (seen on 1.5.1 and 1.11).
 */
function explainPanic(error: unknown, request: { method: string; url: string }): unknown {
  if (!(error instanceof GatewayError) || error.code !== "no_answer") return error;
  return new GatewayError(
    "no_answer",
    request,
    "the gateway closed the connection without an answer; a group may be breaking its API: run `pushgateway-janitor doctor`",
    error.cause,
  );
}
