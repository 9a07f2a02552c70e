/**
 * The commands of the command line, as data.
 *
 * @module
 */

/** The commands by name, with their arguments and what they do; a prompt without a command is `generate`. */
export const COMMANDS = {
  generate: { argument: "PROMPT", help: 'make a picture (the default; "-" reads the prompt from standard input)' },
  plan: { argument: "PROMPT", help: "plan only: JSON on standard output, the layout as a picture with -o" },
  recaption: { argument: "PROMPT", help: "describe each object of the prompt in more detail" },
  edit: {
    argument: "IMAGE [PROMPT]",
    help: "change a picture: towards a prompt, or by --replace, --recolor, --remove, --add",
  },
  inspect: { argument: "MODEL", help: "what a model is, how that was found out, and what it needs" },
  models: { argument: "", help: "the models, LoRAs, VAEs, embeddings … that are at hand" },
  upscale: { argument: "IMAGE", help: "enlarge a picture by a network: --upscale-model" },
  convert: { argument: "FILE", help: "a model's file as .gguf or .safetensors in another --type, to -o" },
  preprocess: { argument: "KIND FILE", help: "a picture for a ControlNet; KIND is canny, pose or depth" },
  metadata: { argument: "IMAGE", help: "what made this picture; --repro makes it again" },
  config: { argument: "", help: "what config files say, and which of it holds" },
  completions: { argument: "SHELL [NAME]", help: "a script that completes flags in bash, zsh or fish" },
  doctor: { argument: "", help: "what this machine has and lacks" },
  help: { argument: "COMMAND", help: "all that a command takes" },
} satisfies Record<string, { argument: string; help: string }>;

/** A command's name. */
export type CommandName = keyof typeof COMMANDS;
