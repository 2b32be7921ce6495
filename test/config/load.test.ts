import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { Config, LoadResult } from "../../src/config/config.ts";
import { Secret } from "../../src/config/secret.ts";
import { describeConfig } from "../../src/config/describe.ts";
import { loadConfig, parseConfig } from "../../src/config/load.ts";
import { renderProblem } from "../../src/config/file/problem.ts";
import { formatMatcher } from "../../src/core/matcher.ts";

const minimal = `
pushgateways: [{ name: batch, url: "http://localhost:9091" }]
rules: [{ name: all, matchers: [], ttl: 30d }]
`;

function messagesOf(result: LoadResult): readonly string[] {
  return (result.ok ? result.warnings : result.problems).map(renderProblem);
}

function parse(text: string): Config {
  const result = parseConfig(text, "conf/janitor.yml");
  if (!result.ok) throw new Error(messagesOf(result).join("\n"));
  return result.config;
}

function loadBytes(bytes: Uint8Array): Promise<LoadResult> {
  return loadConfig("janitor.yml", { readFile: () => Promise.resolve(bytes) });
}

describe("a setting that the file leaves out has its default", () => {
  test("in the smallest file", () => {
    expect(parse(minimal)).toStrictEqual({
      shown: expect.any(Object) as object,
      path: "conf/janitor.yml",
      files: ["conf/janitor.yml"],
      schedule: "*/5 * * * *",
      timezone: "UTC",
      dryRun: false,
      logLevel: "info",
      pushgateways: [
        {
          name: "batch",
          url: "http://localhost:9091",
          source: "api",
          timeoutSeconds: 60,
          http: { basicAuth: null, authorization: null, tls: null, proxy: null, headers: new Map() },
        },
      ],
      discoveries: [],
      limits: {
        maxDeleteRatio: 0.5,
        ratioMinGroups: 20,
        maxDeletes: 10_000,
        deletesPerSecond: 200,
        maxOutageSeconds: 86_400,
        whenExceeded: "withhold",
        maxEvidenceAgeSeconds: null,
      },
      archive: null,
      prometheus: null,
      notifications: [],
      rules: [
        {
          name: "all",
          matchers: [],
          action: "delete",
          ttlSeconds: 2_592_000,
          since: "last_activity",
          keepLatest: null,
          ttlMetric: null,
          ttlLabel: null,
          vanished: null,
        },
      ],
    });
  });

  test("in sections that are there", () => {
    const config = parse(`${minimal}
limits: { max_outage: 0s }
archive: { dir: /a }
prometheus: { url: "http://p:9090/" }
`);
    expect(config.limits).toMatchObject({
      maxOutageSeconds: 0,
      maxDeletes: 10_000,
      maxEvidenceAgeSeconds: null,
    });
    expect(config.archive).toStrictEqual({ dir: "/a", retentionSeconds: 2_592_000 });
    expect(config.prometheus).toMatchObject({ url: "http://p:9090", timeoutSeconds: 30 });
  });
});

describe("discoveries", () => {
  const gateway = {
    scheme: "http",
    pathPrefix: "",
    allowLinkLocal: false,
    source: "api",
    timeoutSeconds: 60,
    http: { basicAuth: null, authorization: null, tls: null, proxy: null, headers: new Map() },
  };
  const withoutList = (text: string): Config =>
    parse(`${text}\nrules: [{ name: all, matchers: [], ttl: 30d }]\n`);

  test("make the list optional, and have the defaults of Prometheus", () => {
    const config = withoutList(`
file_sd_configs: [{ files: ["gateways/*.yml", /etc/all.json] }]
http_sd_configs: [{ url: "http://INVENTORY:80/list?role=a" }]
dns_sd_configs: [{ names: [_pg._tcp.test] }]`);
    expect(config.pushgateways).toStrictEqual([]);
    expect(config.discoveries).toStrictEqual([
      {
        mechanism: "file",
        files: [resolve("conf/gateways/*.yml"), "/etc/all.json"],
        refreshSeconds: 300,
        gateway,
      },
      {
        mechanism: "http",
        url: "http://inventory/list?role=a",
        http: gateway.http,
        refreshSeconds: 60,
        gateway,
      },
      { mechanism: "dns", names: ["_pg._tcp.test"], type: "SRV", port: null, refreshSeconds: 30, gateway },
    ]);
  });

  test("have separate settings for their server and for the gateways", () => {
    const [discovery] = withoutList(`
http_sd_configs:
  - url: http://inventory
    refresh_interval: 5m
    authorization: { credentials_file: of-inventory }
    gateway: { scheme: https, path_prefix: /p/, allow_link_local: true, timeout: 5s, source: auto, authorization: { credentials_file: of-gateways } }`).discoveries;
    expect(discovery).toMatchObject({
      refreshSeconds: 300,
      http: { authorization: { credentials: { file: resolve("conf/of-inventory") } } },
      gateway: {
        scheme: "https",
        pathPrefix: "/p",
        allowLinkLocal: true,
        timeoutSeconds: 5,
        source: "auto",
        http: { authorization: { credentials: { file: resolve("conf/of-gateways") } } },
      },
    });
  });

  test("are described", () => {
    expect(
      describeConfig(
        withoutList(`
file_sd_configs: [{ files: [/etc/a.yml, /etc/b.json] }]
http_sd_configs: [{ url: "http://i/list?token=hunter2", gateway: { scheme: https, path_prefix: /p } }]
dns_sd_configs: [{ names: [a.test], type: A, port: 9091, gateway: { source: auto } }]`),
      ),
    ).toMatchInlineSnapshot(`
      "conf/janitor.yml: 3 discoveries, 1 rule, no archive: nothing that is deleted can be restored

      file_sd_configs:
        - files:
            - /etc/a.yml
            - /etc/b.json
          refresh_interval: 5m
      http_sd_configs:
        - url: http://i/list?<secret>
          gateway:
            scheme: https
            path_prefix: /p
            allow_link_local: false
            source: api
            timeout: 60s
          refresh_interval: 60s
      dns_sd_configs:
        - names:
            - a.test
          type: A
          port: 9091
          gateway:
            source: auto
            scheme: http
            allow_link_local: false
            timeout: 60s
          refresh_interval: 30s
      rules:
        - name: all
          matchers: []
          ttl: 30d
          action: delete
          since: last_activity
      schedule: "*/5 * * * *"
      timezone: UTC
      dry_run: false
      log_level: info
      limits:
        max_delete_ratio: 0.5
        ratio_min_groups: 20
        max_deletes: 10000
        when_exceeded: withhold
        deletes_per_second: 200
        max_outage: 1d
        max_evidence_age: auto"
    `);
  });

  test("of SRV records have no use for a port, which is a warning", () => {
    const result = parseConfig(
      "dns_sd_configs: [{ names: [a], port: 9091 }]\nrules: [{ name: all, matchers: [], ttl: 30d }]\n",
      "janitor.yml",
    );
    expect(result.ok).toBe(true);
    expect(messagesOf(result)).toStrictEqual([
      expect.stringContaining("janitor.yml:1:38: warning: has no effect: SRV records have their own port"),
    ]);
  });
});

describe("a complete file", () => {
  const path = new URL("../fixtures/config/complete.yml", import.meta.url).pathname;

  test("is understood", async () => {
    const result = await loadConfig(path, { fileExists: () => Promise.resolve(true) });
    expect(messagesOf(result)).toStrictEqual([
      expect.stringContaining("31:13: warning: what is deleted here"),
      expect.stringContaining("44:18: warning: some rules have vanished"),
    ]);
    const config = result.ok ? result.config : null;
    const file = (name: string): { file: string } => ({ file: resolve(path, "..", name) });
    expect(config).toMatchObject({
      schedule: "30 */5 * * * *",
      timezone: "Asia/Tokyo",
      dryRun: true,
      limits: {
        maxDeleteRatio: 1,
        ratioMinGroups: 1,
        maxDeletes: 1,
        deletesPerSecond: 1,
        maxOutageSeconds: 0,
        maxEvidenceAgeSeconds: 0.5,
      },
      archive: { dir: resolve(path, "../archive"), retentionSeconds: 1 },
      prometheus: { url: "https://prometheus/prefix", timeoutSeconds: 5 },
    });
    expect(config?.pushgateways.map(({ source, timeoutSeconds }) => [source, timeoutSeconds])).toStrictEqual([
      ["auto", 0.001],
      ["exposition", 86_400],
    ]);
    const [first, second] = config?.pushgateways.map(({ http }) => http) ?? [];
    expect(first).toMatchObject({
      basicAuth: { username: file("user"), password: file("secrets/password") },
      tls: {
        ca: file("ca.crt"),
        client: { cert: { secret: new Secret("PEM") }, key: file("client.key") },
        serverName: "pushgateway",
        insecureSkipVerify: true,
        minVersion: "TLSv1.2",
        maxVersion: "TLSv1.3",
      },
      proxy: { noProxy: "localhost" },
    });
    expect(
      [...(first?.headers ?? [])].map(([name, values]) => [
        name,
        values.map((value) => ("file" in value ? value : value.secret.reveal())),
      ]),
    ).toStrictEqual([["X-Scope-OrgID", ["a", "b", "hunter2", file("header")]]]);
    expect(second).toMatchObject({ authorization: { type: "Token" }, proxy: { url: null } });
    const credentials = second?.authorization?.credentials;
    expect(credentials !== undefined && "secret" in credentials && credentials.secret.reveal()).toBe(
      "hunter2",
    );
    expect(config?.rules.map(({ name, matchers, ...rest }) => [name, matchers.map(formatMatcher), rest]))
      .toMatchInlineSnapshot(`
        [
          [
            "keep",
            [
              "job="billing"",
            ],
            {
              "action": "keep",
            },
          ],
          [
            "watch",
            [
              "job=~"a|b"",
              "instance!=""",
            ],
            {
              "action": "report",
              "keepLatest": null,
              "since": "last_success",
              "ttlLabel": null,
              "ttlMetric": null,
              "ttlSeconds": 3600,
              "vanished": null,
            },
          ],
          [
            "hosts",
            [
              "job="batch"",
            ],
            {
              "action": "delete",
              "keepLatest": {
                "by": [
                  "job",
                  {
                    "label": "instance",
                    "regex": {
                      "partOf": [Function],
                      "pattern": "(.+)-[0-9a-f]{4}",
                    },
                  },
                ],
                "count": 2,
              },
              "since": "last_activity",
              "ttlLabel": {
                "maxSeconds": 259200,
                "minSeconds": 600,
                "name": "ttl",
              },
              "ttlMetric": {
                "maxSeconds": 2592000,
                "minSeconds": 300,
                "name": "push:ttl_seconds",
              },
              "ttlSeconds": 2592000,
              "vanished": {
                "groupLabel": "instance",
                "query": "up",
                "seriesLabel": "host",
                "ttlSeconds": 3600,
              },
            },
          ],
          [
            "everything else",
            [],
            {
              "action": "delete",
              "keepLatest": null,
              "since": "last_activity",
              "ttlLabel": null,
              "ttlMetric": null,
              "ttlSeconds": 777600,
              "vanished": null,
            },
          ],
        ]
      `);
  });

  test("never prints its secrets", async () => {
    const result = await loadConfig(path, { fileExists: () => Promise.resolve(true) });
    if (!result.ok) throw new Error("refused");
    const { config } = result;
    const printed = [
      JSON.stringify(config),
      inspect(config, { depth: null, showHidden: true }),
      describeConfig(config),
    ];
    expect(printed.join("\n")).not.toContain("hunter2");
    expect(JSON.stringify(config)).toContain("<secret>");
  });

  test("is described", async () => {
    const text = await readFile(path, "utf8");
    const result = parseConfig(text, "/etc/janitor.yml");
    await expect(`${result.ok ? describeConfig(result.config) : ""}\n`).toMatchFileSnapshot(
      new URL("../fixtures/config/complete.txt", import.meta.url).pathname,
    );
  });
});

test("the example has no problems and no warnings", async () => {
  const result = await loadConfig(new URL("../../config/janitor.yml", import.meta.url).pathname);
  expect(messagesOf(result)).toStrictEqual([]);
  expect(result.ok && result.config.rules.map(({ name }) => name)).toStrictEqual([
    "keep-billing",
    "ci",
    "nightly",
    "batch-hosts",
    "self-declared",
    "everything-else",
  ]);
});

describe("warnings do not stop the janitor", () => {
  test.each([
    [
      "of a zone that changes its clocks",
      `schedule: "0 3 * * *"\ntimezone: Europe/Berlin${minimal}`,
      "janitor.yml:1:11: warning: the clocks of Europe/Berlin change: on those days a skipped time does not come, and a repeated one counts once",
    ],
    [
      "of days that must match twice",
      `schedule: "0 0 1 * mon"${minimal}`,
      "janitor.yml:1:11: warning: sweeps only on days that match both day of month and day of week, where cron takes either",
    ],
    [
      "of hosts that a single sweep may miss",
      `prometheus: { url: "http://p" }
pushgateways: [{ name: a, url: "http://a" }]
rules: [{ name: all, matchers: [], ttl: 30d, vanished: { query: up, label: instance, ttl: 9m59s } }]`,
      "janitor.yml:3:91: warning: shorter than two intervals of the schedule, 5m each: a host that Prometheus misses once may lose its groups",
    ],
    [
      "of limits that let hosts go that Prometheus has lost",
      `prometheus: { url: "http://p" }
pushgateways: [{ name: a, url: "http://a" }]
limits: { when_exceeded: delete_oldest }
rules: [{ name: all, matchers: [], ttl: 30d, vanished: { query: up, label: instance, ttl: 1h } }]`,
      "janitor.yml:3:26: warning: some rules have vanished: if Prometheus loses half of the hosts, each sweep deletes as many of their groups as the limits allow",
    ],
    [
      "of an archive that stays empty",
      `archive: { dir: a }
pushgateways: [{ name: a, url: "http://a", source: exposition }]
rules: [{ name: all, matchers: [], ttl: 30d }]`,
      "janitor.yml:2:52: warning: what is deleted here is not archived: /metrics does not show which metrics a group has",
    ],
    [
      "of a path that the janitor adds itself",
      `pushgateways: [{ name: a, url: "http://a/metrics" }]
rules: [{ name: all, matchers: [], ttl: 30d }]`,
      "janitor.yml:1:32: warning: ends in /metrics, which the janitor adds itself: leave it out?",
    ],
    [
      "of a byte order mark",
      `\ufeff${minimal}`,
      "janitor.yml: warning: starts with a byte order mark, which is ignored",
    ],
  ])("%s", (_, text, expected) => {
    const result = parseConfig(text, "janitor.yml");
    expect(result.ok).toBe(true);
    expect(messagesOf(result).map((message) => message.split("\n")[0])).toStrictEqual([expected]);
  });

  test("but are reported with the errors, in the order of the file", () => {
    const result = parseConfig(`schedule: "0 0 1 * mon"\ndry_run: 1${minimal}`, "janitor.yml");
    expect(result.ok ? [] : result.problems.map(({ severity }) => severity)).toStrictEqual([
      "warning",
      "error",
    ]);
  });
});

describe("a file that is not text", () => {
  test.each([
    ["UTF-16", Buffer.from("\ufeffa: 1", "utf16le"), "the file is UTF-16: save it as UTF-8"],
    [
      "UTF-16 without its mark",
      Buffer.from("a: 1", "utf16le"),
      "the file holds NUL bytes: this is not a text file",
    ],
    ["Latin-1", Buffer.from("a: 1\nb: \xe4\n", "latin1"), "line 2 is not UTF-8: save the file as UTF-8"],
    [
      "longer than 1 MiB",
      Buffer.alloc(1_048_577, "#"),
      "longer than 1 MiB: this is not a configuration file",
    ],
    [
      "1 MiB of comment",
      Buffer.alloc(1_048_576, "#"),
      "the file is empty: it needs at least pushgateways and rules",
    ],
  ])("%s is refused", async (_, bytes, message) => {
    expect(messagesOf(await loadBytes(bytes))).toStrictEqual([`janitor.yml: ${message}`]);
  });
});

describe("a file that cannot be read", () => {
  test("because it is not there", async () => {
    expect(messagesOf(await loadConfig("no/such/janitor.yml"))).toStrictEqual([
      "no/such/janitor.yml: cannot be read: there is no such file",
    ]);
  });

  test("because it is a folder", async () => {
    const { pathname } = new URL(".", import.meta.url);
    expect(messagesOf(await loadConfig(pathname))).toStrictEqual([
      `${pathname}: cannot be read: it is a folder`,
    ]);
  });
});

describe("files that the configuration names", () => {
  const text = `
pushgateways:
  - name: batch
    url: http://localhost:9091
    basic_auth: { username_file: user, password_file: /abs/password }
    tls_config: { ca_file: ../ca.crt }
rules: [{ name: all, matchers: [], ttl: 30d }]
`;

  test("are expected next to it; each missing one is a problem", async () => {
    const asked: string[] = [];
    const result = await loadConfig("/etc/janitor/janitor.yml", {
      readFile: () => Promise.resolve(Buffer.from(text)),
      fileExists: (path) => {
        asked.push(path);
        return Promise.resolve(path === "/etc/ca.crt");
      },
    });
    expect(asked).toStrictEqual(["/etc/janitor/user", "/abs/password", "/etc/ca.crt"]);
    expect(messagesOf(result).map((message) => message.split("\n")[0])).toStrictEqual([
      "/etc/janitor/janitor.yml:5:34: there is no file /etc/janitor/user",
      "/etc/janitor/janitor.yml:5:55: there is no file /abs/password",
    ]);
  });

  test("need not exist for text that was not read from a file", () => {
    expect(parseConfig(text, "janitor.yml").ok).toBe(true);
  });
});

describe("aliases", () => {
  test("repeat a value", () => {
    const config = parse(`
pushgateways:
  - { name: a, url: "http://a", basic_auth: &login { username: janitor, password: hunter2 } }
  - { name: b, url: "http://b", basic_auth: *login }
rules: [{ name: all, matchers: [], ttl: 30d }]
`);
    const revealed = config.pushgateways.map(({ http }) => {
      const username = http.basicAuth?.username;
      return username !== undefined && "secret" in username && username.secret.reveal();
    });
    expect(revealed).toStrictEqual(["janitor", "janitor"]);
  });

  test("repeat a mistake once", () => {
    const result = parseConfig(
      `pushgateways: [{ name: a, url: "http://a", timeout: &t 5 }, { name: b, url: "http://b", timeout: *t }]
rules: [{ name: all, matchers: [], ttl: 30d }]`,
      "janitor.yml",
    );
    expect(messagesOf(result)).toHaveLength(1);
  });
});

test("a name may be any text of at most 128 characters", () => {
  const name = "😀".repeat(128);
  expect(parse(minimal.replace("all", name)).rules[0]?.name).toBe(name);
});

test("a matcher may use any UTF-8 label name and braces", () => {
  const config = parse(minimal.replace("[]", `['{"__proto__"="x"}', "\\"\\u00e4 b\\"!~\\"c\\""]`));
  expect(config.rules[0]?.matchers.map(formatMatcher)).toStrictEqual(['__proto__="x"', '"ä b"!~"c"']);
});
