import { z } from "zod";

import { limitRanges } from "../core/limits.ts";
import { logLevels } from "../core/log-level.ts";
import { discoveries } from "./discovery-schema.ts";
import { http } from "./http-schema.ts";
import { choice, duration, flag, list, numberIn, positiveCount, section, text } from "./schema-values.ts";

/**
 * The shape of janitor.yml: which keys there are and what kind of value each takes. What the values mean is checked
 * by the decoders.
 * Descriptions and examples are for editors, which
 * read them from the generated config/janitor.schema.json.
 */

const pushgateway = section({
  name: text("a name").describe("Label `gateway` of all metrics. Unique."),
  url: text("a URL like http://localhost:9091").describe(
    "The Pushgateway, with its route prefix if there is one.",
  ),
  source: choice("api", "auto", "exposition")
    .optional()
    .describe(
      "api: GET /api/v1/metrics. auto: read GET /metrics first, far cheaper for both sides, and read the API only when something has expired. exposition: /metrics alone, no archive.",
    )
    .meta({ default: "api" }),
  timeout: duration().optional().describe("For one request.").meta({ default: "60s" }),
  ...http,
});

const limits = section({
  max_delete_ratio: numberIn(limitRanges.maxDeleteRatio)
    .optional()
    .describe("Of a gateway's groups. More expired than this: nothing is deleted on that gateway.")
    .meta({ default: 0.5 }),
  ratio_min_groups: numberIn(limitRanges.ratioMinGroups)
    .optional()
    .describe("Below that many groups max_delete_ratio does not apply.")
    .meta({ default: 20 }),
  max_deletes: numberIn(limitRanges.maxDeletes)
    .optional()
    .describe("More groups expired than this: nothing is deleted on that gateway.")
    .meta({ default: 10_000 }),
  deletes_per_second: numberIn(limitRanges.deletesPerSecond)
    .optional()
    .describe("Ceiling; the janitor slows down by itself when the gateway's health suffers.")
    .meta({ default: 200 }),
  max_outage: duration()
    .optional()
    .describe(
      "The longest time around a restart of the gateway, when it was down or pushes may be lost, that does not count towards the ages of its groups. 0s: none.",
    )
    .meta({ default: "1d" }),
  max_evidence_age: text("auto or a duration like 10s")
    .optional()
    .describe("No DELETE on older knowledge about a group. auto: one second plus twice what one read takes.")
    .meta({ default: "auto" }),
});

const archive = section({
  dir: text("the path of a folder").describe(
    "What is deleted is kept in this folder. Relative to this file.",
  ),
  retention: duration().optional().describe("How long it is kept.").meta({ default: "30d" }),
});

const prometheus = section({
  url: text("a URL like http://localhost:9090").describe(
    "Prometheus, asked by `vanished` and `suggest` only.",
  ),
  timeout: duration().optional().describe("For one query.").meta({ default: "30s" }),
  ...http,
});

const rule = section({
  name: text("a name").describe("Label `rule` of the metrics. Unique."),
  matchers: list(
    text(`a matcher like 'job="batch"'`).meta({ examples: ['job="batch"', 'instance=~"runner-[0-9]+"'] }),
    `a list of matchers like ['job="batch"']`,
  ).describe("All must match, in Alertmanager's grammar. An empty list matches every group."),
  action: choice("delete", "keep", "report")
    .optional()
    .describe("report: say what would be deleted, never delete it.")
    .meta({ default: "delete" }),
  ttl: duration()
    .optional()
    .describe("The longest age; a group that is older has expired. Required unless action is keep."),
  since: choice("last_activity", "last_success")
    .optional()
    .describe(
      "Where the age counts from. last_success: refused pushes do not count as life, unless those to another group are refused, too.",
    )
    .meta({ default: "last_activity" }),
  keep_latest: section({
    count: positiveCount().describe("How many stay."),
    by: list(text("a label name"), "a list of label names like [job]").describe(
      "The freshest of each combination of these labels' values. A label that never repeats, such as a run's number, would keep everything.",
    ),
  })
    .optional()
    .describe("The freshest groups that hold metrics stay, however old."),
  vanished: section({
    query: text("a PromQL query").describe("PromQL; its series name what is known."),
    label: text("a label name").describe(
      "The label that names the host, in the groups and in the query's series.",
    ),
    ttl: duration().describe(
      "The TTL of groups whose label value the query does not return. Shorter than the rule's.",
    ),
  })
    .optional()
    .describe(
      "A shorter TTL for groups of hosts that Prometheus does not know. Needs the prometheus section.",
    ),
  ttl_metric: section({
    name: text("a metric name").describe("A gauge in the group; its value is the TTL in seconds."),
    min: duration().describe("Shorter ones count as this."),
    max: duration().describe("Longer ones count as this."),
  })
    .optional()
    .describe("The group sets its own TTL with a gauge. Groups without it have the rule's TTL."),
}).meta({
  // For editors only; the decoder says it better.
  anyOf: [{ required: ["ttl"] }, { properties: { action: { const: "keep" } }, required: ["action"] }],
});

/** A configuration needs one of these. */
export const gatewayKeys = ["pushgateways", ...Object.keys(discoveries)];

export const configSchema = section({
  schedule: text('a cron expression like "*/5 * * * *"')
    .optional()
    .describe("When `run` sweeps: cron with 5 fields, or 6 with seconds first.")
    .meta({ default: "*/5 * * * *" }),
  timezone: text("a time zone like Europe/Berlin")
    .optional()
    .describe("Time zone of the schedule. One without hours and days keeps its pace when clocks change.")
    .meta({ default: "UTC" }),
  dry_run: flag().optional().describe("Sweep without deleting.").meta({ default: false }),
  log_level: choice(...logLevels)
    .optional()
    .describe("How much is logged. A reload changes it; --log.level wins over it.")
    .meta({ default: "info" }),
  pushgateways: list(pushgateway, "a list of Pushgateways")
    .min(1, { error: "at least one Pushgateway" })
    .optional()
    .describe("The Pushgateways to keep clean. Optional where a discovery finds them."),
  ...discoveries,
  limits: limits.optional().describe("What one sweep of one gateway may do at most."),
  archive: archive.optional().describe("Where deleted groups are kept. Left out: nothing can be restored."),
  prometheus: prometheus.optional().describe("The Prometheus that knows which hosts are alive."),
  rules: list(rule, "a list of rules")
    .min(1, { error: "at least one rule" })
    .describe("The first rule that matches a group decides. A group that none matches is kept."),
}).meta({
  // For editors only; the decoder says it better.
  anyOf: gatewayKeys.map((key) => ({ required: [key] })),
});

type AnyConfig = z.infer<typeof configSchema>;

/** With every key that there may be. */
export type ConfigInput = { [Key in keyof AnyConfig]-?: NonNullable<AnyConfig[Key]> };

/** JSON Schema of a kind of file, for editors; draft-07 is what yaml-language-server knows best. */
export function renderJsonSchema(
  schema: z.ZodType = configSchema,
  title = "pushgateway-janitor configuration",
): string {
  const body = z.toJSONSchema(schema, { target: "draft-7", io: "input" });
  return `${JSON.stringify({ title, ...body }, null, 2)}\n`;
}
