import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { parseYamlTexts } from "../../src/config/file/yaml.ts";
import { Discovery } from "../../src/discovery/discovery.ts";
import { createFileReader } from "../../src/discovery/read-files.ts";

const signal = new AbortController().signal;

describe("file discovery", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "file-sd-"));
    return () => rmSync(folder, { recursive: true, force: true });
  });

  const write = (name: string, text: string | Uint8Array): void => writeFileSync(join(folder, name), text);
  const discover = (...patterns: string[]): Discovery =>
    new Discovery({
      mechanism: "file",
      read: createFileReader(
        patterns.map((pattern) => join(folder, pattern)),
        parseYamlTexts,
      ),
      defaults: { scheme: "http", pathPrefix: "", allowLinkLocal: false },
    });
  const refresh = async (discovery: Discovery): Promise<readonly string[]> => {
    await discovery.refresh(signal);
    return discovery.state().gateways.map(({ name }) => name);
  };
  /** Without the folder. */
  const problemsOf = (discovery: Discovery): readonly string[] =>
    discovery.state().problems.map((problem) => problem.replaceAll(`${folder}/`, ""));

  it("reads JSON and YAML, and in YAML reads a number as a text, as Prometheus does", async () => {
    write("a.json", '[{"targets": ["a:1"], "labels": {"team": "x"}}]');
    write(
      "b.yml",
      "- targets: ['b:2', c:3]\n  labels: { rack: 7, on: yes, none: }\n- targets: [d:4]\n  labels:\n",
    );
    write("c.YAML", "[]");
    const discovery = discover("a.json", "b.yml", "c.YAML");
    expect(await refresh(discovery)).toEqual(["a:1", "b:2", "c:3", "d:4"]);
    expect(discovery.state()).toMatchObject({ asked: true, answered: true, problems: [] });
  });

  it("finds files by * and ?, in the order of their names, and others when they come", async () => {
    for (const name of ["b-1.yml", "a-1.yml", "a-10.yml", "a-1.yml.tmp", "a_1.yml"])
      write(name, `- targets: ["${name}:1"]`);
    const discovery = discover("a-?.yml", "b*.yml");
    expect(await refresh(discovery)).toEqual(["a-1.yml:1", "b-1.yml:1"]);
    write("b-2.yml", "- targets: [new:1]");
    expect(await refresh(discovery)).toEqual(["a-1.yml:1", "b-1.yml:1", "new:1"]);
    expect(await refresh(discover("*.yml"))).toHaveLength(5);
  });

  it("does not get lost in many wildcards", async () => {
    write(`${"a".repeat(200)}.yml`, "- targets: [a:1]");
    expect(await refresh(discover(`${"*a".repeat(40)}*b.yml`))).toEqual([]);
    expect(await refresh(discover(`${"*a".repeat(40)}*.yml`))).toEqual(["a:1"]);
  });

  it("follows a ConfigMap: a link to a folder that is swapped", async () => {
    for (const version of ["1", "2"]) {
      mkdirSync(join(folder, version));
      write(`${version}/gateways.yml`, `- targets: [v${version}:1]`);
    }
    symlinkSync("1", join(folder, "data"));
    symlinkSync("data/gateways.yml", join(folder, "gateways.yml"));
    const discovery = discover("*.yml");
    expect(await refresh(discovery)).toEqual(["v1:1"]);
    symlinkSync("2", join(folder, "data-new"));
    renameSync(join(folder, "data-new"), join(folder, "data"));
    expect(await refresh(discovery)).toEqual(["v2:1"]);
  });

  it("reads a file that is replaced by a rename completely", async () => {
    write("a.json", '[{"targets": ["old:1"]}]');
    const discovery = discover("a.json");
    await refresh(discovery);
    write("a.json.tmp", '[{"targets": ["new:1"]}]');
    expect(await refresh(discovery)).toEqual(["old:1"]);
    renameSync(join(folder, "a.json.tmp"), join(folder, "a.json"));
    expect(await refresh(discovery)).toEqual(["new:1"]);
  });

  it.each<[string, string, string | Uint8Array, string]>([
    ["half-written JSON", "a.json", '[{"targets": ["a:1"', "a.json: not valid JSON, or half written"],
    ["half-written YAML", "a.yml", "- targets: [a:1, b", "a.yml: not valid YAML, or half written: "],
    ["an empty JSON file", "a.json", "", "a.json: not valid JSON, or half written"],
    ["an empty YAML file", "a.yml", "", "the file is empty"],
    ["a YAML file of comments", "a.yml", "# soon\n", "the file is empty"],
    ["a key twice", "a.yml", "- targets: [a:1]\n  targets: [b:1]", 'line 2: "targets" is given twice'],
    ["brackets without end", "a.yml", "[".repeat(1024 * 1024), "nested more than 100 levels deep"],
    ["another shape", "a.yml", "targets: [a:1]", "a.yml: expected a list of target groups"],
    ["a group of nothing", "a.json", "[null]", "a.json: target group 1: expected a mapping"],
    ["bytes that are no text", "a.json", Uint8Array.of(0x5b, 0xff, 0x5d), "a.json: not UTF-8"],
    ["a bomb of aliases", "a.yml", bomb(), "a.yml: "],
    ["far too much YAML", "a.yml", `[${" ".repeat(1024 * 1024)}]`, "a.yml: longer than 1 MiB"],
    ["far too much", "a.json", `[${" ".repeat(8 * 1024 * 1024)}]`, "a.json: longer than 8 MiB"],
  ])("keeps the last good answer of a file while it holds %s", async (_, name, text, problem) => {
    write(name, name.endsWith("json") ? '[{"targets": ["good:1"]}]' : "- targets: [good:1]");
    const discovery = discover(name);
    expect(await refresh(discovery)).toEqual(["good:1"]);
    write(name, text);
    expect(await refresh(discovery)).toEqual(["good:1"]);
    expect(problemsOf(discovery)).toEqual([expect.stringContaining(problem)]);
    expect(problemsOf(discovery)[0]).toMatch(/; its last good answer counts$/);

    // Who never knew better has no answer.
    const fresh = discover(name);
    expect(await refresh(fresh)).toEqual([]);
    expect(fresh.state()).toMatchObject({ asked: true, answered: false });
  });

  it("forgets a file that is gone, and says that there is none", async () => {
    write("a.yml", "- targets: [a:1]");
    write("b.yml", "- targets: [b:1]");
    const discovery = discover("?.yml", "other.json");
    expect(await refresh(discovery)).toEqual(["a:1", "b:1"]);
    rmSync(join(folder, "a.yml"));
    expect(await refresh(discovery)).toEqual(["b:1"]);
    rmSync(join(folder, "b.yml"));
    expect(await refresh(discovery)).toEqual([]);
    expect(problemsOf(discovery)).toEqual(["no file is ?.yml", "no file is other.json"]);
  });

  it("keeps what it knows while the folder itself cannot be listed", async () => {
    mkdirSync(join(folder, "sub"));
    write("sub/a.yml", "- targets: [a:1]");
    const discovery = discover("sub/*.yml");
    await refresh(discovery);
    rmSync(join(folder, "sub"), { recursive: true });
    write("sub", "a file where the folder was");
    expect(await refresh(discovery)).toEqual(["a:1"]);
    expect(problemsOf(discovery).join()).toContain("it is not a folder");
  });

  it("does not wait for a folder or a pipe with a file's name", async () => {
    mkdirSync(join(folder, "a.yml"));
    const discovery = discover("a.yml");
    expect(await refresh(discovery)).toEqual([]);
    expect(problemsOf(discovery)).toEqual(["a.yml: not a file"]);
  });

  it("reads ten thousand gateways", { timeout: 60_000 }, async () => {
    const groups = Array.from(
      { length: 10_000 },
      (_, index) => `- targets: [gateway-${index}:9091]\n  labels: { team: t }`,
    );
    write("all.yml", groups.join("\n"));
    expect(await refresh(discover("all.yml"))).toHaveLength(10_000);
  });
});

function bomb(): string {
  const lines = ["- &a0 { targets: [x, x, x, x, x, x, x, x, x, x] }"];
  for (let level = 1; level < 12; level += 1)
    lines.push(`- &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(", ")}]`);
  return lines.join("\n");
}

describe("a discovery", () => {
  const targets = (...addresses: string[]) =>
    addresses.map((address) => ({ address, labels: new Map<string, string>() }));
  const defaults = { scheme: "http", pathPrefix: "", allowLinkLocal: false } as const;

  it("leaves out single targets that cannot be swept, and says so once for each", async () => {
    const answer = { ok: true, targets: targets("a:1", "u:hunter2@b:1", "c:1/x", "c:1/x") } as const;
    const discovery = new Discovery({
      mechanism: "file",
      defaults,
      read: () => Promise.resolve(new Map([["p", answer]])),
    });
    await discovery.refresh(signal);
    expect(discovery.state().gateways).toEqual([{ name: "a:1", url: "http://a:1" }]);
    expect(discovery.state().problems).toEqual([
      expect.stringContaining("must not hold credentials"),
      expect.stringContaining('target "c:1/x" is not swept: a target is host:port, without a scheme'),
    ]);
    expect(discovery.state().problems.join()).not.toContain("hunter2");
  });

  it("says only twenty times what is wrong with the same answer", async () => {
    const answer = {
      ok: true,
      targets: targets(...Array.from({ length: 1000 }, (_, index) => `x${index}/`)),
    } as const;
    const discovery = new Discovery({
      mechanism: "file",
      defaults,
      read: () => Promise.resolve(new Map([["p", answer]])),
    });
    await discovery.refresh(signal);
    expect(discovery.state().problems).toHaveLength(21);
    expect(discovery.state().problems.at(-1)).toBe("980 more targets are not swept for such reasons");
  });

  it("is asked once for two who want it at the same time, and learns nothing from what is cut off", async () => {
    let asked = 0;
    const stop = new AbortController();
    const discovery = new Discovery({
      mechanism: "dns",
      defaults,
      read: () => {
        asked += 1;
        return Promise.resolve(new Map([["p", { ok: true, targets: targets("a:1") } as const]]));
      },
    });
    expect(await Promise.all([discovery.refresh(signal), discovery.refresh(signal)])).toEqual([true, false]);
    expect(asked).toBe(1);
    stop.abort();
    expect(await discovery.refresh(stop.signal)).toBe(false);
  });

  it("takes over what another one knew of the same files, and has not been asked itself", async () => {
    const answer = { ok: true, targets: targets("a:1") } as const;
    const before = new Discovery({
      mechanism: "dns",
      defaults,
      read: () => Promise.resolve(new Map([["p", answer]])),
    });
    await before.refresh(signal);
    const after = new Discovery({
      mechanism: "dns",
      defaults: { scheme: "https", pathPrefix: "/p", allowLinkLocal: false },
      before,
      read: () => Promise.resolve(new Map([["p", { ok: false, problem: "down" } as const]])),
    });
    expect(after.state()).toMatchObject({
      asked: false,
      answered: true,
      gateways: [{ url: "https://a:1/p" }],
    });
    await after.refresh(signal);
    expect(after.state()).toMatchObject({
      gateways: [{ url: "https://a:1/p" }],
      problems: ["down; its last good answer counts"],
    });
  });
});
