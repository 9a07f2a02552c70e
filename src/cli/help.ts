/**
 * The help, derived from the table of flags.
 *
 * @module
 */
import { type CommandName, COMMANDS, type Flag, GROUPS } from "./flags.ts";

/** Help for one command, or for everything. */
export function helpText(command?: CommandName): string {
  const groups = Object.entries(GROUPS).map(([title, flags]) => {
    const rows = Object.entries(flags).filter(([, flag]) => !command || flag.on.includes(command)).map(flagRow);
    return rows.length ? `\n${title}\n${columns(rows)}\n` : "";
  });
  return usage(command) + groups.join("") + (command ? "" : EXIT_CODES);
}

const EXIT_CODES = "\nExit codes: 0 done, 2 usage, 3 model, 4 GPU or memory, 5 planner, 130 cancelled\n";

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

function flagRow([name, { short, value, help }]: [string, Flag]): [string, string] {
  return [`${short ? `-${short}, ` : "    "}--${name}${value ? ` ${value.shown}` : ""}`, help];
}

/** Two columns, the left one as wide as its longest entry. */
function columns(rows: [string, string][]): string {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`.trimEnd()).join("\n");
}
