import { cutText } from "../core/printable.ts";
import type { Target } from "./target-groups.ts";

/** What one place (a file, a server, a DNS name) answered, or why that is no answer. */
export type Answer = GoodAnswer | { readonly ok: false; readonly problem: string };

export interface GoodAnswer {
  readonly ok: true;
  readonly targets: readonly Target[];
  /** Messages about the targets pass this: a server may repeat the secrets that were sent to it. */
  readonly redact?: (text: string) => string;
}

/** By place. */
export type Answers = ReadonlyMap<string, Answer>;

/**
 * Asks all places of a discovery. A place that is not among the answers is gone, and its targets with it; of one without an
 * answer nothing is known. Never rejects.
 * @param known the places that have answered before
 */
export type Look = (signal: AbortSignal, known: readonly string[]) => Promise<Answers>;

/** What is wrong with an answer as a whole. */
export class BadAnswer extends Error {
  override readonly name = "BadAnswer";
}

/** No answer is longer; ten thousand gateways take one MiB. */
export const maxAnswerBytes = 8 * 1024 * 1024;

/** What somebody else wrote, short enough for a message. */
export function shorten(text: string): string {
  return cutText(text, 100);
}

/** Turns what `ask` throws into an answer. */
export async function answerOf(ask: () => Promise<readonly Target[]>): Promise<Answer> {
  try {
    return { ok: true, targets: await ask() };
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** @throws {@link BadAnswer} if there is too much of it, or if it is not UTF-8 */
export async function readAnswer(
  body: AsyncIterable<Uint8Array>,
  maxBytes = maxAnswerBytes,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new BadAnswer(`longer than ${maxBytes / 1024 / 1024} MiB`);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new BadAnswer("not UTF-8");
  }
}
