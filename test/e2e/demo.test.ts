import { existsSync } from "node:fs";

import { expect, it } from "vitest";

import { getText, send } from "../support/http.ts";
import { startProgram } from "../support/program.ts";
import { cli } from "../support/cli.ts";

it("demo --serve leaves gateway and page open to click, sweep and restore, until Ctrl-C", async () => {
  const program = startProgram(["demo", "--serve"]);
  let shown = "";
  program.process.stdout?.on("data", (text: string) => (shown += text));
  await expect.poll(() => shown, { timeout: 20_000 }).toContain("Ctrl-C ends all of it");
  const [page = "", gateway = "", rules = ""] = ["page", "gateway", "rules"].map(
    (what) => new RegExp(`^ +${what} +(\\S+)$`, "m").exec(shown)?.[1],
  );
  const old = 'instance="old-1"';
  const groups = (): Promise<string> => getText(gateway, "");
  await expect.poll(() => getText(page, ""), { timeout: 20_000 }).toContain("old-1");
  expect(await groups()).toContain(old);

  await send(page, { method: "POST", path: "/-/sweep" });
  await expect.poll(groups, { timeout: 20_000 }).not.toContain(old);

  const restored = await cli(["restore", `--match={${old}}`, `--config.file=${rules}`]);
  expect(restored).toMatchObject({ exitCode: 0 });
  expect(await groups()).toContain(old);

  program.process.kill("SIGINT");
  expect(await program.ended).toMatchObject({ exitCode: 0, stderr: "" });
  expect(existsSync(rules)).toBe(false);
});
