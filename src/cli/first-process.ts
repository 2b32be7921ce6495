import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** Where a `run` serves, as its flags say. */
export interface ServiceFlags {
  readonly listenAddress: string;
  readonly hasWebConfig: boolean;
}

/** In a container that is the janitor; a little init before it (`docker run --init`) shows the same arguments. */
const commandLine = "/proc/1/cmdline";
const mainFile = fileURLToPath(new URL("../main.js", import.meta.url));

export const defaultListenAddress = ":9717";

/**
 * What process 1 of this machine or container is.
 * @returns the flags of a `run`; `other-command`: the janitor, but no service; `stranger`: something else
 */
export async function readFirstProcess(): Promise<ServiceFlags | "other-command" | "stranger"> {
  const text = await readFile(commandLine, "utf8").catch(() => "");
  return parseCommandLine(text, mainFile);
}

/**
 * @param text arguments that end in NUL, as in /proc
 * @param main the path of the program that Node runs
 */
export function parseCommandLine(text: string, main: string): ServiceFlags | "other-command" | "stranger" {
  const argv = text.split("\0").slice(0, -1);
  const at = argv.indexOf(main);
  if (at === -1) return "stranger";
  const [command, ...flags] = argv.slice(at + 1);
  if (command !== "run") return "other-command";
  return {
    listenAddress: lastValue(flags, "--web.listen-address") ?? defaultListenAddress,
    hasWebConfig: lastValue(flags, "--web.config.file") !== undefined,
  };
}

/** `--name=value` and `--name value`; of several the last wins, as for `run`. */
function lastValue(argv: readonly string[], name: string): string | undefined {
  let value: string | undefined;
  for (const [index, arg] of argv.entries()) {
    if (arg.startsWith(`${name}=`)) value = arg.slice(name.length + 1);
    else if (arg === name) value = argv[index + 1];
  }
  return value;
}
