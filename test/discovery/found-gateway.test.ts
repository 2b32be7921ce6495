import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseServerUrl } from "../../src/config/url.ts";
import { ParseError } from "../../src/core/errors.ts";
import { toGateway, type FoundGateway } from "../../src/discovery/found-gateway.ts";

const plain = { scheme: "http", pathPrefix: "", allowLinkLocal: false } as const;

function found(
  address: string,
  labels: Record<string, string> = {},
  defaults: Parameters<typeof toGateway>[1] = plain,
) {
  return toGateway({ address, labels: new Map(Object.entries(labels)) }, defaults);
}

/** null: refused, and by nothing but a ParseError. */
function urlOrRefusal(address: string, labels: Record<string, string>): string | null {
  try {
    return found(address, labels).url;
  } catch (error) {
    if (error instanceof ParseError) return null;
    throw error;
  }
}

describe("the gateway that a target names", () => {
  it.each<[string, string, Record<string, string>, FoundGateway]>([
    ["has its address in name and URL", "host:9091", {}, { name: "host:9091", url: "http://host:9091" }],
    ["may be an IPv4 address", "10.0.0.1:9091", {}, { name: "10.0.0.1:9091", url: "http://10.0.0.1:9091" }],
    ["may be an IPv6 address", "[::1]:9091", {}, { name: "[::1]:9091", url: "http://[::1]:9091" }],
    ["has the scheme's port without one", "host", {}, { name: "host", url: "http://host" }],
    ["is the same in capitals", "HOST:9091", {}, { name: "host:9091", url: "http://host:9091" }],
    ["is the same with the scheme's own port", "host:80", {}, { name: "host", url: "http://host" }],
    [
      "has the scheme of its label",
      "host:1",
      { __scheme__: "https" },
      { name: "host:1", url: "https://host:1" },
    ],
    [
      "has the prefix of its label",
      "host:1",
      { __path_prefix__: "/a/b/" },
      { name: "host:1", url: "http://host:1/a/b" },
    ],
    [
      "has the prefix that Prometheus scrapes below",
      "host:1",
      { __metrics_path__: "/a/metrics" },
      { name: "host:1", url: "http://host:1/a" },
    ],
    [
      "has no prefix where Prometheus has none",
      "host:1",
      { __metrics_path__: "/metrics" },
      { name: "host:1", url: "http://host:1" },
    ],
    [
      "has the janitor's own prefix before Prometheus'",
      "host:1",
      { __path_prefix__: "/own", __metrics_path__: "/other/metrics" },
      { name: "host:1", url: "http://host:1/own" },
    ],
    [
      "is called by its label name",
      "host:1",
      { name: "batch", instance: "i" },
      { name: "batch", url: "http://host:1" },
    ],
    ["else by its label instance", "host:1", { instance: "batch" }, { name: "batch", url: "http://host:1" }],
    [
      "has labels that mean nothing here",
      "host:1",
      { team: "\u001b[2J" },
      { name: "host:1", url: "http://host:1" },
    ],
  ])("%s", (_, address, labels, gateway) => {
    expect(found(address, labels)).toEqual(gateway);
  });

  it("has scheme and prefix of the discovery's entry, unless its labels say otherwise", () => {
    const defaults = { ...plain, scheme: "https", pathPrefix: "/p" } as const;
    expect(found("host:443", {}, defaults).url).toBe("https://host/p");
    expect(found("host:1", { __scheme__: "http", __path_prefix__: "" }, defaults).url).toBe("http://host:1");
  });

  it.each<[string, string, Record<string, string>, string]>([
    ["credentials", "me:hunter2@host:9091", {}, "a target must not hold credentials"],
    ["a scheme", "http://host:9091", {}, "without a scheme and a path"],
    ["a path", "host:9091/metrics", {}, "without a scheme and a path"],
    ["a backslash", String.raw`host\@evil:1`, {}, "a target must not hold credentials"],
    ["a query", "host:9091?x", {}, "a target is host:port"],
    ["a fragment", "host:9091#x", {}, "a target is host:port"],
    ["white space", "host :9091", {}, "a target is host:port"],
    ["a line break", "host:9091\n", {}, "a target is host:port"],
    ["a tab, which URL parsers drop", "ho\tst:9091", {}, "a target is host:port"],
    ["an escape sequence", "\u001b[31mhost:9091", {}, "a target is host:port"],
    ["letters that look alike", "hоst:9091", {}, "a target is host:port"],
    ["escapes", "%68ost:9091", {}, "a target is host:port"],
    ["nothing", "", {}, "a target is host:port"],
    ["a port only", ":9091", {}, "a target is host:port"],
    ["a port that is none", "host:65536", {}, "a target is host:port"],
    ["the port 0", "host:0", {}, "the port is not 0"],
    ["two ports", "host:1:2", {}, "a target is host:port"],
    ["a number that is no address", "999.999.999.999:1", {}, "a target is host:port"],
    ["an endless name", `${"a".repeat(301)}:1`, {}, "a target is host:port"],
    [
      "a scheme that is none",
      "host:1",
      { __scheme__: "file" },
      'its label __scheme__ is "file", not http or https',
    ],
    ["a prefix without a slash", "host:1", { __path_prefix__: "p" }, "not a plain path like /pushgateway"],
    ["a prefix that leads elsewhere", "host:1", { __path_prefix__: "/a/../b" }, "not a plain path"],
    [
      "a prefix that leads elsewhere, escaped",
      "host:1",
      { __path_prefix__: "/%2e%2e/b" },
      "not a plain path",
    ],
    [
      "a path of metrics that leads elsewhere",
      "host:1",
      { __metrics_path__: "/a/%2E./b/metrics" },
      "not a plain path",
    ],
    ["a prefix with an escaped slash", "host:1", { __path_prefix__: "/a%2f..%2fb" }, "not a plain path"],
    ["a prefix that servers redirect", "host:1", { __path_prefix__: "/a//b" }, "not a plain path"],
    ["a prefix with a query", "host:1", { __path_prefix__: "/a?x=" }, "not a plain path"],
    ["a prefix that names a host", "host:1", { __path_prefix__: "@evil/" }, "not a plain path"],
    ["a prefix with a line break", "host:1", { __path_prefix__: "/a\r\nHost: b" }, "not a plain path"],
    ["metrics elsewhere", "host:1", { __metrics_path__: "/federate" }, "does not end in /metrics"],
    ["an empty name", "host:1", { name: "" }, "its name is empty"],
    ["a name that drives terminals", "host:1", { name: "\u001b[2J" }, "its name holds control characters"],
    [
      "a name that turns the line around",
      "host:1",
      { name: "\u202eevil" },
      "its name holds control characters",
    ],
    ["a name that is not Unicode", "host:1", { name: "\ud800" }, "its name holds control characters"],
    ["an endless label", "host:1", { instance: "x".repeat(129) }, "its name is longer than 128 characters"],
  ])("is refused: %s", (_, address, labels, message) => {
    expect(() => found(address, labels)).toThrow(ParseError);
    expect(() => found(address, labels)).toThrow(message);
  });

  it.each([
    "169.254.169.254:80",
    "169.254.0.1",
    "2852039166:80",
    "0xA9FEA9FE:80",
    "0251.0376.0251.0376:80",
    "169.254.43518:80",
    "169.254.169.254.:80",
    "[::ffff:169.254.169.254]:80",
    "[::FFFF:a9fe:a9fe]:80",
    "[0:0:0:0:0:ffff:a9fe:1]:80",
    "[::a9fe:a9fe]:80",
    "[64:ff9b::169.254.169.254]:80",
    "[2002:a9fe:a9fe::1]:80",
    "[fe80::1]:80",
    "[FEBF:0::1]:80",
  ])("is refused at a link-local address, unless allowed: %s", (address) => {
    expect(() => found(address)).toThrow("is link-local");
    expect(found(address, {}, { ...plain, allowLinkLocal: true }).url).toMatch(/^http:/);
  });

  it.each(["169.254.evil.test:80", "169.253.1.1:80", "[fec0::1]:80", "[::1]:80", "fe80.test:80"])(
    "is not link-local: %s",
    (address) => {
      expect(found(address).url).toContain(new URL(`http://${address}`).host);
    },
  );

  it("has a URL that janitor.yml would take as it is, whatever the answer, or is refused", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.constantFrom(
        "host:1",
        "[::1]:2",
        "a.b",
        "http://x",
        "u:p@h",
        "/",
        "/a",
        "/a/metrics",
        "https",
        ".",
        "..",
      ),
    );
    fc.assert(
      fc.property(text, text, text, text, (address, scheme, prefix, name) => {
        const labels = { __scheme__: scheme.length > 3 ? "http" : scheme, __path_prefix__: prefix, name };
        const url = urlOrRefusal(address, labels);
        expect(url === null || parseServerUrl(url) === url).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
