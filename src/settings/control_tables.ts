/**
 * The settings of networks that steer a picture by another picture, each in one place.
 *
 * @module
 */
import type { Table } from "./setting.ts";

/** Which ControlNets see which pictures. */
export const controlSettings = {
  controlNets: {
    repeat: true,
    on: ["generate", "metadata", "edit"],
    help: "networks that steer the picture by another picture",
    fields: {
      model: {
        type: "network",
        shown: "PATH",
        on: ["generate", "metadata", "edit"],
        always: true,
        flag: "controlNet",
        also: ["controlnet", "control-model", "controlnet-model"],
        help: "steer by a picture with this ControlNet; once for each, followed by what is said of it:",
        helpOn: { metadata: "where its ControlNet is; once for each" },
      },
      image: {
        type: "picture",
        on: ["generate", "metadata", "edit"],
        flag: "controlImage",
        also: ["controlnet-image", "control-img"],
        help: "the picture that it sees: edges, a skeleton, depth",
        helpOn: { metadata: "where the picture that its ControlNet saw is" },
      },
      strength: {
        type: "number",
        least: 0,
        most: 10,
        on: ["generate", "edit"],
        flag: "controlStrength",
        also: ["control-weight", "controlnet-conditioning-scale", "conditioning-scale"],
        help: "how strongly it steers (default 1)",
      },
      start: {
        type: "number",
        least: 0,
        most: 1,
        on: ["generate", "edit"],
        flag: "controlStart",
        also: ["control-guidance-start"],
        help: "share of the steps before it begins (default 0)",
      },
      end: {
        type: "number",
        least: 0,
        most: 1,
        on: ["generate", "edit"],
        flag: "controlEnd",
        also: ["control-guidance-end"],
        help: "share of the steps after which it ends (default 1)",
      },
      preprocess: {
        oneOf: ["none", "canny", "invert"],
        on: ["generate", "edit"],
        flag: "controlPreprocess",
        also: ["control-preprocessor", "control-module"],
        help: "what is made of the picture first: its edges, or its negative (default none)",
      },
      low: {
        type: "number",
        least: 0,
        most: 2040,
        on: ["generate", "edit"],
        flag: "controlLow",
        help: "canny: a line goes on above this difference (default 100)",
      },
      high: {
        type: "number",
        least: 0,
        most: 2040,
        on: ["generate", "edit"],
        flag: "controlHigh",
        help: "canny: a line begins above this difference (default 200)",
      },
    },
  },
  guessMode: {
    with: ["controlNets"],
    type: "flag",
    on: ["generate", "edit"],
    help: "ControlNets steer only what the prompt asks for, deep features more than early ones: good without a prompt",
  },
} as const satisfies Table;
