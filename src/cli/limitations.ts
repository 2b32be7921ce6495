import type { Config } from "../config/config.ts";

/** What a configuration asks for and this version does not do yet, one sentence each. All of it errs towards keeping groups. */
export function findLimitations({ path, rules }: Config): readonly string[] {
  const vanished = rules
    .filter((rule) => rule.action !== "keep" && rule.vanished !== null)
    .map(({ name }) => `rule ${name}: vanished is not acted on yet, every host counts as alive`);
  return vanished.map((limitation) => `${path}: warning: ${limitation}`);
}
