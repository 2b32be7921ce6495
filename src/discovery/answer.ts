import { messageOf } from "../core/errors.ts";
import { decodeTexts, isJsonObject } from "../core/json.ts";
import { quote } from "../core/labels.ts";
import { cutText } from "../core/printable.ts";
import { readStart } from "../http/client.ts";

/** A server as a discovery names it; not checked yet. */
export interface Target {
  /** `host:port`, hopefully. */
  readonly address: string;
  readonly labels: ReadonlyMap<string, string>;
}

/** The answer of one source (a file, a server, a DNS name), or why it has none. */
export type Answer = GoodAnswer | { readonly ok: false; readonly problem: string };

export interface GoodAnswer {
  readonly ok: true;
  readonly targets: readonly Target[];
  /** Applied to messages about the targets: a server may repeat the secrets that were sent to it. */
  readonly redact?: (text: string) => string;
}

/**
 * Reads all sources of a discovery. A source that is not among the answers is gone, and its targets with it; of one without an
 * answer nothing is known. Never rejects.
 * @param known the sources that have answered before
 */
export type ReadSources = (
  signal: AbortSignal,
  known: readonly string[],
) => Promise<ReadonlyMap<string, Answer>>;

/** An answer that cannot be used. */
export class BadAnswer extends Error {
  override readonly name = "BadAnswer";
}

/** No answer is longer; ten thousand gateways take one MiB. */
export const maxAnswerBytes = 8 * 1024 * 1024;

/** Cuts a foreign text, for a message. */
export function shorten(text: string): string {
  return cutText(text, 100);
}

/** Turns an error into an answer. */
export async function answerOf(read: () => Promise<readonly Target[]>): Promise<Answer> {
  try {
    return { ok: true, targets: await read() };
  } catch (error) {
    return { ok: false, problem: messageOf(error) };
  }
}

/** @throws {@link BadAnswer} if it is too long, or not UTF-8 */
export async function readText(body: AsyncIterable<Uint8Array>, maxBytes = maxAnswerBytes): Promise<string> {
  const { bytes, isComplete } = await readStart(body, maxBytes, "leave");
  if (!isComplete) throw new BadAnswer(`longer than ${maxBytes / 1024 / 1024} MiB`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new BadAnswer("not UTF-8");
  }
}

/** More than one janitor could sweep. */
const maxTargets = 50_000;

/**
 * Decodes Prometheus' target groups: `[{targets: ["host:port"], labels: {name: value}}]`.
 * @param redact applied to what an error shows of them
 * @throws {@link BadAnswer}
 */
export function decodeTargetGroups(
  value: unknown,
  redact = (text: string): string => text,
): readonly Target[] {
  if (!Array.isArray(value)) {
    throw new BadAnswer(
      `expected a list of target groups like [{"targets": ["host:9091"]}], got ${typeName(value)}`,
    );
  }
  const targets = value.flatMap((group: unknown, index) => decodeGroup(group, index + 1, redact));
  if (targets.length > maxTargets)
    throw new BadAnswer(`${targets.length} targets, and ${maxTargets} is the most`);
  return targets;
}

function decodeGroup(group: unknown, position: number, redact: (text: string) => string): readonly Target[] {
  const fail = (what: string): never => {
    throw new BadAnswer(`target group ${position}: ${what}`);
  };
  if (!isJsonObject(group)) return fail(`expected a mapping with targets, got ${typeName(group)}`);
  const unknown = Object.keys(group).find((key) => key !== "targets" && key !== "labels");
  if (unknown !== undefined)
    fail(`unknown key ${quote(redact(shorten(unknown)))}: a group has targets and labels`);
  const { targets, labels } = group;
  if (!Array.isArray(targets)) return fail(`targets must be a list like ["host:9091"]`);
  // In YAML, a key without a value.
  const hasNone = labels === undefined || labels === null || labels === "";
  const pairs = hasNone ? [] : decodeTexts(labels);
  if (pairs === null) return fail("labels must be a mapping of texts");
  const map = new Map(pairs);
  return targets.map((address: unknown) =>
    typeof address === "string"
      ? { address, labels: map }
      : fail(`a target must be a text like "host:9091", got ${typeName(address)}`),
  );
}

function typeName(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  return isJsonObject(value) ? "a mapping" : `a ${typeof value === "string" ? "text" : typeof value}`;
}
