/**
 * The help, derived from the schema of settings.
 *
 * @module
 */
import { flagOf } from "../settings/check.ts";
import { type CommandName, COMMANDS } from "../settings/commands.ts";
import { kindOf } from "../settings/kind_of.ts";
import { GROUPS, SETTINGS } from "../settings/schema.ts";
import { helpOf, type Setting, takes } from "../settings/setting.ts";

/** All that one command takes, or, without one, the commands and the flags that everybody needs. */
export function helpText(command?: CommandName): string {
  const common = Object.fromEntries(Object.entries(SETTINGS).filter(([, setting]) => setting.common));
  const groups = Object.entries(command ? GROUPS : { "What everybody needs": common }).map(([title, settings]) => {
    const rows = Object.entries(settings).filter(([, setting]) => !command || takes(command, setting))
      .map(([name, setting]) => flagRow(name, setting, command));
    return rows.length ? `\n${title}\n${columns(rows)}\n` : "";
  });
  return usage(command) + groups.join("") + (command ? "" : MORE);
}

const MORE = `
main.ts help generate lists all flags, and main.ts help COMMAND those of another command.
Exit codes: 0 done, 2 usage, 3 model or a --repro that differs, 4 GPU or memory, 5 planner, 130 cancelled
`;

function usage(command?: CommandName): string {
  if (command) {
    const { argument, help } = COMMANDS[command];
    const words = ["main.ts", command === "generate" ? "" : command, argument].filter(Boolean);
    return `${words.join(" ")} [flags]\n\n${help[0].toUpperCase()}${help.slice(1)}.\n`;
  }
  const rows = Object.entries(COMMANDS).map(([name, { argument, help }]): [string, string] => [
    `main.ts ${name === "generate" ? "" : `${name} `}${argument}`,
    help,
  ]);
  return `Pictures from a prompt, planned region by region.\n\n${columns(rows)}\n`;
}

function flagRow(name: string, setting: Setting, command?: CommandName): [string, string] {
  const { short, default: value } = setting;
  const help = helpOf(setting, command);
  const { shown } = kindOf(setting);
  const start = `${short ? `-${short}, ` : "    "}${flagOf(name)}${shown ? ` ${shown}` : ""}`;
  return [start, value === undefined ? help : `${help} (default ${value})`];
}

/** Two columns, the left one as wide as its longest entry; what is too long for the right one goes on below. */
function columns(rows: [string, string][]): string {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  const room = WIDTH - width - 2;
  return rows.flatMap(([left, right]) =>
    wrapped(right, room).map((line, i) => `  ${(i ? "" : left).padEnd(width)}${line}`.trimEnd())
  ).join("\n");
}

/** Characters to a line. */
const WIDTH = 120;

function wrapped(text: string, room: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1];
    if (line && line.length + 1 + word.length > room) lines.push(word);
    else lines[lines.length - 1] = line ? `${line} ${word}` : word;
  }
  return lines;
}
