import type { CommandUnknownOpts, Option } from "@commander-js/extra-typings";

import { createProgram } from "../../src/cli/program.ts";
import type { Io } from "../../src/cli/io.ts";
import { readOutput } from "../support/output.ts";

export interface DocumentedCommand {
  /** For example `archive list`. */
  readonly name: string;
  /** With its arguments. */
  readonly usage: string;
  readonly description: string;
  readonly options: readonly Option[];
}

/** Every command that does something, as commander knows it. */
export function listCommands(): readonly DocumentedCommand[] {
  const nowhere = readOutput(() => {});
  const program = createProgram({ stdout: nowhere, stderr: nowhere } as unknown as Io, () => {});
  return program.commands.flatMap((command) => leaves(command, ""));
}

function leaves(command: CommandUnknownOpts, parent: string): readonly DocumentedCommand[] {
  const name = `${parent}${command.name()}`;
  if (command.commands.length > 0) return command.commands.flatMap((child) => leaves(child, `${name} `));
  const parameters = command.registeredArguments.map((argument) => {
    const text = `${argument.name()}${argument.variadic ? "..." : ""}`;
    return argument.required ? `<${text}>` : `[${text}]`;
  });
  return [
    {
      name,
      usage: [name, ...(command.options.length > 0 ? ["[flags]"] : []), ...parameters].join(" "),
      description: command.description(),
      options: command.options,
    },
  ];
}
