import { exitCodes } from "../../src/cli/exit-code.ts";
import {
  skipReasons,
  sweepFailureReasons,
  deleteReasons,
  keepReasons,
  withholdReasons,
} from "../../src/core/verdict.ts";
import { adviseOnWithheld, reasonWords } from "../../src/report/advice.ts";
import { declaredFamilies } from "../support/families.ts";
import { listCommands } from "./commands.ts";
import { environment } from "./environment.ts";
import { listKeys } from "./keys.ts";

/** The page of everything that can be looked up, written by the code itself. */
export function renderReference(): string {
  const parts = [
    "# Reference",
    "Flags, environment, keys, verdicts, metrics and exit codes, generated from the code (`npx vitest run test/docs -u`). The " +
      "[README](../README.md) and the pages beside this one explain them.",
    "## Flags",
    "Every command has `--help`; `pushgateway-janitor --version` prints the version. A flag overrides the file.",
    ...listCommands().map(renderCommand),
    "## Environment",
    table(
      ["variable", "is"],
      Object.entries(environment).map(([name, what]) => [code(name), what]),
    ),
    "## Keys of janitor.yml",
    "[config/janitor.yml](../config/janitor.yml) shows all of them in use. `[]` is each entry of a list, `*` a name of your own.",
    table(
      ["key", "default", "is"],
      listKeys().map((key) => [code(key.path), renderDefault(key), describeKey(key)]),
    ),
    "## Verdicts",
    table(
      ["verdict", "reason", "means"],
      [
        ...deleteReasons.map((reason) => ["`delete`", code(reason), reasonWords[reason]]),
        ...keepReasons.map((reason) => ["`keep`", code(reason), reasonWords[reason]]),
        ...withholdReasons.map((reason) => [
          "`withhold`",
          code(reason),
          `${reasonWords[reason]}. ${adviseOnWithheld(reason)}`,
        ]),
      ],
    ),
    "## Metrics",
    "Names begin with `pushgateway_janitor_`. Times are Unix seconds, 0 for never; NaN is not known. `once` has the gauges only. `run` also has " +
      "`process_*` and `nodejs_*` under the names that every program with prom-client has.",
    table(
      ["metric", "type", "labels", "is"],
      [...declaredFamilies()].map(([name, { type, labels, help }]) => [code(name), type, list(labels), help]),
    ),
    "Values of `reason`:",
    `\`sweep_failures_total\`, \`last_sweep_failure_info\`: ${list(sweepFailureReasons)}.`,
    `\`sweeps_skipped_total\`: ${list(skipReasons)}.`,
    `\`groups_withheld_total\`, \`withhold_groups\`: ${list(withholdReasons)}.`,
    "## Exit codes",
    `${Object.entries(exitCodes)
      .map(([name, number]) => `${number} ${name}`)
      .join(", ")}.`,
  ];
  return `${parts.join("\n\n")}\n`;
}

function renderCommand({ usage, description, options }: ReturnType<typeof listCommands>[number]): string {
  const flags = options.map(({ flags, description, defaultValue, defaultValueDescription, argChoices }) => [
    code(flags),
    typeof defaultValue === "string" || typeof defaultValue === "number"
      ? code(defaultValueDescription ?? String(defaultValue))
      : "",
    [description, argChoices === undefined ? "" : list(argChoices)].filter((one) => one !== "").join(": "),
  ]);
  const shown = flags.length === 0 ? [] : [table(["flag", "default", "does"], flags)];
  return [`### ${code(`pushgateway-janitor ${usage}`)}`, description.replaceAll("\n", " "), ...shown].join(
    "\n\n",
  );
}

function renderDefault({ default: value }: ReturnType<typeof listKeys>[number]): string {
  return value === undefined ? "" : code(typeof value === "string" ? value : JSON.stringify(value));
}

function describeKey({ description, values, like }: ReturnType<typeof listKeys>[number]): string {
  const choice = values === undefined ? "" : ` One of ${list(values)}.`;
  return `${description}${choice}${like === null ? "" : ` With the keys of ${code(like)}.`}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function list(values: readonly unknown[]): string {
  return values.map((value) => code(String(value))).join(", ");
}

function code(text: string): string {
  return `\`${text}\``;
}
