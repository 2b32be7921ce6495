import { describe, expect, it } from "vitest";

import { displayProxy, findEnvironmentProxy, proxyAuthorization } from "../../src/http/proxy.ts";

describe("the proxy that the environment names", () => {
  it.each([
    ["HTTP_PROXY for http", { HTTP_PROXY: "http://p:1" }, "http://a", "http://p:1"],
    ["HTTPS_PROXY for https", { HTTPS_PROXY: "http://p:1" }, "https://a", "http://p:1"],
    ["not HTTP_PROXY for https", { HTTP_PROXY: "http://p:1" }, "https://a", null],
    ["not HTTPS_PROXY for http", { HTTPS_PROXY: "http://p:1" }, "http://a", null],
    ["in lower case, too", { https_proxy: "http://p:1" }, "https://a", "http://p:1"],
    ["capitals first", { HTTP_PROXY: "http://p:1", http_proxy: "http://q:1" }, "http://a", "http://p:1"],
    ["an empty one is none", { HTTP_PROXY: "", http_proxy: "http://q:1" }, "http://a", "http://q:1"],
    ["without its scheme", { HTTP_PROXY: "me:pw@p:1" }, "http://a", "http://me:pw@p:1"],
    ["unless NO_PROXY names the server", { HTTP_PROXY: "http://p:1", NO_PROXY: "a" }, "http://a", null],
    ["or no_proxy does", { HTTP_PROXY: "http://p:1", no_proxy: ".a" }, "http://b.a", null],
    ["or it is this machine", { HTTP_PROXY: "http://p:1" }, "http://localhost:9091", null],
    ["none", {}, "http://a", null],
  ])("%s", (_, env, url, proxy) => {
    expect(findEnvironmentProxy(url, env)).toEqual({ ok: true, url: proxy });
  });

  it.each(["socks5://me:s3cret@p:1", "http://", "http://me:s3cret@p:99999"])(
    "is refused if it is no URL of a proxy, rather than gone around: %s",
    (value) => {
      const found = findEnvironmentProxy("https://a", { HTTPS_PROXY: value });
      expect(found).toEqual({
        ok: false,
        message: "HTTPS_PROXY: a proxy's URL must look like http://proxy:3128",
      });
    },
  );
});

describe("the login for a proxy", () => {
  const basic = (pair: string): object => ({
    "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}`,
  });

  it.each([
    ["http://p:1", {}],
    ["http://me:pw@p:1", basic("me:pw")],
    ["http://me@p:1", basic("me:")],
    ["http://:pw@p:1", basic(":pw")],
    ["http://me%40home:p%3Aw%2F@p:1", basic("me@home:p:w/")],
    ["http://me:100%@p:1", basic("me:100%")],
  ])("of %s", (url, header) => {
    expect(proxyAuthorization(url)).toEqual(header);
  });

  it("is left out where the proxy is named", () => {
    expect(displayProxy("http://me:pw@proxy:3128/path?query")).toBe("http://proxy:3128");
  });
});
