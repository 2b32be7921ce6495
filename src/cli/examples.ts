import type { CommandUnknownOpts } from "@commander-js/extra-typings";

/** How a command is used: its name (`archive list`; empty: the program itself), what for, and what follows it in a shell. */
export type Example = readonly [command: string, does: string, words: string];

export const examples: readonly Example[] = [
  ["", "how old the groups are, without a file; deletes nothing", "report --gateway=http://localhost:9091"],
  ["", "by the rules of janitor.yml in this folder", "report"],
  ["", "the flags and examples of a command", "help once"],
  ["report", "how old the groups of each job are, to choose a TTL by", "--gateway=http://localhost:9091"],
  ["report", "one TTL for every group", "--gateway=http://localhost:9091 --ttl=30d"],
  ["report", "what the rules of a file would delete a week from now", "--config.file=janitor.yml --at=+7d"],
  ["report", "all groups of a job, kept ones too", `--match='{job="batch"}' --all`],
  ["explain", "which rule decides, offline", "job=ci instance=runner-1 --age=3h"],
  ["explain", "a group as it is on a gateway of the file", `'{job="ci", instance="runner-1"}' --only=batch`],
  ["suggest", "rules to paste, without a file", "--prometheus=http://localhost:9090 --window=30d"],
  ["doctor", "why pushes are refused, and how long one takes", "--gateway=http://localhost:9091 --probe"],
  ["demo", "report, sweep and report again", ""],
  ["demo", "a gateway and the page, to click around", "--serve"],
  ["once", "what janitor.yml would delete", "--dry-run"],
  ["once", "delete it, and write metrics for node_exporter", "--metrics.textfile=/var/tmp/janitor.prom"],
  ["once", "although most of the groups have expired", "--only=batch --limits.max-delete-ratio=0.9"],
  ["run", "the service, with metrics and page on localhost only", "--web.listen-address=localhost:9717"],
  ["run", "a first day without deleting anything", "--config.file=/etc/janitor.yml --dry-run"],
  ["delete", "hosts that nobody has pushed to for an hour", `'instance=~"web-.*"' --older-than=1h`],
  ["delete", "this group, and none with more labels", `job=batch instance=web-1 --exact`],
  ["restore", "what was deleted today, as a rehearsal", "--since=today --dry-run"],
  ["restore", "one host, from another folder", `/backup/archive --match='{instance="web-1"}'`],
  ["archive list", "what was deleted in the last two hours", "--since=2h"],
  ["archive list", "everything of a job, for a spreadsheet", `--match='{job="batch"}' --output=csv`],
  ["check config", "problems with line and column, or what was understood", "janitor.yml"],
  ["check web-config", "TLS and users of the page", "web.yml"],
  ["check notifications", "a test message to every receiver", "janitor.yml"],
  ["test rules", "in CI", "janitor.test.yml --output=junit"],
  ["completion", "in ~/.bashrc: source <(this)", "bash"],
  ["completion", "in a folder of $fpath, for zsh", `zsh > "\${fpath[1]}/_pushgateway-janitor"`],
  ["completion", "in ~/.config/fish/config.fish", "fish | source"],
  ["healthcheck", "a service on another port", "--web.listen-address=:9718"],
];

/** @returns as `pushgateway-janitor report --all` */
export function commandLineOf([command, , words]: Example): string {
  return ["pushgateway-janitor", command, words].filter((part) => part !== "").join(" ");
}

/** Adds to the help of a command, and of all below it, how it is used. Groups show the examples of their commands. */
export function addExamples(command: CommandUnknownOpts, path = ""): void {
  const own = examples.filter(([name]) => name === path || (path !== "" && name.startsWith(`${path} `)));
  const lines = own.map((example) => `  # ${example[1]}\n  ${commandLineOf(example)}\n`);
  command.addHelpText("after", `\nExamples:\n${lines.join("")}`);
  for (const child of command.commands) addExamples(child, `${path} ${child.name()}`.trim());
}
