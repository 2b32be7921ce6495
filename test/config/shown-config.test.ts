import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/load.ts";
import { renderConfig } from "../../src/config/describe.ts";

function parse(text: string): Config {
  const result = parseConfig(text, "/etc/janitor.yml");
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
  return result.config;
}

const secretive = `
pushgateways:
  - name: a
    url: http://a
    basic_auth: { username: me, password: hunter2 }
    http_headers: { X-Token: { values: [hunter2], secrets: [hunter2], files: [header] } }
    proxy_url: http://me:hunter2@proxy:3128
    no_proxy: .internal
    proxy_connect_header: { X-Proxy: [hunter2, hunter2] }
  - name: b
    url: http://b
    authorization: { credentials: hunter2 }
    tls_config: { cert: PEM, key: hunter2, ca_file: ca.pem, min_version: TLS12, max_version: TLS13 }
    proxy_from_environment: true
file_sd_configs: [{ files: ["gateways/*.yml"], gateway: { authorization: { credentials_file: token-of-gateways } } }]
http_sd_configs:
  - url: http://inventory/list?token=hunter2
    authorization: { credentials: hunter2 }
    gateway: { scheme: https, path_prefix: /p, allow_link_local: true, basic_auth: { username: me, password: hunter2 }, tls_config: { ca_file: ca-of-gateways.pem } }
  - { url: "http://inventory/more", basic_auth: { username: me, password_file: password-of-inventory } }
dns_sd_configs: [{ names: [a.test, b.test.], type: AAAA, port: 9091 }, { names: [_pg._tcp.test] }]
prometheus: { url: http://p, basic_auth: { username_file: user, password_file: password } }
rules: [{ name: r, matchers: [], ttl: 1d }]
`;

describe("the configuration as it is shown", () => {
  it("is a configuration with the same meaning", () => {
    const config = parse(readFileSync(join(import.meta.dirname, "../../config/janitor.yml"), "utf8"));
    const again = parse(renderConfig(config));
    expect(renderConfig(again)).toBe(renderConfig(config));
    expect(again.limits).toEqual(config.limits);
    expect(again.rules.map(({ name, action }) => [name, action])).toEqual(
      config.rules.map(({ name, action }) => [name, action]),
    );
  });

  it("holds discoveries, with all their defaults", () => {
    const [, discoveries] = /(file_sd_configs:.*)limits:/s.exec(renderConfig(parse(secretive))) ?? [];
    expect(discoveries).toMatchInlineSnapshot(`
      "file_sd_configs:
        - files:
            - gateways/*.yml
          gateway:
            authorization:
              credentials_file: token-of-gateways
              type: Bearer
            scheme: http
            allow_link_local: false
            source: api
            timeout: 60s
          refresh_interval: 5m
      http_sd_configs:
        - url: http://inventory/list?<secret>
          authorization:
            credentials: <secret>
            type: Bearer
          gateway:
            scheme: https
            path_prefix: /p
            allow_link_local: true
            basic_auth:
              username: me
              password: <secret>
            tls_config:
              ca_file: ca-of-gateways.pem
            source: api
            timeout: 60s
          refresh_interval: 60s
        - url: http://inventory/more
          basic_auth:
            username: me
            password_file: password-of-inventory
          refresh_interval: 60s
      dns_sd_configs:
        - names:
            - a.test
            - b.test.
          type: AAAA
          port: 9091
          refresh_interval: 30s
        - names:
            - _pg._tcp.test
          type: SRV
          refresh_interval: 30s
      prometheus:
        url: http://p
        basic_auth:
          username_file: user
          password_file: password
        timeout: 30s
        min_uptime: 5m
      rules:
        - name: r
          matchers: []
          ttl: 1d
          action: delete
          since: last_activity
      schedule: "*/5 * * * *"
      timezone: UTC
      dry_run: false
      log_level: info
      "
    `);
  });

  it("holds no secret, under any key that can have one", () => {
    const text = renderConfig(parse(secretive));
    expect(text).not.toContain("hunter2");
    expect(text).toContain("<secret>");
    expect(text).toContain("password_file: password");
    expect(text).toContain("no_proxy: .internal");
    expect(text).toMatch(/proxy_connect_header:\n +X-Proxy:\n +- <secret>\n +- <secret>\n/);
    expect(text).toMatch(/min_version: TLS12\n +max_version: TLS13\n +proxy_from_environment: true\n/);
  });

  it("holds headers with names that objects have by themselves", () => {
    const text = renderConfig(
      parse(`
pushgateways:
  - name: a
    url: http://a
    http_headers: { constructor: { values: [x] } }
    proxy_url: http://proxy
    proxy_connect_header: { constructor: [x] }
rules: [{ name: r, matchers: [], ttl: 1d }]
`),
    );
    expect(text).toMatch(/proxy_connect_header:\n +constructor:\n +- <secret>\n/);
    expect(text).toMatch(/http_headers:\n +constructor:\n +values:\n +- <secret>\n/);
  });

  it("names all files that it is made of, to be watched", () => {
    expect(parse(secretive).files.toSorted()).toEqual(
      [
        "/etc/janitor.yml",
        "/etc/ca.pem",
        "/etc/header",
        "/etc/password",
        "/etc/user",
        "/etc/token-of-gateways",
        "/etc/ca-of-gateways.pem",
        "/etc/password-of-inventory",
      ].toSorted(),
    );
  });
});
