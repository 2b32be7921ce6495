import { maxPipelined } from "../http/route.ts";
import type { HttpClient } from "../http/client.ts";
import { expectSuccess } from "../http/expect-success.ts";
import { RequestError } from "../http/request-error.ts";

/** A DELETE only queues; one that takes this long hangs, as on gateways up to 1.6 after a malformed request by anybody. */
const deleteTimeoutSeconds = 10;

/** How many DELETEs may wait for their answers at once. */
export const maxDeletionsUnderWay = maxPipelined;

export interface DeleteOptions {
  /** Of the gateway, for each of them. */
  readonly timeoutSeconds?: number;
  /** Asked for each path right before its request is written; see `ClientRequest.maySend`. */
  readonly maySend?: () => boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks for the deletion of what is at these paths, one after the other. Each request is sent at most once. Resolved means
 * queued.
 * @throws {@link RequestError}; `NotSent` if `maySend` said no
 */
export async function deletePaths(
  client: HttpClient,
  paths: readonly string[],
  { timeoutSeconds = deleteTimeoutSeconds, maySend = () => true, signal }: DeleteOptions = {},
): Promise<void> {
  for (const path of paths) {
    const request = { method: "DELETE", url: client.urlOf(path) };
    const response = await client.send({
      method: "DELETE",
      path,
      timeoutSeconds: Math.min(deleteTimeoutSeconds, timeoutSeconds),
      maySend,
      signal,
    });
    expectSuccess(request, response);
    if (response.status !== 202) {
      throw new RequestError("unexpected_answer", request, `HTTP ${response.status} instead of 202`);
    }
  }
}
