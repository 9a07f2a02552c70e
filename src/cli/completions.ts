/**
 * Completion scripts, derived from the schema of settings.
 *
 * @module
 */
import { flagOf } from "../settings/check.ts";
import { type CommandName, COMMANDS } from "../settings/commands.ts";
import { kindOf } from "../settings/kind_of.ts";
import { SETTINGS } from "../settings/schema.ts";
import { helpOf, type Setting, takes } from "../settings/setting.ts";

/** A flag as shells are told of it. */
interface Option {
  long: string;
  short?: string;
  /** Other tools' spellings. */
  also: readonly string[];
  help: string;
  /** What follows it: one of these words, a path, anything, or nothing. */
  value: readonly string[] | "file" | "folder" | "any" | "none";
}

const NAMES = Object.keys(COMMANDS) as CommandName[];
const OPTIONS: Option[] = Object.entries(SETTINGS).map(([name, setting]) => optionOf(name, setting));

function optionOf(name: string, setting: Setting): Option {
  const { shown, known } = kindOf(setting);
  const files = ["path", "place", "file", "network", "picture", "lora"].includes(setting.type ?? "");
  const value = shown === undefined ? "none" : known ?? (shown === "DIR" ? "folder" : files ? "file" : "any");
  const { short, also = [], help } = setting;
  return { long: flagOf(name), short: short && `-${short}`, also: also.map((other) => `--${other}`), help, value };
}

function optionsOf(command: CommandName): Option[] {
  return Object.values(SETTINGS).flatMap((setting, i) =>
    takes(command, setting) ? [{ ...OPTIONS[i], help: helpOf(setting, command) }] : []
  );
}

/** The words that may follow a command that takes words. */
function wordsOf(command: CommandName): readonly string[] {
  return {
    help: NAMES,
    completions: ["bash", "zsh", "fish"],
    preprocess: ["canny", "pose", "depth"],
  }[command as "help"] ?? [];
}

/** For `source <(rpg completions bash)`. */
export function bashScript(program: string): string {
  const name = `_${program.replace(/\W/g, "_")}`;
  const spellings = ({ long, short, also }: Option) => [...short ? [short] : [], long, ...also].join("|");
  const cases = (wanted: (option: Option) => boolean) => OPTIONS.filter(wanted).map(spellings).join("|");
  const words = OPTIONS.filter(({ value }) => Array.isArray(value)).map((option) =>
    `    ${spellings(option)}) COMPREPLY=($(compgen -W "${(option.value as string[]).join(" ")}" -- "$cur")); return ;;`
  );
  const flags = NAMES.map((command) => {
    const all = optionsOf(command).flatMap(({ long, short }) => short ? [short, long] : [long]);
    return `    ${command}) flags="${all.join(" ")}"; words="${wordsOf(command).join(" ")}" ;;`;
  });
  return `# Completions of ${program} for bash: source <(${program} completions bash)
${name}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" command=generate word flags words
  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in ${NAMES.join("|")}) command=$word; break ;; esac
  done
  COMPREPLY=()
  case $prev in
${words.join("\n")}
    ${
    cases(({ value }) => value === "file")
  }) compopt -o filenames; local IFS=$'\\n'; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    ${
    cases(({ value }) => value === "folder")
  }) compopt -o filenames; local IFS=$'\\n'; COMPREPLY=($(compgen -d -- "$cur")); return ;;
    ${cases(({ value }) => value === "any")}) return ;;
  esac
  case $command in
${flags.join("\n")}
  esac
  if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "$flags" -- "$cur")); return; fi
  if [[ $COMP_CWORD == 1 ]]; then words="${NAMES.join(" ")}"; fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  if [[ $COMP_CWORD != 1 ]]; then compopt -o filenames; local IFS=$'\\n'; COMPREPLY+=($(compgen -f -- "$cur")); fi
}
complete -F ${name} ${program}
`;
}

/** For a file \`_rpg\` in a folder of $fpath, or `source <(rpg completions zsh)`. */
export function zshScript(program: string): string {
  const name = `_${program.replace(/\W/g, "_")}`;
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const spec = ({ long, short, help, value }: Option) => {
    const about = `[${help.replace(/[[\]\\:]/g, "\\$&")}]`;
    const action = value === "file"
      ? ":_files"
      : value === "folder"
      ? ":_files -/"
      : value === "any"
      ? ": "
      : `:(${[value].flat().join(" ")})`;
    const argument = value === "none" ? "" : `:value${action}`;
    return [...(short ? [short] : []), long].map((spelling) => {
      const assigned = argument && spelling.startsWith("--") ? "=" : argument ? "+" : "";
      return `      ${quoted(`*${spelling}${assigned}${about}${argument}`)}`;
    }).join(" \\\n");
  };
  const commands = NAMES.map((command) => {
    const rest = wordsOf(command).length ? `(${wordsOf(command).join(" ")})` : "_files";
    const specs = [...optionsOf(command).map(spec), `      ${quoted(`*:argument:${rest}`)}`];
    return `    ${command}) _arguments -S \\\n${specs.join(" \\\n")} ;;`;
  });
  const described = NAMES.map((command) =>
    `    ${quoted(`${command}:${COMMANDS[command].help.replaceAll(":", "\\:")}`)}`
  );
  return `#compdef ${program}
# Completions of ${program} for zsh: source <(${program} completions zsh), or as _${program} in a folder of $fpath
${name}() {
  local command=generate word
  local -a commands=(
${described.join("\n")}
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then _describe command commands; return; fi
  for word in $words[2,CURRENT-1]; do
    case $word in (${NAMES.join("|")}) command=$word; break ;; esac
  done
  case $command in
${commands.join("\n")}
  esac
}
if [[ $funcstack[1] == ${name} ]]; then ${name} "$@"; else compdef ${name} ${program}; fi
`;
}

/** For a file `rpg.fish` in ~/.config/fish/completions, or `rpg completions fish | source`. */
export function fishScript(program: string): string {
  const quoted = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const none = `not __fish_seen_subcommand_from ${NAMES.join(" ")}`;
  const commands = NAMES.map((command) =>
    `complete -c ${program} -n ${quoted(`__fish_is_first_arg; and ${none}`)} -f -a ${command} -d ${
      quoted(COMMANDS[command].help)
    }`
  );
  const lines = OPTIONS.map(({ long, short, help, value }, i) => {
    const users = NAMES.filter((command) => takes(command, Object.values(SETTINGS)[i]));
    const seen = `__fish_seen_subcommand_from ${users.join(" ")}`;
    const when = users.includes("generate") ? `${none}; or ${seen}` : seen;
    const takesValue = {
      none: "",
      any: " -x",
      file: " -r -F",
      folder: ` -x -a "(__fish_complete_directories)"`,
    }[value as "none"] ?? ` -x -a ${quoted((value as string[]).join(" "))}`;
    return `complete -c ${program} -n ${quoted(when)}${short ? ` -s ${short.slice(1)}` : ""} -l ${
      long.slice(2)
    }${takesValue} -d ${quoted(help)}`;
  });
  const words = NAMES.filter((command) => wordsOf(command).length).map((command) =>
    `complete -c ${program} -n ${quoted(`__fish_seen_subcommand_from ${command}`)} -a ${
      quoted(wordsOf(command).join(" "))
    }`
  );
  return `# Completions of ${program} for fish: ${program} completions fish | source
${[...commands, ...lines, ...words].join("\n")}
`;
}
