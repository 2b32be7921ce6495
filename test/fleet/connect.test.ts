import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { readServerOptions } from "../../src/fleet/connect.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/config.ts";
import { testFolder, writeConfig } from "../support/service.ts";

async function load(settings: string, folder = testFolder()): Promise<Config> {
  const server = (name: string): string => `{ ${name}, ${settings} }`;
  const text = `
pushgateways: [${server("name: a, url: http://gateway.internal:9091, timeout: 5s")}]
prometheus: ${server("url: http://prometheus.internal:9090, timeout: 5s")}
rules: [{ name: all, matchers: [], ttl: 1h }]
`;
  const result = await loadConfig(writeConfig(text, folder));
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
  return result.config;
}

describe("the HTTP settings of a gateway and of Prometheus have the same meaning", () => {
  it.each([
    ["none", "", { headers: {} }, []],
    [
      "user, headers and proxy",
      "basic_auth: { username: me, password: pw }, http_headers: { X-One: { values: [a], files: [one] } }, " +
        "proxy_url: http://proxy:3128, proxy_connect_header: { X-Two: [b, c] }",
      {
        headers: {
          authorization: [`Basic ${Buffer.from("me:pw").toString("base64")}`],
          "x-one": ["a", "from a file"],
        },
        proxy: { url: "http://proxy:3128", connectHeaders: { "x-two": ["b", "c"] } },
      },
      ["pw", "bWU6cHc=", "a", "from a file", "b", "c"],
    ],
    [
      "headers with names that objects have by themselves",
      "http_headers: { Constructor: { values: [a] } }, proxy_url: http://proxy:3128, proxy_connect_header: { constructor: [b] }",
      {
        headers: { constructor: ["a"] },
        proxy: { url: "http://proxy:3128", connectHeaders: { constructor: ["b"] } },
      },
      ["a", "b"],
    ],
    [
      "token and TLS",
      "authorization: { type: Token, credentials_file: one }, tls_config: { server_name: s, min_version: TLS12, max_version: TLS13 }",
      {
        headers: { authorization: ["Token from a file"] },
        tls: { rejectUnauthorized: true, servername: "s", minVersion: "TLSv1.2", maxVersion: "TLSv1.3" },
      },
      ["from a file"],
    ],
    ["no_proxy", "proxy_url: http://proxy:3128, no_proxy: .internal", { headers: {} }, []],
    [
      "the proxy of the environment",
      "proxy_from_environment: true",
      { headers: {}, proxy: { url: "http://environment:3128", connectHeaders: {} } },
      [],
    ],
  ])("%s", async (_, settings, options, secrets) => {
    const folder = testFolder();
    writeFileSync(join(folder, "one"), " from a file\n");
    const { pushgateways, prometheus } = await load(settings, folder);
    for (const server of [pushgateways[0]!, prometheus!]) {
      const { url, timeoutSeconds } = server;
      const { secrets: found = [], ...rest } = await readServerOptions(server, {
        HTTP_PROXY: "environment:3128",
      });
      expect(rest).toEqual({ url, timeoutSeconds, allowLinkLocal: true, ...options });
      expect(new Set(found.filter((one) => one !== ""))).toEqual(new Set(secrets));
    }
  });

  it.each([
    ["a file that is gone", null, "one cannot be read: there is no such file"],
    [
      "a header of two lines",
      "s3cret\nlines",
      "one: the value of a header is one line of Latin-1 characters",
    ],
  ])("%s is told by its name, and not by what it holds", async (_, content, message) => {
    const folder = testFolder();
    writeFileSync(join(folder, "one"), "x");
    const { prometheus } = await load("authorization: { credentials_file: one }", folder);
    const file = join(folder, "one");
    if (content === null) rmSync(file);
    else writeFileSync(file, content);
    const failure = readServerOptions(prometheus!, {});
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.not.toThrow("s3cret");
  });
});
