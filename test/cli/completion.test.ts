import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { describe, expect, it } from "vitest";

import { cli } from "../support/cli.ts";
import { pathPlaces } from "../support/program-places.ts";
import { testFolder } from "../support/service.ts";

/** What is typed, what is offered there, and what must not be. */
type Case = readonly [typed: string, offered: readonly string[], not: readonly string[]];

const cases: readonly Case[] = [
  ["", ["report", "completion"], ["janitor.yml"]],
  ["rep", ["report"], ["restore"]],
  ["check ", ["config", "web-config"], ["report", "janitor.yml"]],
  ["check config jan", ["janitor.yml"], ["config"]],
  ["report --li", ["--limit"], ["--listen"]],
  ["report --output=", ["summary", "json"], ["janitor.yml", "--all"]],
  ["report --output js", ["json"], ["csv"]],
  ["archive list --output=", ["csv"], ["html"]],
  ["once --dry-run --config.file=jan", ["janitor.yml"], []],
  ["report --ttl=", [], ["janitor.yml", "--all"]],
  ["completion ", ["bash", "fish"], ["janitor.yml"]],
];

const mayLack = (shell: string): boolean => !pathPlaces(shell).some((path) => existsSync(path));

/** A folder with a janitor.yml, the script for a shell, and a program that says what this shell offers. */
async function prepare(shell: string, program: string): Promise<(...words: string[]) => Promise<string>> {
  const folder = testFolder();
  writeFileSync(join(folder, "janitor.yml"), "");
  const { stdout } = await cli(["completion", shell]);
  writeFileSync(join(folder, "_pushgateway-janitor"), stdout);
  writeFileSync(join(folder, "program"), program);
  return async (...words) =>
    (await promisify(execFile)(shell, ["program", ...words], { cwd: folder, timeout: 20_000 })).stdout;
}

describe.skipIf(mayLack("bash"))("completion of bash", () => {
  it.each(cases)("after %j offers %j, and not %j", async (typed, offered, not) => {
    const offers = await prepare(
      "bash",
      `set -u; source ./_pushgateway-janitor
       COMP_WORDS=(pushgateway-janitor "$@"); COMP_CWORD=$#; COMPREPLY=()
       _pushgateway_janitor; printf '%s\\n' "\${COMPREPLY[@]-}"`,
    );
    // As bash does it: "=" is a word of its own, an empty word begins after a space, but not after "=".
    const words = typed.replaceAll("=", " = ").split(/ +/);
    if (typed.endsWith("=")) words.pop();
    const lines = (await offers(...words)).split("\n").map((line) => line.replace(/=$/, ""));
    expect(lines).toEqual(expect.arrayContaining([...offered]));
    expect(lines.filter((line) => not.includes(line))).toEqual([]);
  });
});

describe.skipIf(mayLack("fish"))("completion of fish", () => {
  it.each(cases)("after %j offers %j, and not %j", async (typed, offered, not) => {
    const offers = await prepare(
      "fish",
      'source ./_pushgateway-janitor; complete -C "pushgateway-janitor $argv[1]"',
    );
    const lines = (await offers(typed))
      .split("\n")
      .map((line) => line.replace(/^(?:--.*=)?([^\t]*).*/, "$1"));
    expect(lines).toEqual(expect.arrayContaining([...offered]));
    expect(lines.filter((line) => not.includes(line))).toEqual([]);
  });
});

describe.skipIf(mayLack("zsh"))("completion of zsh", () => {
  // Some of them, because each takes a second.
  it.each(cases.filter(([typed, offered]) => offered.length > 0 && /[= ]$/.test(typed)))(
    "after %j offers %j",
    async (typed, offered) => {
      // zsh completes in its line editor only, which needs a terminal.
      const offers = await prepare(
        "zsh",
        `zmodload zsh/zpty zsh/zselect
       await() {
         local chunk
         until [[ $out == *$1* ]]; do if zpty -rt z chunk; then out+=$chunk; else zselect -t 2; fi; done
       }
       zpty -b z "TERM=dumb PS1=at-prompt zsh -f -i"
       await at-prompt
       zpty -w z "fpath=($PWD \\$fpath); autoload -Uz compinit; compinit -u -D; echo REA''DY"
       await READY
       out=
       zpty -w -n z "pushgateway-janitor $1"$'\\t\\t'
       shift
       for word; do await $word; done
       print -r -- "$out"`,
      );
      expect(await offers(typed, ...offered)).toContain(offered[0] ?? "");
    },
  );
});

it("refuses a shell that it does not know", async () => {
  const { exitCode, stderr } = await cli(["completion", "tcsh"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining("bash, zsh, fish") });
});
