import { describe, expect, test } from "vitest";
import { send } from "../../http.ts";
import { deleteGroup, push } from "../../push.ts";
import { readLabels, targets, utf8Targets } from "./targets.ts";

describe.each(targets)("$name", ({ start }) => {
  test("takes an escaped label name literally unless UTF-8 names are enabled", async () => {
    const { url } = await start();
    expect((await push(url, { job: "a", U__x_2e_y: "1" })).status).toBe(200);
    expect(await readLabels(url)).toEqual([{ job: "a", U__x_2e_y: "1" }]);
  });
});

describe.each(utf8Targets)("$name with UTF-8 names", ({ start, refusal }) => {
  test.each([
    ["U__x_2e_y", "x.y"],
    ["x.y", "x.y"],
    ["U__x__y", "x_y"],
    ["U___1F600_", "😀"],
    ["U___d800_", "U___d800_"],
    ["U__x_zz_", "U__x_zz_"],
    ["U__x_", "U__x_"],
    ["U___55___x", "U_x"],
    ["U___1234567_", "U___1234567_"],
  ])("a label name %s in the path means %s", async (written, name) => {
    const { url } = await start({ utf8Names: true });
    expect((await push(url, { job: "a", [written]: "1" })).status).toBe(200);
    expect(await readLabels(url)).toEqual([{ job: "a", [name]: "1" }]);
    expect((await deleteGroup(url, { job: "a", [written]: "1" })).status).toBe(202);
    await expect.poll(() => readLabels(url)).toEqual([]);
  });

  test("a reserved name passes when it is escaped, poisons the gateway, and can be deleted likewise", async () => {
    const { url } = await start({ utf8Names: true });
    expect((await push(url, { job: "a", U______x: "1" }, "y 1\n")).status).toBe(refusal);
    expect(await readLabels(url)).toEqual([{ job: "a", __x: "1" }]);
    expect((await push(url, { job: "b" }, "y 1\n")).status).toBe(refusal);
    await deleteGroup(url, { job: "a", U______x: "1" });
    expect((await push(url, { job: "b" }, "y 1\n")).status).toBe(200);
  });

  test("an empty name is refused", async () => {
    const { url } = await start({ utf8Names: true });
    expect(await push(url, { job: "a", U__: "1" })).toEqual({
      status: 400,
      body: 'improper label name "U__"\n',
    });
  });

  test("the exposition escapes names as the client asks", async () => {
    const { url } = await start({ utf8Names: true });
    expect((await push(url, { job: "a", "x.y": "1" }, '{"m.n","o.p"="2"} 3\n')).status).toBe(200);
    const line = async (accept?: string) => {
      const headers = accept === undefined ? {} : { accept: `text/plain;version=1.0.0;escaping=${accept}` };
      const { body } = await send(url, { path: "/metrics", headers });
      return body.split("\n").filter((text) => /^[^#].* 3$/.test(text));
    };
    expect(await line()).toEqual(['m_n{instance="",job="a",o_p="2",x_y="1"} 3']);
    expect(await line("allow-utf-8")).toEqual(['{"m.n",instance="",job="a","o.p"="2","x.y"="1"} 3']);
    expect(await line("values")).toEqual(['U__m_2e_n{instance="",job="a",U__o_2e_p="2",U__x_2e_y="1"} 3']);
  });
});
