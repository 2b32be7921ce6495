import { describe, expect, test } from "vitest";
import { getText, send } from "../../http.ts";
import { deleteGroup, push } from "../../push.ts";
import { readLabels, targets } from "./targets.ts";

describe.each(targets)("$name", ({ start }) => {
  describe("a deletion", () => {
    test("removes exactly the group of these labels, in whatever order they come", async () => {
      const { url } = await start();
      for (const labels of [{ job: "a" }, { job: "a", x: "1" }, { job: "a", x: "1", y: "2" }])
        await push(url, labels);
      expect((await deleteGroup(url, { y: "2", x: "1", job: "a" })).status).toBe(202);
      await expect.poll(() => readLabels(url)).toEqual([{ job: "a" }, { job: "a", x: "1" }]);
      await deleteGroup(url, { job: "a" });
      await expect.poll(() => readLabels(url)).toEqual([{ job: "a", x: "1" }]);
    });

    test("of an absent group is accepted", async () => {
      const { url } = await start();
      expect(await deleteGroup(url, { job: "absent" })).toEqual({ status: 202, body: "" });
      await push(url, { job: "later" });
      expect(await readLabels(url)).toEqual([{ job: "later" }]);
    });
  });

  describe("a path", () => {
    test.each([
      ["/metrics/job@base64/YS9i/x@base64/=/y@base64/YQ==", { job: "a/b", x: "", y: "a" }],
      ["/metrics/job/a/x@base64/0LY", { job: "a", x: "ж" }],
      ["/metrics/job/a/x/%D0%B6%20b?c=d", { job: "a", x: "ж b" }],
      ["/metrics/job/a/", { job: "a" }],
      ["/metrics/job/a/x/", { job: "a", x: "" }],
      ["/metrics/job/a/x/1/x/2/job/b", { job: "a", x: "2" }],
      ["/metrics/job/a/x@base64/Y%0AQ", { job: "a", x: "a" }],
      ["/metrics/job/a/constructor/c/hasOwnProperty/h", { job: "a", constructor: "c", hasOwnProperty: "h" }],
    ])("%s means its labels, to a push and to a deletion", async (path, labels) => {
      const { url } = await start();
      expect(await send(url, { method: "PUT", path })).toMatchObject({ status: 200 });
      expect(await readLabels(url)).toEqual([labels]);
      expect(await send(url, { method: "DELETE", path })).toMatchObject({ status: 202 });
      await expect.poll(() => readLabels(url)).toEqual([]);
    });

    test.each([
      ["/metrics/job@base64/=", "job name is required"],
      ["/metrics/job/a/x", 'odd number of components in label string "/x"'],
      ["/metrics/job/a/x/y%2Fz", 'odd number of components in label string "/x/y/z"'],
      ["/metrics/job/a/__x/y", 'improper label name "__x"'],
      ["/metrics/job/a/1x/y", 'improper label name "1x"'],
      ["/metrics/job/a/x-y/z", 'improper label name "x-y"'],
      ["/metrics/job/a/@base64/YQ", 'improper label name ""'],
      [
        "/metrics/job/a/x@base64/!!",
        'invalid base64 encoding for label x="!!": illegal base64 data at input byte 0',
      ],
      [
        "/metrics/job/a/x@base64/Y+8",
        'invalid base64 encoding for label x="Y+8": illegal base64 data at input byte 1',
      ],
    ])("%s is a bad request", async (path, message) => {
      const { url } = await start();
      for (const method of ["PUT", "DELETE"]) {
        expect(await send(url, { method, path })).toMatchObject({ status: 400, body: `${message}\n` });
      }
    });

    test.each([
      ["/metrics/job/a/x/..", "/metrics/job/a"],
      ["/metrics/job/a/x/%2e%2e", "/metrics/job/a"],
      ["/metrics/job/a/x/%2E", "/metrics/job/a/x"],
      ["/metrics/job/a//x/y", "/metrics/job/a/x/y"],
      ["/metrics/job//x/y", "/metrics/job/x/y"],
      ["/metrics/job/..", "/metrics"],
    ])("%s is folded, and names another group", async (path, location) => {
      const { url } = await start();
      expect(await send(url, { method: "DELETE", path })).toMatchObject({
        status: 301,
        headers: { location },
      });
    });

    test.each([
      ["GET", "/nope", 404],
      ["GET", "/api/v1/nope", 404],
      ["PUT", "/metrics/job", 404],
      ["PUT", "/metrics/job@base64/", 404],
      ["PUT", "/metrics/job/a/x/%zz", 400],
      ["HEAD", "/api/v1/metrics", 405],
      ["HEAD", "/metrics", 405],
      ["POST", "/api/v1/metrics", 405],
      ["DELETE", "/metrics", 405],
      ["GET", "/metrics/job/a", 405],
    ])("%s %s is answered with %i", async (method, path, status) => {
      const { url } = await start();
      expect((await send(url, { method, path })).status).toBe(status);
    });

    test.each([
      ["//api/v1/metrics", "/api/v1/metrics"],
      ["/api/v1", "/api/v1/"],
      ["/-/healthy/", "/-/healthy"],
      ["/metrics/", "/metrics"],
      ["/api/v1/metrics/", "/metrics"],
    ])("GET %s redirects to %s", async (path, location) => {
      const { url } = await start();
      expect(await send(url, { path })).toMatchObject({ status: 301, headers: { location } });
    });

    test("starts with the route prefix, and only then", async () => {
      const { url } = await start({ routePrefix: "/push/gateway" });
      expect(await push(url, { job: "a" }, "x 1\n")).toMatchObject({ status: 200 });
      expect(await readLabels(url)).toEqual([{ job: "a" }]);
      expect(await getText(url, "/metrics")).toContain('x{instance="",job="a"} 1\n');
      expect(await getText(url, "/-/healthy")).toBe("OK");
      const root = url.replace("/push/gateway", "");
      expect((await send(root, { path: "/api/v1/metrics" })).status).toBe(404);
      expect((await send(root, { method: "DELETE", path: "/metrics/job/a" })).status).toBe(404);
    });
  });
});
