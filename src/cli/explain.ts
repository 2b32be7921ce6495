import { ConfigError, type Config } from "../config/config.ts";
import type { Decision } from "../core/decide.ts";
import { formatDuration } from "../core/duration.ts";
import {
  decideAtAge,
  describeDeciding,
  describeMatch,
  describeNumbers,
  explain as explainRules,
} from "../core/explain.ts";
import { formatLabels, labelsKey, type Labels } from "../core/labels.ts";
import { titleOf } from "../core/printable.ts";
import type { Rule } from "../core/rule.ts";
import type { Plan } from "../core/plan.ts";
import { discover } from "../fleet/discover.ts";
import { readPlan } from "../fleet/read-plan.ts";
import { RequestError } from "../http/request-error.ts";
import { reasonWords } from "../report/advice.ts";
import { showText } from "../report/text.ts";
import { AnotherGateway } from "../sweep/same-gateway.ts";
import { exitCodes } from "./exit-code.ts";
import type { ExplainFlags } from "./flags.ts";
import type { Io } from "./io.ts";
import { parseLabels } from "./parse-labels.ts";
import { createCommandLog } from "./progress.ts";
import { createCommandToRestore, loadSettings } from "./settings.ts";

/** `explain job=ci instance=x`: which rule decides about such a group, and why; with a gateway, what is decided about its group. */
export async function explain(texts: readonly string[], flags: ExplainFlags, io: Io): Promise<number> {
  const labels = parseLabels(texts);
  const { age = null, only, gateway } = flags;
  if (age !== null && only !== undefined) throw new ConfigError("--only and --age exclude each other");
  const { config, warnings } = await loadSettings(flags);
  const warn = (warning: string): void => io.stderr.write(`${warning}\n`);
  warnings.forEach(warn);
  io.stdout.write(renderExplanation(labels, config.rules, age));
  if (age !== null || (only ?? gateway) === undefined) return exitCodes.done;
  const discovered = await discover(config, { world: io, warn, only });
  return explainOnGateways(labels, discovered.config, createCommandToRestore(flags, ["archive", "list"]), io);
}

/** What a sweep would decide about the group now, on each gateway that has it. */
async function explainOnGateways(
  labels: Labels,
  config: Config,
  commandToFind: (gateway: string, labels: Labels) => string,
  io: Io,
): Promise<number> {
  const { log, progress, clear } = createCommandLog("warn", "logfmt", io);
  let exitCode: number = exitCodes.done;
  for (const gateway of config.pushgateways) {
    try {
      const plan = await readPlan(gateway, config, { world: io, log, progress });
      clear();
      const decision = plan.decisions.find(({ group }) => group.key === labelsKey(labels));
      const noGroup =
        "  no such group: `report` prints the labels of all groups, and all labels of one are needed\n" +
        (config.archive === null ? "" : `  Was it deleted? ${commandToFind(gateway.name, labels)}\n`);
      const text = decision === undefined ? noGroup : renderDecision(decision, plan);
      io.stdout.write(`\n${titleOf(gateway.name, gateway.url, String, String)}:\n${text}`);
    } catch (error) {
      clear();
      const isExpected =
        error instanceof RequestError || error instanceof AnotherGateway || error instanceof ConfigError;
      if (!isExpected) throw error;
      if (io.stop.aborted) return io.signalExitCode();
      io.stderr.write(`${showText(`${gateway.name}: ${error.message}`)}\n`);
      exitCode = exitCodes.failed;
    }
  }
  return exitCode;
}

function renderDecision(decision: Decision, { circumstances, failedQueries }: Plan): string {
  const { verdict, rule } = decision;
  const numbers = describeNumbers(decision, circumstances);
  const failed = failedQueries.find((one) => one.rule === rule?.name);
  const lines = [
    ...(numbers === null ? [] : [numbers]),
    ...(failed === undefined ? [] : [`Its host counts as alive: ${failed.message}`]),
    `${verdict.verdict} (${verdict.reason}): ${reasonWords[verdict.reason]}.`,
  ];
  return lines.map((line) => `  ${showText(line)}\n`).join("");
}

function renderExplanation(labels: Labels, rules: readonly Rule[], age: number | null): string {
  const explanation = explainRules(rules, labels);
  const { deciding } = explanation;
  const lines = [formatLabels(labels), ""];
  for (const one of explanation.rules) lines.push(`  ${describeMatch(one, explanation)}`);
  lines.push("", ...describeDeciding(explanation));
  if (age !== null) {
    const { verdict } = decideAtAge(rules, labels, age);
    const keepsLatest = deciding !== null && deciding.action !== "keep" && deciding.keepLatest !== null;
    const unless = keepsLatest && verdict.verdict === "delete" ? ", unless it is one of those" : "";
    lines.push(`At an age of ${formatDuration(age)}: ${verdict.verdict} (${verdict.reason})${unless}`);
  }
  return `${lines.join("\n")}\n`;
}
