import type { CommandUnknownOpts, Option } from "@commander-js/extra-typings";

import type { Shell } from "./flags.ts";

/** What can follow the words of a command. */
interface Level {
  /** As `archive list`; empty: the program itself. */
  readonly path: string;
  /** Commands below it, or the values of its argument. */
  readonly words: readonly { readonly word: string; readonly about: string }[];
  readonly flags: readonly Flag[];
  readonly takesFiles: boolean;
}

interface Flag {
  /** As `--output`. */
  readonly name: string;
  readonly about: string;
  readonly value: "none" | "any" | "file" | readonly string[];
}

/** Renders the script by which a shell completes the commands below `program`, their flags, and values of these. */
export function renderCompletion(shell: Shell, program: CommandUnknownOpts): string {
  return { bash: renderBash, zsh: renderZsh, fish: renderFish }[shell](levelsOf(program, ""));
}

function levelsOf(command: CommandUnknownOpts, path: string): readonly Level[] {
  const help = command.createHelp();
  const choices = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
  const level = {
    path,
    words: [
      ...help
        .visibleCommands(command)
        .map((child) => ({ word: child.name(), about: child.summary() || child.description() })),
      ...choices.map((word) => ({ word, about: "" })),
    ],
    flags: help.visibleOptions(command).map(describeFlag),
    takesFiles: command.registeredArguments.some((argument) => /^(?:file|archive)$/.test(argument.name())),
  };
  return [level, ...command.commands.flatMap((child) => levelsOf(child, `${path} ${child.name()}`.trim()))];
}

function describeFlag({ long, flags, description, argChoices, required }: Option): Flag {
  const value = flags.endsWith("<file>") ? "file" : "any";
  return { name: long ?? flags, about: description, value: required ? (argChoices ?? value) : "none" };
}

function renderBash(levels: readonly Level[]): string {
  const flagCases = levels.flatMap(({ path, flags }) =>
    flags.flatMap(({ name, value }) => {
      if (value === "none") return [];
      const reply = value === "file" ? "files=yes" : `words="${value === "any" ? "" : value.join(" ")}"`;
      return `    "${path} ${name}") ${reply} ;;`;
    }),
  );
  const levelCases = levels.map(({ path, words, flags, takesFiles }) => {
    const names = flags.map(({ name, value }) => (value === "none" ? name : `${name}=`));
    const all = [...words.map(({ word }) => word), ...names].join(" ");
    return `        "${path}") words="${all}"${takesFiles ? "; [[ $current == -* ]] || files=yes" : ""} ;;`;
  });
  return `# bash completion of pushgateway-janitor. In ~/.bashrc: source <(pushgateway-janitor completion bash)
_pushgateway_janitor() {
  local current=\${COMP_WORDS[COMP_CWORD]} flag=\${COMP_WORDS[COMP_CWORD - 1]} path= words= files= word
  # bash takes --flag=value for three words.
  if [[ $flag == = ]]; then flag=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  if [[ $current == = ]]; then current=; fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
    case "$path\${path:+ }$word" in
      ${patternsOf(levels)}) path="$path\${path:+ }$word" ;;
    esac
  done
  case "$path $flag" in
${flagCases.join("\n")}
    *)
      case "$path" in
${levelCases.join("\n")}
      esac ;;
  esac
  local IFS=$'\\n'
  if [[ -n $files ]]; then
    COMPREPLY=($(compgen -f -- "$current"))
    compopt -o filenames 2>/dev/null
  else
    COMPREPLY=($(IFS=' '; compgen -W "$words" -- "$current"))
    if [[ \${COMPREPLY[0]-} == *= ]]; then compopt -o nospace 2>/dev/null; fi
  fi
}
complete -F _pushgateway_janitor pushgateway-janitor
`;
}

function renderZsh(levels: readonly Level[]): string {
  const cases = levels.map(({ path, words, flags, takesFiles }) => {
    const offers = words.map(({ word, about }) => quoted(about === "" ? word : `${word}:${about}`));
    const specs = flags.map(({ name, about, value }) => {
      const told = `[${about.replaceAll(/[[\]\\]/g, "\\$&")}]`;
      if (value === "none") return quoted(`${name}${told}`);
      return quoted(
        `${name}=${told}:value:${value === "file" ? "_files" : value === "any" ? "" : `(${value.join(" ")})`}`,
      );
    });
    return `    (${quoted(path)})
      offers=(${offers.join(" ")})
      flags=(${[...specs, ...(takesFiles ? ["'*:file:_files'"] : [])].join(" ")}) ;;`;
  });
  return `#compdef pushgateway-janitor
# zsh completion of pushgateway-janitor: pushgateway-janitor completion zsh > "\${fpath[1]}/_pushgateway-janitor"
_pushgateway-janitor() {
  local path_= word
  local -a offers flags
  integer depth=0
  for word in "\${(@)words[2,CURRENT - 1]}"; do
    case "$path_\${path_:+ }$word" in
      (${patternsOf(levels)}) path_="$path_\${path_:+ }$word"; depth+=1 ;;
      (*) break ;;
    esac
  done
  words=("\${(@)words[depth + 1,-1]}")
  CURRENT=$((CURRENT - depth))
  case "$path_" in
${cases.join("\n")}
  esac
  if (( $#offers )) && [[ $PREFIX != -* ]]; then _describe command offers; else _arguments $flags; fi
}
if [[ $funcstack[1] == _pushgateway-janitor ]]; then _pushgateway-janitor; else compdef _pushgateway-janitor pushgateway-janitor; fi
`;
}

function renderFish(levels: readonly Level[]): string {
  const lines = levels.flatMap(({ path, words, flags, takesFiles }) => {
    // Commands follow only at once, flags anywhere.
    const at = (pattern: string): string =>
      `complete -c pushgateway-janitor -n ${quoted(`__pushgateway_janitor_at "${path} ${pattern}"`)}`;
    return [
      ...words.map(({ word, about }) => `${at("")} -a ${quoted(word)} -d ${quoted(about)}`),
      ...flags.map(({ name, about, value }) => {
        const kind =
          value === "none"
            ? ""
            : value === "file"
              ? " -r -F"
              : value === "any"
                ? " -x"
                : ` -x -a ${quoted(value.join(" "))}`;
        return `${at(words.length > 0 ? "" : "*")} -l ${name.slice(2)}${kind} -d ${quoted(about)}`;
      }),
      ...(takesFiles ? [`${at("*")} -F`] : []),
    ];
  });
  return `# fish completion: pushgateway-janitor completion fish > ~/.config/fish/completions/pushgateway-janitor.fish
function __pushgateway_janitor_at
    set -l words (string match -v -- '-*' (commandline -opc))
    string match -q -- "$argv" "$words[2..] "
end
complete -c pushgateway-janitor -f
${lines.join("\n")}
`;
}

/** The words of all commands, as patterns of a case. */
function patternsOf(levels: readonly Level[]): string {
  return levels.flatMap(({ path }) => (path === "" ? [] : `"${path}"`)).join(" | ");
}

/** As zsh and fish both read it: a quote ends the text, is escaped outside of it, and begins it again. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
