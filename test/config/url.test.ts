import { describe, expect, test } from "vitest";

import { parseServerUrl } from "../../src/config/url.ts";

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

  test("is not repeated in a message when it holds a password", () => {
    expect(() => parseServerUrl("http://a:hunter2@host")).toThrow(/^(?!.*hunter2)/);
  });
});
