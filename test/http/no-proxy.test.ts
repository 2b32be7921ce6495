import { describe, expect, it } from "vitest";

import { isExemptFromProxy } from "../../src/http/proxy.ts";

describe("no_proxy names the servers that are reached without the proxy", () => {
  it.each([
    // A domain is itself and what is below it; with a dot in front only what is below it.
    ["example.com", "http://example.com", true],
    ["example.com", "http://push.example.com", true],
    ["example.com", "http://example.com:9091", true],
    ["example.com", "http://notexample.com", false],
    ["example.com", "http://example.com.evil", false],
    [".example.com", "http://push.example.com", true],
    [".example.com", "http://example.com", false],
    ["*.example.com", "http://a.push.example.com", true],
    ["*.example.com", "http://example.com", false],
    ["push", "http://push:9091/prefix", true],
    ["EXAMPLE.com", "http://Push.Example.COM", true],
    ["münchen.de", "http://push.münchen.de", true],
    // Lists.
    ["a.com, b.com ,,c.com", "http://b.com", true],
    ["a.com, b.com ,,c.com", "http://c.com", true],
    ["a.com,b.com", "http://d.com", false],
    ["a.com b.com", "http://a.com", false],
    // Ports; without one any.
    ["example.com:9091", "http://example.com:9091", true],
    ["example.com:9091", "http://push.example.com:9091", true],
    ["example.com:9091", "http://example.com", false],
    ["example.com:80", "http://example.com", true],
    ["example.com:443", "https://example.com", true],
    ["example.com:80", "https://example.com", false],
    [":9091", "http://example.com:9091", false],
    // Addresses and networks; names are not looked up.
    ["10.0.0.1", "http://10.0.0.1:9091", true],
    ["10.0.0.1", "http://10.0.0.10", false],
    ["10.0.0.1:9091", "http://10.0.0.1:9091", true],
    ["10.0.0.1:9091", "http://10.0.0.1:9092", false],
    ["10.0.0.0/8", "http://10.1.2.3", true],
    ["10.0.0.0/8", "http://11.0.0.1", false],
    ["10.1.2.3/8", "http://10.9.9.9", true],
    ["10.0.0.0/33", "http://10.0.0.1", false],
    ["10.0.0.0/8", "http://push.internal", false],
    ["fd00::1", "http://[fd00::1]", true],
    ["FD00:0:0::1", "http://[fd00::1]:9091", true],
    ["[fd00::1]:9091", "http://[fd00::1]:9091", true],
    ["[fd00::1]:9091", "http://[fd00::1]:9092", false],
    ["[fd00::1]", "http://[fd00::1]", true],
    ["fd00::/8", "http://[fd12::3]", true],
    ["fd00::/8", "http://[fe80::1]", false],
    ["::ffff:10.0.0.1", "http://10.0.0.1", true],
    ["10.0.0.0/8", "http://[::ffff:10.0.0.1]", true],
    // Everything.
    ["*", "http://example.com", true],
    ["a.com,*", "https://10.0.0.1:9091", true],
    // What is no entry names nothing.
    ["", "http://example.com", false],
    [".", "http://example.com", false],
    ["/8", "http://10.0.0.1", false],
    ["http://example.com", "http://example.com", false],
    // This machine is never reached through a proxy.
    ["", "http://localhost:9091", true],
    ["", "http://127.0.0.1:9091", true],
    ["", "http://127.8.9.10", true],
    ["", "https://[::1]:9091", true],
    ["", "http://[::ffff:127.0.0.1]", true],
    ["", "http://128.0.0.1", false],
    ["", "http://localhost.example.com", false],
  ])("%j and %s: %s", (noProxy, url, exempt) => {
    expect(isExemptFromProxy(noProxy, url)).toBe(exempt);
  });
});
