import { describe, expect, test } from "vitest";

import { parseDiscoveryUrl, parsePathPrefix, parseServerUrl } from "../../src/config/url.ts";

describe("the URL of a server", () => {
  test.each([
    ["http://localhost:9091", "http://localhost:9091"],
    ["http://localhost:9091/", "http://localhost:9091"],
    ["http://localhost:9091///", "http://localhost:9091"],
    ["https://HOST:443/Prefix/", "https://host/Prefix"],
    ["HTTP://host", "http://host"],
    ["http://[::1]:9091/a/b", "http://[::1]:9091/a/b"],
    ["http://münchen.example", "http://xn--mnchen-3ya.example"],
  ])("%s is %s", (text, expected) => {
    expect(parseServerUrl(text)).toBe(expected);
  });

  test.each([
    "/a/../b",
    "/a/..",
    "/./a",
    "/%2e%2e/a",
    "/a/.%2E/b",
    "/%252e%252E/a",
    "/..;x/a",
    "/a//b",
    "//a",
    String.raw`/a\b`,
    String.raw`/a/..\b`,
    "/a%2Fb",
    "/a/..%2fb",
    "/a%5c..%255Cb",
  ])("has no path that a parser, proxy or server would take for another one: %s", (path) => {
    const message = "fold";
    expect(() => parseServerUrl(`http://host:9091${path}`)).toThrow(message);
    expect(() => parseDiscoveryUrl(`http://host${path}?query`)).toThrow(message);
    expect(() => parsePathPrefix(path)).toThrow(/fold|plain path/);
  });

  test.each(["/a.b/..c/d../...", "/a%20b", "/%2ea", "/a;v=1.0"])("may have dots in names: %s", (path) => {
    expect(parseServerUrl(`http://host:9091${path}`)).toBe(`http://host:9091${path}`);
    expect(parseDiscoveryUrl(`http://host${path}?x=/../`)).toBe(`http://host${path}?x=/../`);
    expect(parsePathPrefix(path)).toBe(path);
  });

  test.each(["http:///host/a", String.raw`http://\host/a`])(
    "names its host after two slashes: %s",
    (text) => {
      expect(() => parseServerUrl(text)).toThrow("this is not a valid URL");
    },
  );

  test("is not repeated in a message when it holds a password", () => {
    expect(() => parseServerUrl("http://a:hunter2@host")).toThrow(/^(?!.*hunter2)/);
  });
});
