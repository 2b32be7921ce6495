import type { IncomingHttpHeaders } from "node:http";
import { createHttpClient, type OpenResponse, readStart } from "../http/client.ts";
import { excerpt, isSuccess, retryAfterSeconds } from "../http/expect-success.ts";
import { createRedact, type Redact } from "../http/redact.ts";
import { RequestError } from "../http/request-error.ts";
import type { ServerOptions } from "../http/server-options.ts";

/** How to reach a receiver. Its URL is a secret: anybody who knows it can send messages in the janitor's name. */
export interface ReceiverAddress {
  readonly url: URL;
  /** Their `url` is the origin, which messages may show. */
  readonly options: ServerOptions;
}

export interface DeliveryOptions {
  /** Reads the settings. @throws an Error with a message for people, without secrets */
  readonly connect: () => Promise<ReceiverAddress>;
  /** Resolves early when the signal aborts. */
  readonly wait: (seconds: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

interface DeliveryFailure {
  /** For people, without secrets. */
  readonly message: string;
  /** How long to wait before the second attempt; null: it would fail, too. */
  readonly pauseSeconds: number | null;
}

const pause = { usualSeconds: 5, longestSeconds: 30 };
const maxAnswerBytes = 4096;

/**
 * Sends a JSON body, and once more after a failure that may be over soon.
 * @returns why it was not delivered, for people, without secrets; null: it was
 */
export async function deliver(body: string, options: DeliveryOptions): Promise<string | null> {
  const { wait, signal } = options;
  const first = await post(body, options);
  if (first === null) return null;
  if (first.pauseSeconds === null) return first.message;
  await wait(Math.min(first.pauseSeconds, pause.longestSeconds), signal);
  if (signal.aborted) return first.message;
  const second = await post(body, options);
  return second === null ? null : `${second.message} (tried twice)`;
}

async function post(body: string, { connect, signal }: DeliveryOptions): Promise<DeliveryFailure | null> {
  let address: ReceiverAddress;
  try {
    address = await connect();
  } catch (error) {
    return { message: (error as Error).message, pauseSeconds: null };
  }
  const { url, options } = address;
  const secrets = [...(options.secrets ?? []), ...secretsIn(url)];
  const redact = createRedact(secrets);
  const client = createHttpClient({ ...options, secrets });
  try {
    const response = await client.open({
      method: "POST",
      path: `${url.pathname}${url.search}`,
      headers: { "content-type": "application/json; charset=utf-8" },
      body,
      signal,
    });
    // The message has arrived, whatever becomes of the answer: sent again, it would be there twice.
    const text = isSuccess(response.status) ? "" : await readText(response);
    response.close();
    return judge(response.status, response.headers, text, url, redact);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const pauseSeconds = error.code === "aborted" ? null : pause.usualSeconds;
    return { message: redact(error.what), pauseSeconds };
  } finally {
    await client.close();
  }
}

/** Empty if the answer breaks off: its status says enough. */
async function readText({ body }: OpenResponse): Promise<string> {
  try {
    return (await readStart(body, maxAnswerBytes, "leave")).bytes.toString("utf8");
  } catch (error) {
    if (error instanceof RequestError) return "";
    throw error;
  }
}

function judge(
  status: number,
  headers: IncomingHttpHeaders,
  text: string,
  url: URL,
  redact: Redact,
): DeliveryFailure | null {
  if (isSuccess(status)) return null;
  if (status >= 300 && status < 400) {
    const { location = "" } = headers;
    // The rest of it may hold the secret.
    const target = URL.canParse(location, url.origin)
      ? ` to ${redact(new URL(location, url.origin).origin)}`
      : "";
    const message = `HTTP ${status}, a redirect${target}, which is not followed: the url must be one that answers itself`;
    return { message, pauseSeconds: null };
  }
  const mayPass = status >= 500 || status === 408 || status === 429;
  const hint = status === 403 || status === 404 || status === 410 ? "; is the url still valid?" : "";
  return {
    message: `HTTP ${status}${excerpt(text, redact)}${hint}`,
    pauseSeconds: mayPass ? (retryAfterSeconds(status, headers) ?? pause.usualSeconds) : null,
  };
}

/** Longer parts are no words. */
const longestWord = 15;

/** All that an answer might repeat of a URL: its parts, too, except for words like `services`. */
function secretsIn(url: URL): readonly string[] {
  const parts = [...url.pathname.split("/"), ...url.searchParams.values()];
  return [
    `${url.pathname}${url.search}`,
    url.pathname,
    url.search,
    ...parts.filter((part) => (/[^a-z]/i.test(part) && part.length >= 6) || part.length > longestWord),
  ].filter((text) => text.length > 1);
}
