import { describe, expect, it } from "vitest";

import { alertRules } from "../support/alert-rules.ts";
import {
  runAlertTest,
  type AlertTest,
  type Course,
  type Janitor,
  type SpokenAlert,
} from "../support/alert-test.ts";
import { mayLackPromtool } from "../support/promtool.ts";

type Series = Readonly<Record<string, Course>>;

const unknown = Number.NaN;
const day = 24 * 60;
const always =
  (value: number): Course =>
  () =>
    value;
const steps =
  (...values: readonly (readonly [fromMinute: number, value: number])[]): Course =>
  (minute) =>
    values.findLast(([from]) => minute >= from)?.[1] ?? 0;
/** Counts one with every sweep from a minute on. */
const countsFrom =
  (from: number): Course =>
  (minute) =>
    minute < from ? 0 : Math.floor((minute - from) / 5) + 1;
/** When the last sweep ended, in Unix seconds: every five minutes, first at minute 5. */
const lastSweep = (minute: number): number => Math.floor(minute / 5) * 300;

/** Of a gateway that is swept every five minutes, and all is well. */
const well = (gateway: string): Series => ({
  [`last_sweep_timestamp_seconds{gateway="${gateway}"}`]: lastSweep,
  [`last_success_timestamp_seconds{gateway="${gateway}"}`]: lastSweep,
  [`gateway_up{gateway="${gateway}"}`]: steps([0, unknown], [5, 1]),
  [`gateway_consistent{gateway="${gateway}"}`]: steps([0, unknown], [5, 1]),
  [`clock_skew_seconds{gateway="${gateway}"}`]: steps([0, unknown], [5, 0]),
  [`groups{gateway="${gateway}",verdict="keep"}`]: steps([5, 100]),
});
const scheduled: Series = { next_sweep_timestamp_seconds: (minute) => lastSweep(minute) + 300 };

/** A service with the gateways `a` and `b`, well but for what is said. */
function service(series: Series = {}, rest: Omit<Janitor, "series"> = {}): Janitor {
  return { ...rest, series: { ...scheduled, ...well("a"), ...well("b"), ...series } };
}

/** The gateway `a` has not been swept with success since minute 10, up to a minute. */
const failing = (reason: string, until = Infinity): Series => ({
  'last_success_timestamp_seconds{gateway="a"}': (minute) =>
    minute < until ? Math.min(600, lastSweep(minute)) : lastSweep(minute),
  [`sweep_failures_total{gateway="a",reason="${reason}"}`]: (minute) =>
    countsFrom(15)(Math.min(minute, until - 1)),
});
const withheld = (reason: string, until = Infinity): Series => ({
  ...failing(reason, until),
  'groups{gateway="a",verdict="delete"}': always(0),
  'groups{gateway="a",verdict="withhold"}': steps([15, 60], [until, 0]),
});
const unreadable = (reason: string, until = Infinity): Series => ({
  ...failing(reason, until),
  'gateway_up{gateway="a"}': steps([0, unknown], [5, 1], [15, 0], [until, 1]),
  'gateway_consistent{gateway="a"}': steps([0, unknown], [5, 1], [15, unknown], [until, 1]),
  'clock_skew_seconds{gateway="a"}': steps([0, unknown], [5, 0], [15, unknown], [until, 0]),
});

/** What `once` has pushed about gateway `a` at a minute: it goes on being scraped, from the gateway. */
function pushed(
  at: number,
  { until = Infinity, series = {} }: { until?: number; series?: Series } = {},
): Janitor {
  return {
    instance: "a",
    gateways: ["a"],
    from: at,
    until,
    series: {
      'last_sweep_timestamp_seconds{gateway="a"}': always(at * 60),
      'last_success_timestamp_seconds{gateway="a"}': always(at * 60),
      'gateway_up{gateway="a"}': always(1),
      'gateway_consistent{gateway="a"}': always(1),
      'clock_skew_seconds{gateway="a"}': always(0),
      ...series,
    },
  };
}

/** A sweep by `once` that failed: its process never knew a success. */
const failedOnce = (reason: string): Series => ({
  'last_success_timestamp_seconds{gateway="a"}': always(0),
  [`sweep_failures_total{gateway="a",reason="${reason}"}`]: always(1),
});

/** A number of groups a day. */
const deletes =
  (perDay: number): Course =>
  (minute) =>
    Math.floor((minute * perDay) / day);
const suddenly =
  (course: Course, at: number, more: number): Course =>
  (minute) =>
    course(minute)! + (minute >= at ? more : 0);
const restarted =
  (course: Course, at: number): Course =>
  (minute) =>
    course(minute)! - (minute >= at ? course(at - 1)! : 0);

function never(minutes: number, ...janitors: readonly Janitor[]): AlertTest {
  const firing = new Map<number, readonly string[]>();
  const stepMinutes = minutes > day ? 5 : 1;
  for (let minute = 0; minute <= minutes; minute += 10 * stepMinutes) firing.set(minute, []);
  return { janitors, minutes, stepMinutes, firing };
}

function fires(
  alert: string,
  { from, ends }: { from: number; ends?: number },
  ...janitors: readonly Janitor[]
): AlertTest {
  const firing = new Map<number, readonly string[]>([
    [from - 5, []],
    [from, [alert]],
    [(ends ?? from + 60) - 5, [alert]],
  ]);
  if (ends !== undefined) firing.set(ends, []);
  return { janitors, minutes: Math.max(...firing.keys()), firing };
}

const silent: readonly (readonly [string, AlertTest])[] = [
  ["on a service that is well", never(240, service())],
  [
    "on a service that has not swept yet",
    never(300, { series: { next_sweep_timestamp_seconds: always(day * 60) } }),
  ],
  [
    "on a gateway that comes ten minutes after the janitor",
    never(
      120,
      service({
        'gateway_up{gateway="a"}': steps([0, unknown], [5, 0], [15, 1]),
        'gateway_consistent{gateway="a"}': steps([0, unknown], [15, 1]),
        'clock_skew_seconds{gateway="a"}': steps([0, unknown], [15, 0]),
        'last_success_timestamp_seconds{gateway="a"}': (minute) => (minute < 15 ? 0 : lastSweep(minute)),
        'sweep_failures_total{gateway="a",reason="unreachable"}': steps([5, 1], [10, 2]),
      }),
    ),
  ],
  ["on a gateway that is restarted", never(120, service(unreadable("unreachable", 25)))],
  [
    "on a sweep that fails now and then",
    never(
      240,
      service({
        'last_success_timestamp_seconds{gateway="a"}': (minute) => Math.floor(minute / 15) * 900,
        'sweep_failures_total{gateway="a",reason="timeout"}': (minute) => Math.floor(minute / 15) * 2,
      }),
    ),
  ],
  [
    "on a janitor that is restarted",
    never(
      240,
      service(failing("timeout", 20), { until: 60 }),
      service({ 'groups_reappeared_total{gateway="b",rule="ci"}': always(0) }, { from: 65 }),
    ),
  ],
  [
    "on a limit that withheld once, and on groups that came back to life in time",
    never(
      240,
      service({
        ...withheld("max_delete_ratio", 20),
        'groups{gateway="b",verdict="withhold"}': steps([10, 3]),
        'groups_withheld_total{gateway="b",reason="pushed_again"}': steps([10, 3]),
      }),
    ),
  ],
  [
    "on a bad file that is mended within minutes",
    never(60, service({ config_last_reload_successful: steps([0, 1], [10, 0], [14, 1]) })),
  ],
  [
    "on a sweep that was left out once",
    never(240, service({ 'sweeps_skipped_total{reason="missed"}': steps([10, 1]) })),
  ],
  [
    "on one job a day that publishes its metrics",
    never(day + 300, pushed(10, { until: day + 9 }), pushed(day + 10)),
  ],
  [
    "on pushed metrics that a restart of the gateway lost, until the next sweep",
    never(day + 300, pushed(10, { until: 60 }), pushed(day + 10)),
  ],
];

const ill: readonly (readonly [string, AlertTest])[] = [
  [
    "a service that Prometheus cannot scrape",
    {
      janitors: [service()],
      others: {
        'up{job="monitoring/pushgateway-janitor",instance="a"}': steps([0, 1], [20, 0]),
        'up{job="pushgateway",instance="b"}': always(0),
      },
      minutes: 60,
      firing: new Map([
        [25, []],
        [30, ["PushgatewayJanitorDown"]],
      ]),
    },
  ],
  [
    "a service that is gone from Prometheus, for as long as it is",
    {
      ...fires(
        "PushgatewayJanitorAbsent",
        { from: 85, ends: 3 * day },
        service({}, { until: 60 }),
        service({}, { from: 3 * day - 3 }),
      ),
      stepMinutes: 5,
    },
  ],
  [
    "a job whose metrics do not come back within a day and two hours",
    {
      ...fires("PushgatewayJanitorAbsent", { from: 60 + 26 * 60 + 20 }, pushed(10, { until: 60 })),
      stepMinutes: 5,
    },
  ],
  [
    "a sweep that was due an hour ago",
    fires(
      "PushgatewayJanitorSweepOverdue",
      { from: 75, ends: 120 },
      service({
        next_sweep_timestamp_seconds: steps([0, 300], [5, 600], [120, 7500]),
      }),
    ),
  ],
  [
    "sweeps that are left out for hours",
    fires(
      'PushgatewayJanitorSweepsSkipped{reason="already_running"}',
      { from: 132 },
      service({
        'sweeps_skipped_total{reason="already_running"}': countsFrom(10),
      }),
    ),
  ],
  [
    "a query for vanished hosts that fails for an hour",
    fires(
      'PushgatewayJanitorHostsUnknown{gateway="a",rule="rest"}',
      { from: 70, ends: 190 },
      service({
        'vanished_query_failures_total{gateway="a",rule="rest"}': (minute) =>
          countsFrom(10)(Math.min(minute, 130)),
      }),
    ),
  ],
  [
    "messages that do not arrive",
    fires(
      "PushgatewayJanitorNotificationsFail",
      { from: 10 },
      service({ 'notification_failures_total{notification="notifications[0]"}': countsFrom(10) }),
    ),
  ],
  [
    "a job that has not succeeded for a day and two hours",
    {
      ...fires('PushgatewayJanitorOnceOverdue{gateway="a"}', { from: 10 + 26 * 60 + 20 }, pushed(10)),
      stepMinutes: 5,
    },
  ],
  [
    "a gateway that cannot be read",
    fires(
      'PushgatewayJanitorGatewayDown{gateway="a"}',
      { from: 30, ends: 90 },
      service(unreadable("unreachable", 90)),
    ),
  ],
  [
    "a gateway that refuses every push",
    fires(
      'PushgatewayJanitorGatewayInconsistent{gateway="a"}',
      { from: 15, ends: 40 },
      service({
        'gateway_consistent{gateway="a"}': steps([0, unknown], [5, 1], [10, 0], [40, 1]),
      }),
    ),
  ],
  [
    "a limit that withholds",
    fires(
      'PushgatewayJanitorLimitWithholds{gateway="a"}',
      { from: 45, ends: 100 },
      service(withheld("max_delete_ratio", 100)),
    ),
  ],
  [
    "a limit that withholds in a sweep by once",
    fires(
      'PushgatewayJanitorLimitWithholds{gateway="a"}',
      { from: 40 },
      pushed(10, {
        series: { ...failedOnce("max_deletes"), 'groups{gateway="a",verdict="withhold"}': always(20_000) },
      }),
    ),
  ],
  [
    "an archive that cannot be written",
    fires(
      'PushgatewayJanitorArchiveFailing{gateway="a"}',
      { from: 30, ends: 100 },
      service(withheld("archive_failed", 100)),
    ),
  ],
  [
    "deletions that do not take effect",
    fires(
      'PushgatewayJanitorSweepFailing{gateway="a"}',
      { from: 45, ends: 100 },
      service(failing("unconfirmed", 100)),
    ),
  ],
  [
    "failures whose counter begins anew",
    fires(
      'PushgatewayJanitorSweepFailing{gateway="a"}',
      { from: 45 },
      service({
        ...failing("gateway_unhealthy"),
        'sweep_failures_total{gateway="a",reason="gateway_unhealthy"}': restarted(countsFrom(15), 50),
      }),
    ),
  ],
  [
    "a sweep by once that fails, and was the last one",
    {
      ...fires(
        'PushgatewayJanitorSweepFailing{gateway="a"}',
        { from: 40, ends: 2 * day },
        pushed(10, { series: failedOnce("unconfirmed"), until: 2 * day - 10 }),
      ),
      stepMinutes: 5,
    },
  ],
  [
    "groups that come back after their deletion, for a day",
    {
      ...fires(
        'PushgatewayJanitorGroupsReappear{gateway="a",rule="ci"}',
        { from: 30, ends: day + 30 },
        service({
          'groups_reappeared_total{gateway="a",rule="ci"}': restarted(steps([30, 4]), 60),
        }),
      ),
      stepMinutes: 5,
    },
  ],
  [
    "groups that came back before a sweep by once",
    fires(
      'PushgatewayJanitorGroupsReappear{gateway="a",rule="rest"}',
      { from: 10 },
      pushed(10, {
        series: { 'groups_reappeared_total{gateway="a",rule="rest"}': always(2) },
      }),
    ),
  ],
  [
    "a configuration that cannot be read",
    fires(
      "PushgatewayJanitorReloadFailed",
      { from: 15, ends: 60 },
      service({ config_last_reload_successful: steps([0, 1], [10, 0], [60, 1]) }),
    ),
  ],
  [
    "a clock that is ahead",
    fires(
      'PushgatewayJanitorClockSkew{gateway="a"}',
      { from: 70 },
      service({ 'clock_skew_seconds{gateway="a"}': steps([0, unknown], [10, 45]) }),
    ),
  ],
  [
    "a clock that is behind",
    fires(
      'PushgatewayJanitorClockSkew{gateway="a"}',
      { from: 70 },
      service({ 'clock_skew_seconds{gateway="a"}': steps([0, unknown], [10, -45]) }),
    ),
  ],
  [
    "a gateway that can be read and does not tell the time",
    fires(
      'PushgatewayJanitorTimeUnknown{gateway="a"}',
      { from: 70, ends: 90 },
      service({ 'clock_skew_seconds{gateway="a"}': steps([0, unknown], [5, 0], [10, unknown], [90, 0]) }),
    ),
  ],
];

const ci = 'deletes_total{gateway="a",rule="ci"}';
const rest = 'deletes_total{gateway="b",rule="rest"}';
const unusual = 'PushgatewayJanitorDeletionsUnusual{gateway="a"}';
const suddenlyMany = suddenly(deletes(50), 9 * day, 1000);

/** Of ten days, hour by hour. */
const deletions: readonly (readonly [string, AlertTest])[] = [
  [
    "fires when a gateway loses many times more than in any day before, and only for that gateway",
    deletionTest([service({ [ci]: suddenlyMany, [rest]: deletes(2000) })], [unusual]),
  ],
  [
    "fires for a gateway that never lost anything",
    deletionTest([service({ [ci]: suddenly(always(0), 9 * day, 1000) })], [unusual]),
  ],
  [
    "knows the past of a pod that was replaced",
    deletionTest(
      [
        service({ [ci]: suddenly(deletes(1000), 3 * day, 3000) }, { instance: "pod-1", until: 7 * day }),
        service({ [ci]: restarted(deletes(1000), 7 * day) }, { instance: "pod-2", from: 7 * day }),
      ],
      [],
    ),
  ],
  [
    "fires for a pod that replaced another",
    deletionTest(
      [
        service({ [ci]: deletes(50) }, { instance: "pod-1", until: 7 * day }),
        service({ [ci]: restarted(suddenlyMany, 7 * day) }, { instance: "pod-2", from: 7 * day }),
      ],
      [unusual],
    ),
  ],
  [
    "takes no restart for deletions",
    deletionTest([service({ [ci]: restarted(deletes(2000), 9 * day) })], []),
  ],
  [
    "is silent about a hundred groups",
    deletionTest([service({ [ci]: suddenly(always(0), 9 * day, 99) })], []),
  ],
  [
    "is silent about a janitor with little past, whose first sweeps delete the most",
    deletionTest([service({ [ci]: suddenly(always(0), 9 * day, 5000) }, { from: 8 * day })], []),
  ],
];

function deletionTest(janitors: readonly Janitor[], alerts: readonly string[]): AlertTest {
  const firing = new Map([
    [9 * day - 60, []],
    [9 * day + 60, alerts],
    [10 * day + 60, []],
  ]);
  return { janitors, stepMinutes: 60, minutes: 10 * day + 60, firing };
}

describe.skipIf(mayLackPromtool)("the alerts", { timeout: 120_000 }, () => {
  it.each(silent)("are silent %s", async (_, test) => {
    expect(await runAlertTest(test)).toBe("");
  });

  it.each(ill)("fire on %s", async (_, test) => {
    expect(await runAlertTest(test)).toBe("");
  });

  it("each have a test in which they fire", () => {
    const fired = [...ill, ...deletions].flatMap(([, { firing }]) => [...firing.values()].flat());
    const names = new Set(fired.map((alert) => alert.split("{")[0]));
    expect(alertRules.map(({ alert }) => alert).filter((alert) => !names.has(alert))).toEqual([]);
  });
});

const own = { job: "pushgateway-janitor", instance: "janitor:9717" };
const spoken: readonly (readonly [string, AlertTest])[] = [
  [
    "why the gateway could not be read",
    saying(
      service({
        ...unreadable("timeout"),
        'sweep_failures_total{gateway="a",reason="unreachable"}': steps([20, 1]),
      }),
      {
        alert: "PushgatewayJanitorGatewayDown",
        labels: { ...own, gateway: "a" },
        summary: "The janitor cannot read the gateway a.",
        description:
          "janitor:9717 has not been able to read a for 15 minutes (timeout, unreachable in the last day). Nothing is deleted there.",
      },
    ),
  ],
  [
    "that a gateway could not be read, without a reason before the first sweep",
    saying(service({ 'gateway_up{gateway="a"}': steps([0, unknown], [5, 0]) }), {
      alert: "PushgatewayJanitorGatewayDown",
      labels: { ...own, gateway: "a" },
      summary: "The janitor cannot read the gateway a.",
      description: "janitor:9717 has not been able to read a for 15 minutes. Nothing is deleted there.",
    }),
  ],
  [
    "how much a limit withholds",
    saying(service(withheld("max_delete_ratio")), {
      alert: "PushgatewayJanitorLimitWithholds",
      labels: { ...own, gateway: "a" },
      summary: "A limit keeps 60 expired groups on a.",
      description:
        "60 of 160 groups on a have expired, which is more than a limit of janitor:9717 allows for one sweep. Nothing is " +
        "deleted there until somebody decides.",
    }),
  ],
  [
    "how often the archive failed",
    saying(
      service({
        ...failing("archive_failed"),
        'sweep_failures_total{gateway="a",reason="archive_failed"}': steps([15, 8]),
      }),
      {
        alert: "PushgatewayJanitorArchiveFailing",
        labels: { ...own, gateway: "a" },
        summary: "The janitor janitor:9717 cannot write its archive.",
        description:
          "Groups of a could not be archived by janitor:9717 (about 8 sweeps in the last day), so nothing is deleted there.",
      },
    ),
  ],
  [
    "since when the configuration has been in force",
    saying(
      service({
        config_last_reload_successful: steps([10, 0]),
        config_last_reload_success_timestamp_seconds: always(60),
      }),
      {
        alert: "PushgatewayJanitorReloadFailed",
        labels: own,
        summary: "The janitor janitor:9717 could not read its new configuration.",
        description:
          "janitor:9717 continues with the configuration of 1970-01-01 00:01:00 +0000 UTC, because the files on disk are invalid. " +
          "It could not start with them.",
      },
    ),
  ],
  [
    "how many deletions are usual",
    {
      ...deletionTest([service({ [ci]: suddenlyMany })], [unusual]),
      saying: [
        {
          alert: "PushgatewayJanitorDeletionsUnusual",
          minute: 9 * day + 60,
          labels: { job: "pushgateway-janitor", gateway: "a" },
          summary: "The janitor deletes far more on a than at any time in the last two weeks.",
          description:
            "1.05k groups were deleted on a within a day; the maximum of the two weeks before was 50.",
        },
      ],
    },
  ],
];

/** What an alert says after an hour. */
function saying(janitor: Janitor, alert: Omit<SpokenAlert, "minute">): AlertTest {
  return { janitors: [janitor], minutes: 60, firing: new Map(), saying: [{ ...alert, minute: 60 }] };
}

describe.skipIf(mayLackPromtool)("an alert", { timeout: 120_000 }, () => {
  it.each(spoken)("says %s", async (_, test) => {
    expect(await runAlertTest(test)).toBe("");
  });
});

describe.skipIf(mayLackPromtool)("the alert on deletions", { timeout: 120_000 }, () => {
  it.each(deletions)("%s", async (_, test) => {
    expect(await runAlertTest(test)).toBe("");
  });
});
