import type { Config } from "../config/config.ts";

/**
 * What a configuration asks for and this version does not do yet, one sentence each. All of it errs towards keeping groups;
 * what could not (a proxy that is gone around) is refused when the gateway is connected to.
 */
export function findLimitations({ path, pushgateways, discoveries, rules }: Config): readonly string[] {
  const sources = pushgateways
    .filter(({ source }) => source !== "api")
    .map(({ name, source }) => `gateway ${name}: source: ${source} is not acted on yet, the API is read`);
  const found = discoveries
    .filter(({ gateway }) => gateway.source !== "api")
    .map(({ mechanism, gateway: { source } }) => {
      return `${mechanism}_sd_configs: source: ${source} is not acted on yet, the API is read`;
    });
  const vanished = rules
    .filter((rule) => rule.action !== "keep" && rule.vanished !== null)
    .map(({ name }) => `rule ${name}: vanished is not acted on yet, every host counts as alive`);
  return [...sources, ...found, ...vanished].map((limitation) => `${path}: warning: ${limitation}`);
}
