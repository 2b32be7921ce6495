import { decodeTexts, isJsonObject } from "../core/json.ts";
import { quote } from "../core/labels.ts";
import { BadAnswer, shorten } from "./look.ts";

/** Where a server is, as it was told: not looked at yet. */
export interface Target {
  /** `host:port`, hopefully. */
  readonly address: string;
  readonly labels: ReadonlyMap<string, string>;
}

/** More than one janitor could sweep. */
const maxTargets = 50_000;

/**
 * Decodes Prometheus' target groups: `[{targets: ["host:port"], labels: {name: value}}]`.
 * @param redact what is shown of them in an error passes this
 * @throws {@link BadAnswer}
 */
export function decodeTargetGroups(
  value: unknown,
  redact = (text: string): string => text,
): readonly Target[] {
  if (!Array.isArray(value)) {
    throw new BadAnswer(
      `expected a list of target groups like [{"targets": ["host:9091"]}], got ${nameOf(value)}`,
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
  if (!isJsonObject(group)) return fail(`expected a mapping with targets, got ${nameOf(group)}`);
  const unknown = Object.keys(group).find((key) => key !== "targets" && key !== "labels");
  if (unknown !== undefined)
    fail(`unknown key ${quote(redact(shorten(unknown)))}: a group has targets and labels`);
  const { targets, labels } = group;
  if (!Array.isArray(targets)) return fail(`targets must be a list like ["host:9091"]`);
  const pairs = isNothing(labels) ? [] : decodeTexts(labels);
  if (pairs === null) return fail("labels must be a mapping of texts");
  const map = new Map(pairs);
  return targets.map((address: unknown) =>
    typeof address === "string"
      ? { address, labels: map }
      : fail(`a target must be a text like "host:9091", got ${nameOf(address)}`),
  );
}

/** In YAML, a key without a value. */
function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  return isJsonObject(value) ? "a mapping" : `a ${typeof value === "string" ? "text" : typeof value}`;
}
