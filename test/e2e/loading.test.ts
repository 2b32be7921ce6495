import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { expect, it } from "vitest";

import { startLightGateway } from "../support/gateways.ts";
import { startProgram, type Program } from "../support/program.ts";
import { testFolder } from "../support/service.ts";

/** The files that Node has loaded by the end of a command, as its own coverage lists them. */
async function loadedBy(
  argv: readonly string[],
  meanwhile: (program: Program) => Promise<void> = () => Promise.resolve(),
): Promise<readonly string[]> {
  const folder = testFolder();
  const program = startProgram(argv, { env: { NODE_V8_COVERAGE: folder } });
  await meanwhile(program);
  expect(await program.ended).toMatchObject({ exitCode: 0 });
  const coverages = await Promise.all(
    (await readdir(folder)).map(
      async (file) =>
        JSON.parse(await readFile(join(folder, file), "utf8")) as { result: readonly { url: string }[] },
    ),
  );
  return coverages.flatMap(({ result }) => result.map(({ url }) => url)).filter((url) => url !== "");
}

const has = (files: readonly string[], part: string): boolean => files.some((file) => file.includes(part));

const filesOnly = ["node_modules/yaml/", "node_modules/re2js/"];
const serviceOnly = ["node_modules/prom-client/", "node_modules/node-cron/", "dist/service/"];
const whoDeletes = ["dist/sweep/delete-expired.js", "dist/archive/archive.js"];

it("does not load for --help what talks to a gateway or reads a configuration", async () => {
  const files = await loadedBy(["--help"]);
  expect(has(files, "dist/cli/program.js")).toBe(true);
  const parts = [...filesOnly, ...serviceOnly, ...whoDeletes, "node_modules/undici/", "node_modules/pino/"];
  expect(parts.filter((part) => has(files, part))).toEqual([]);
});

it("does not load for a report without a file what deletes, serves or reads files", async () => {
  const files = await loadedBy(["report", `--gateway=${await startLightGateway()}`, "--ttl=1d"]);
  expect(has(files, "dist/sweep/sweep.js")).toBe(true);
  const parts = [...filesOnly, ...serviceOnly, ...whoDeletes, "dist/discovery/read-files.js"];
  expect(parts.filter((part) => has(files, part))).toEqual([]);
});

it("loads for `once` what deletes when something has expired", async () => {
  const flags = [`--gateway=${await startLightGateway()}`, "--ttl=1d", "--log.level=error"];
  const files = await loadedBy(["once", ...flags]);
  expect(has(files, "dist/sweep/delete-expired.js")).toBe(true);
  expect(has(files, "node_modules/pino/")).toBe(true);
  expect(has(files, "dist/archive/archive.js")).toBe(false);
});

it("loads for `run` what deletes before anything has expired: an upgrade may replace the files meanwhile", async () => {
  const flags = [`--gateway=${await startLightGateway()}`, "--ttl=2000d", "--web.listen-address=127.0.0.1:0"];
  const files = await loadedBy(["run", ...flags], async (program) => {
    await program.shows("msg=Listening");
    program.process.kill("SIGTERM");
  });
  const parts = [...whoDeletes, "node_modules/pino/"];
  expect(parts.filter((part) => !has(files, part))).toEqual([]);
});

it("reports without loading Node's own undici beside the one that it uses", async () => {
  const folder = testFolder();
  const [probe, file] = [join(folder, "probe.mjs"), join(folder, "end.json")];
  const code = `import { writeFileSync } from "node:fs";
process.on("exit", () => {
  const modules = process.moduleLoadList.filter((name) => name.includes("undici"));
  writeFileSync(${JSON.stringify(file)}, JSON.stringify(modules));
});`;
  await writeFile(probe, code);
  const NODE_OPTIONS = `--import=${pathToFileURL(probe).href}`;
  const flags = [`--gateway=${await startLightGateway()}`, "--ttl=1d"];
  const { ended } = startProgram(["report", ...flags], { env: { NODE_OPTIONS } });
  expect(await ended).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(await readFile(file, "utf8"))).toEqual([]);
});
