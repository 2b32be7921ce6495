import type { OpenResponse } from "./client.ts";
import { expectSuccess } from "./expect-success.ts";
import { GatewayError } from "./gateway-error.ts";

/** Sent with every read: what a cache answers is as old as it likes. */
export const freshHeaders = { "cache-control": "no-cache, no-store" } as const;

/** An error page says what it has to say at its beginning, and may be endless. */
const errorBodyBytes = 4096;

/**
 * Lets only an answer pass that the gateway itself gave just now, and successfully.
 * @throws {@link GatewayError}; then the response is closed
 */
export async function expectFreshSuccess(
  request: { readonly method: string; readonly url: string },
  response: OpenResponse,
): Promise<void> {
  const { status, headers, approach } = response;
  if (status < 200 || status >= 300) {
    expectSuccess(request, { status, headers, approach, text: await readStart(response) });
  }
  const age = headers.age;
  if (age === undefined || Number(age) === 0) return;
  response.close();
  throw new GatewayError(
    "unexpected_answer",
    request,
    `the answer comes from a cache (Age: ${approach.redact(age)}): nothing can be deleted on old knowledge; reach the gateway without it`,
  );
}

async function readStart(response: OpenResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= errorBodyBytes) break;
  }
  response.close();
  return Buffer.concat(chunks).subarray(0, errorBodyBytes).toString("utf8");
}
