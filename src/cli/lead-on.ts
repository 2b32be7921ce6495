import type { CommandUnknownOpts } from "@commander-js/extra-typings";

import { endpointAtEnd } from "../config/url.ts";

/** The command that is meant where only its group and a file are given. */
const implied: Readonly<Record<string, string>> = { check: "config", test: "rules", archive: "list" };

/**
 * Takes a command line as it was meant, where commander would only refuse it.
 * @param note reports what was understood differently from how it is written
 */
export function leadOn(
  argv: readonly string[],
  program: CommandUnknownOpts,
  note: (text: string) => void,
): readonly string[] {
  const called = program.commands.find((one) => one.name() === argv[0]);
  const known = new Set(called === undefined ? [] : flagsOf(called));
  return leadCommandOn(argv, program).map((word, index, words) => {
    if (words[index - 1] === "--gateway") return withoutEndpoint(word, note);
    const [, flag = "", value = ""] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    // With a value behind it, commander finds no flag that is spelt alike, and shows the value, which may be a secret.
    if (flag !== "" && !known.has(flag)) return flag;
    return flag === "--gateway" ? `${flag}=${withoutEndpoint(value, note)}` : word;
  });
}

function leadCommandOn(argv: readonly string[], program: CommandUnknownOpts): readonly string[] {
  const [first = "", second = "", ...rest] = argv;
  if (first === "version") return ["--version"];
  // Refuses an unknown one, instead of showing the help of all.
  if (first === "help" && second !== "")
    return hasCommand(program, second) ? [second, ...rest, "--help"] : [second];
  const command = implied[first];
  const group = program.commands.find((one) => one.name() === first);
  const isFile = /^[^-].*[./]|^[./]/.test(second) && group !== undefined && !hasCommand(group, second);
  return command !== undefined && isFile ? [first, command, second, ...rest] : argv;
}

function hasCommand({ commands }: CommandUnknownOpts, name: string): boolean {
  return commands.some((command) => command.name() === name);
}

function flagsOf({ options, commands }: CommandUnknownOpts): readonly string[] {
  return [...options.flatMap(({ long }) => long ?? []), ...commands.flatMap(flagsOf)];
}

/** With a slash at its end it is meant: a route prefix can be called like an endpoint. */
function withoutEndpoint(url: string, note: (text: string) => void): string {
  // As the browser shows it: the gateway's own page is at /#.
  const base = url.replace(/\/?#$/, "");
  const suffix = endpointAtEnd.exec(base)?.[0];
  if (suffix === undefined) return base;
  note(
    `--gateway: read without ${suffix} at its end, which the janitor adds itself; if that is a route prefix, write ${suffix}/`,
  );
  return base.slice(0, -suffix.length);
}
