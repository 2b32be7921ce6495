import { describe, expect, it } from "vitest";
import { parseConfig } from "../../src/config/load.ts";
import { renderProblem } from "../../src/config/file/problem.ts";

/** The problems of a gateway with these lines, as an operator sees them. */
function shown(...lines: readonly string[]): string {
  const text = [
    "pushgateways:",
    "  - name: batch",
    "    url: https://localhost:9091",
    ...lines.map((line) => `    ${line}`),
    "rules: [{ name: all, matchers: [], ttl: 30d }]",
    "",
  ].join("\n");
  const result = parseConfig(text, "janitor.yml");
  return result.ok ? "" : result.problems.map(renderProblem).join("\n");
}

describe("a possible secret is hidden where it has the wrong type or is under the wrong key", () => {
  it.each([
    "basic_auth: hunter2",
    "basic_auth: me:hunter2",
    "basic_auth: [hunter2]",
    "basic_auth: [{ username: me, password: hunter2 }]",
    "basic_auth: { me: hunter2 }",
    "basic_auth: { username: { me: hunter2 }, password: x }",
    "basic_auths: hunter2",
    "basic_auht: { username: me, word: hunter2 }",
    "authorization: Bearer hunter2",
    "authorization: { type: Bearer hunter2 }",
    "authorization: { type: Basic hunter2 }",
    "authorization: { Bearer: hunter2 }",
    "Authorization: hunter2",
    "tls_config: hunter2",
    "tls_config: { client_key: hunter2 }",
    "tls_config: { key_fil: hunter2 }",
    "tls_config: { key: { pem: hunter2 } }",
    "http_headers: hunter2",
    "http_headers: [hunter2]",
    "http_headers: { X-Token: hunter2 }",
    "http_headers: { X-Token: [hunter2] }",
    "http_headers: { X-Token: { value: [hunter2] } }",
    "http_headers: { X-Token: { values: hunter2 } }",
    "http_headers: { X-Token: { secret: hunter2 } }",
    "http_headers: { X-Token: { secrets: { a: hunter2 } } }",
    'http_headers: { "X Token": { secrets: [hunter2] } }',
    "http_headers: { Authorization: { secrets: [hunter2] } }",
    "headers: { X-Token: hunter2 }",
    "proxy_connect_header: hunter2",
    "proxy_connect_header: { X-Token: hunter2 }",
    "proxy_connect_header: { X-Token: { values: [hunter2] } }",
    "proxy_connect_headers: { X-Token: [hunter2] }",
    "proxy_url: [http://hunter2]",
    "proxy_url: { password: hunter2 }",
    "proxy_url: { user: me, pass: hunter2 }",
    "proxy_url: me:hunter2@proxy:3128",
    "proxy_url: http://hunter2@proxy:99999",
    "proxy_url: socks5://me:hunter2@proxy:1080",
    "no_proxy: [http://me:hunter2@proxy]",
    "bearer_token: hunter2",
    "token: hunter2",
    "oauth2: { client_secret: hunter2 }",
    "url: http://g/?token=hunter2",
    'url: "http://g/#hunter2"',
    "urls: [http://g/?token=hunter2]",
    "no_proxy: [http://g/?token=hunter2]",
  ])("%s", (line) => {
    const text = shown(line);
    expect(text).toContain("janitor.yml:");
    expect(text).not.toContain("hunter2");
  });

  it.each([
    [["basic_auth: { password: 'hunter2 }"]],
    [["basic_auth:", "  me: [hunter2"]],
    [["authorization: [Bearer hunter2"]],
    [["http_headers:", "  X-One: [hunter2"]],
    [["http_headers:", "  X-One:", "    values:", "      - [hunter2"]],
    [["proxy_connect_header:", "  X-One:", "    - [hunter2"]],
    [["proxy_connect_header: { X-One: [hunter2"]],
    [["X-Token: [hunter2"]],
  ])("in a file that is no YAML: %s", (lines) => {
    const text = shown(...lines);
    expect(text).toContain("not valid YAML");
    expect(text).not.toContain("hunter2");
  });
});

describe("the URL of a notification is hidden, whatever is wrong with it", () => {
  it.each([
    "notifications: https://hook/hunter2",
    "notifications: [https://hook/hunter2]",
    "notifications: { url: https://hook/hunter2 }",
    "notifications: [{ url: [https://hook/hunter2] }]",
    "notifications: [{ url: { a: https://hook/hunter2 } }]",
    "notifications: [{ uri: https://hook/hunter2 }]",
    "notifications: [{ hook: hunter2 }]",
    "notifications: [{ url: hunter2 }]",
    "notifications: [{ url: ftp://hook/hunter2 }]",
    "notifications: [{ url: https://hook/hunter2, formt: x }]",
    "notifications: [{ url: https://hook, http_headers: { X: { secrets: hunter2 } } }]",
    "notifications: [{ url: https://hook, authorization: hunter2 }]",
    "notification: [{ url: https://hook/hunter2 }]",
    "notifications: [{ url: 'https://hook/hunter2 }]",
  ])("%s", (line) => {
    const result = parseConfig(`${line}\nrules: []\n`, "janitor.yml");
    const problems = result.ok ? "" : result.problems.map(renderProblem).join("\n");
    expect(problems).toContain("janitor.yml:");
    expect(problems).not.toContain("hunter2");
  });
});

it("of a URL with a query, nothing is shown", () => {
  const text = `${["http_sd_configs: [{ url: inventory/list?token=hunter2 }, { url: 'ftp://inventory/?token=hunter2' }]", "rules: []"].join("\n")}\n`;
  const result = parseConfig(text, "janitor.yml");
  const problems = result.ok ? "" : result.problems.map(renderProblem).join("\n");
  expect(problems).toMatch(/^janitor.yml:1:26: /);
  expect(problems).not.toContain("hunter2");
});

describe("a value that is no secret is shown with its mistake", () => {
  it.each([
    "basic_auth: { username: 'a:visible' }",
    "authorization: { type: 'visible;' }",
    "tls_config: { min_version: visible }",
    "tls_config: { insecure_skip_verify: visible }",
    "proxy_url: ftp://visible",
    'no_proxy: "visible"',
    "password_file: visible",
    "url: ftp://visible",
    "tls_config: { ca-file: visible }",
  ])("%s", (line) => {
    expect(shown(line)).toContain("visible");
  });
});
