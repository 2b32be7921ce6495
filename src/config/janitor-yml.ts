import { formatDuration, parseDuration, parsePositiveDuration } from "../core/duration.ts";
import {
  defaultLimits,
  limitRanges,
  parseEvidenceAge,
  whenExceededChoices,
  type Limits,
} from "../core/limits.ts";
import { asksForHosts } from "../core/liveness.ts";
import { logLevels } from "../core/log.ts";
import {
  defaultConfig,
  defaultGatewayTimeout,
  defaultPrometheusTimeout,
  notificationEvents,
  notificationFormats,
  type ArchiveSettings,
  type Config,
  type NotificationSettings,
  type PrometheusSettings,
  type PushgatewaySettings,
} from "./config.ts";
import {
  everComes,
  neverComes,
  parseSchedule,
  shortestIntervalSeconds,
  changesClocks,
  parseTimezone,
} from "./cron.ts";
import { discoveryKeys, source } from "./discoveries.ts";
import type { FileValue } from "./file/file-value.ts";
import {
  choice,
  defaulted,
  duration,
  file,
  findRepeated,
  flag,
  list,
  numberIn,
  optional,
  parsed,
  required,
  section,
  text,
  type Kind,
  type Values,
} from "./file/kinds.ts";
import { sourceOf, serverKeys, toServerSettings } from "./http-settings.ts";
import { name, rules } from "./rules.ts";
import { doubtGatewayUrl, parseNotificationUrl, parseServerUrl } from "./url.ts";

/** The keys of janitor.yml, from the top. Their descriptions are shown by editors and in docs/reference.md. */

const pushgateway = section(
  {
    name: required(name, "Label `gateway` of all metrics. Unique."),
    url: required(
      parsed("a URL like http://localhost:9091", parseServerUrl),
      "The Pushgateway, with its route prefix if there is one.",
    ),
    source: defaulted(
      source,
      "api",
      "api: GET /api/v1/metrics. auto: read GET /metrics first, far cheaper for both sides, and read the API only when something has expired. exposition: /metrics alone, no archive.",
    ),
    ...serverKeys(defaultGatewayTimeout, "For one request."),
  },
  (values, at): PushgatewaySettings => {
    const { url = "" } = values;
    const doubt = doubtGatewayUrl(url);
    if (doubt !== null) at.to("url").warn(doubt);
    return {
      name: values.name ?? "",
      url,
      source: values.source,
      ...toServerSettings(values, at),
    };
  },
);

const pushgateways = list(pushgateway, "a list of Pushgateways", {
  atLeast: "at least one Pushgateway",
  check(gateways) {
    for (const { at, first } of findRepeated(gateways, (gateway) => gateway.name)) {
      at.to("name").error(`this name belongs to the Pushgateway on line ${first.to("name").line}`);
    }
    for (const { at, first } of findRepeated(gateways, (gateway) => gateway.url)) {
      at.to("url").error(
        `this Pushgateway is listed already, on line ${first.to("url").line}: two sweeps would get in each other's way`,
      );
    }
  },
});

const limits = section(
  {
    max_delete_ratio: defaulted(
      numberIn(limitRanges.maxDeleteRatio),
      defaultLimits.maxDeleteRatio,
      "Of a gateway's groups. More expired than this: see when_exceeded.",
    ),
    ratio_min_groups: defaulted(
      numberIn(limitRanges.ratioMinGroups),
      defaultLimits.ratioMinGroups,
      "Below that many groups max_delete_ratio does not apply.",
    ),
    max_deletes: defaulted(
      numberIn(limitRanges.maxDeletes),
      defaultLimits.maxDeletes,
      "More groups of a gateway expired than this: see when_exceeded.",
    ),
    when_exceeded: defaulted(
      choice(...whenExceededChoices),
      defaultLimits.whenExceeded,
      "withhold: nothing is deleted on that gateway. delete_oldest: as many groups as max_delete_ratio and max_deletes allow, the oldest first; never where one of them is 0.",
    ),
    deletes_per_second: defaulted(
      numberIn(limitRanges.deletesPerSecond),
      defaultLimits.deletesPerSecond,
      "Ceiling; the janitor slows down by itself when the gateway's health suffers.",
    ),
    max_outage: defaulted(
      duration(parseDuration),
      formatDuration(defaultLimits.maxOutageSeconds),
      "The longest time around a restart of the gateway, when it was down or pushes may be lost, that does not count towards the ages of its groups. 0s: none.",
    ),
    max_evidence_age: defaulted(
      parsed("auto or a duration like 10s", parseEvidenceAge),
      "auto",
      "No DELETE on older knowledge about a group. auto: one second plus twice what one read takes.",
    ),
  },
  (values): Limits => ({
    maxDeleteRatio: values.max_delete_ratio,
    ratioMinGroups: values.ratio_min_groups,
    maxDeletes: values.max_deletes,
    whenExceeded: values.when_exceeded,
    deletesPerSecond: values.deletes_per_second,
    maxOutageSeconds: values.max_outage,
    maxEvidenceAgeSeconds: values.max_evidence_age,
  }),
);

const archive = section(
  {
    dir: required(
      text("the path of a folder"),
      "What is deleted is kept in this folder. Relative to this file.",
    ),
    retention: defaulted(
      duration((written) => parsePositiveDuration(written, "what was deleted could not be restored")),
      "30d",
      "How long it is kept.",
    ),
  },
  ({ dir = "", retention }, at): ArchiveSettings => ({ dir: at.resolve(dir), retentionSeconds: retention }),
);

const prometheus = section(
  {
    url: required(
      parsed("a URL like http://localhost:9090", parseServerUrl),
      "Prometheus, asked by `vanished` and `suggest` only.",
    ),
    ...serverKeys(defaultPrometheusTimeout, "For one query."),
    min_uptime: defaulted(
      duration(parseDuration),
      "5m",
      "After a start, Prometheus does not know all hosts until it has scraped them: for so long, all of them count as alive.",
    ),
  },
  (values, at): PrometheusSettings => ({
    url: values.url ?? "",
    minUptimeSeconds: values.min_uptime,
    ...toServerSettings(values, at),
  }),
);

const notification = section(
  {
    url: optional(
      parsed("a URL like https://hooks.example/…", parseNotificationUrl),
      "Where messages are sent by POST. A secret: it is never shown.",
    ),
    url_file: optional(file, "File that holds the URL, for example of a mounted secret."),
    on: optional(
      list(choice(...notificationEvents), "a list of events like [deleted]", {
        atLeast: "at least one event",
      }),
      "When a message is sent: after deletions, when a limit begins or ceases to withhold, when sweeps begin or cease to fail. Left out: all of them.",
    ),
    format: defaulted(
      choice(...notificationFormats),
      "text",
      'text: {"text": "…"}, as Slack, Mattermost, Rocket.Chat and Google Chat take it. report: the JSON of /api/v1/report without kept groups.',
    ),
    ...serverKeys("30s", "For one message."),
  },
  (values, at): NotificationSettings => {
    const url = sourceOf("url", values, at);
    if (url === null) at.error("a notification needs a URL: set url or url_file");
    return {
      name: `notifications[${at.path.at(-1)}]`,
      url: url ?? { file: "" },
      on: values.on ?? notificationEvents,
      format: values.format,
      ...toServerSettings(values, at),
    };
  },
);

const janitorKeys = {
  schedule: defaulted(
    parsed('a cron expression like "*/5 * * * *"', (written) => ({ ...parseSchedule(written), written })),
    defaultConfig.schedule,
    "When `run` sweeps: cron with 5 fields, or 6 with seconds first.",
  ),
  timezone: defaulted(
    parsed("a time zone like Europe/Berlin", parseTimezone),
    defaultConfig.timezone,
    "Time zone of the schedule. One without hours and days keeps its pace when clocks change.",
  ),
  dry_run: defaulted(flag, defaultConfig.dryRun, "Sweep without deleting."),
  log_level: defaulted(
    choice(...logLevels),
    defaultConfig.logLevel,
    "How much is logged. A reload changes it; --log.level wins over it.",
  ),
  pushgateways: optional(
    pushgateways,
    "The Pushgateways to keep clean. Optional where a discovery finds them.",
  ),
  ...discoveryKeys,
  limits: optional(limits, "What one sweep of one gateway may do at most."),
  archive: optional(archive, "Where deleted groups are kept. Left out: nothing can be restored."),
  prometheus: optional(prometheus, "The Prometheus that knows which hosts are alive."),
  notifications: optional(
    list(notification, "a list of notifications"),
    "Messages about sweeps in which something happened.",
  ),
  rules: required(rules, "The first rule that matches a group decides. A group that none matches is kept."),
};

/** A file has at least one of them. */
const gatewayKeys = ["pushgateways", ...Object.keys(discoveryKeys)];

type JanitorValues = Values<typeof janitorKeys>;

export const janitorYml: Kind<Omit<Config, "path" | "files">> = section(
  janitorKeys,
  (values, at) => {
    checkGateways(at);
    checkSchedule(values.schedule, values.timezone, at.to("schedule"));
    checkVanished(values, at);
    return {
      schedule: values.schedule.written,
      timezone: values.timezone,
      dryRun: values.dry_run,
      logLevel: values.log_level,
      pushgateways: values.pushgateways ?? [],
      discoveries: [
        ...(values.file_sd_configs ?? []),
        ...(values.http_sd_configs ?? []),
        ...(values.dns_sd_configs ?? []),
      ],
      limits: values.limits ?? defaultLimits,
      archive: values.archive ?? null,
      prometheus: values.prometheus ?? null,
      notifications: values.notifications ?? [],
      rules: values.rules ?? [],
      shown: at.show() as object,
    };
  },
  // For editors only; `build` says it better.
  { anyOf: gatewayKeys.map((key) => ({ required: [key] })) },
);

function checkGateways(at: FileValue): void {
  if (!gatewayKeys.some((key) => at.has(key))) {
    at.error(
      `"pushgateways" is missing: list the Pushgateways, or say where to find them with ${Object.keys(discoveryKeys).join(", ")}`,
    );
  }
  for (const gateway of at.to("pushgateways").items) {
    if (gateway.get("source")?.content === "exposition" && at.has("archive")) {
      gateway
        .to("source")
        .warn("what is deleted here is not archived: /metrics does not show which metrics a group has");
    }
  }
}

function checkVanished(
  {
    rules = [],
    limits,
    schedule,
    timezone,
  }: Pick<JanitorValues, "rules" | "limits" | "schedule" | "timezone">,
  at: FileValue,
): void {
  const rulesAt = at.to("rules").items;
  const vanishedAt = rulesAt.flatMap((rule) => rule.get("vanished") ?? []);
  if (vanishedAt.length === 0) return;
  if (!at.has("prometheus")) {
    for (const one of vanishedAt) {
      one.errorAtKey('"vanished" asks Prometheus: add the section prometheus: { url: … }');
    }
  }
  if (limits?.whenExceeded === "delete_oldest") {
    at.to("limits")
      .to("when_exceeded")
      .warn(
        "some rules have vanished: if Prometheus loses half of the hosts, each sweep deletes as many of their groups as the limits allow",
      );
  }
  // Otherwise some of them could not be read.
  if (rules.length !== rulesAt.length) return;
  const interval = shortestIntervalSeconds(schedule.written, timezone);
  for (const [index, rule] of rules.entries()) {
    if (asksForHosts(rule) && rule.vanished.ttlSeconds < 2 * interval) {
      rulesAt[index]
        ?.to("vanished")
        .to("ttl")
        .warn(
          `shorter than two intervals of the schedule, ${formatDuration(interval)} each: a host that Prometheus misses once may lose its groups`,
        );
    }
  }
}

function checkSchedule(schedule: JanitorValues["schedule"], timezone: string, at: FileValue): void {
  for (const warning of schedule.warnings) at.warn(warning);
  if (!everComes(schedule.written, schedule, timezone)) at.error(neverComes);
  else if (schedule.namesTimes && changesClocks(timezone)) {
    at.warn(
      `the clocks of ${timezone} change: on those days a skipped time does not come, and a repeated one counts once`,
    );
  }
}
