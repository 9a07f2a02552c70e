import { fitToGrid, partition } from "../region/partition.ts";
import { findFaults } from "./llm/faults.ts";
import { shortCounts } from "./llm/asked.ts";
import { layoutOf } from "./layout_of.ts";
import { type Plan, regionsOf } from "./plan.ts";

/** What the picture and the text encoder can hold; what is left out is not checked, or estimated. */
export interface Limits {
  /** The coarsest grid that the network attends on, in cells. */
  coarsest?: { width: number; height: number };
  /** How many tokens a text has; without it they are estimated from its words. */
  countTokens?: (text: string) => number;
}

/** Cells each way of the grid that boxes are looked at on. */
const FINE = 64;

/** A text encoder reads this many tokens at a time. */
const CHUNK = 75;

/** The plan with a note ("Warning: …") for everything that the picture may lack or the network cannot hold. */
export function reviewPlan(plan: Plan, limits: Limits = {}): Plan {
  const warnings = [...contentWarnings(plan), ...layoutWarnings(plan, limits), ...lengthWarnings(plan, limits)];
  return warnings.length ? { ...plan, notes: [...(plan.notes ?? []), ...warnings] } : plan;
}

function contentWarnings(plan: Plan): string[] {
  const { missing, empty } = findFaults(plan);
  return [
    ...missing.map(({ text }) => `Warning: no region shows "${text}".`),
    ...empty.map((region) =>
      `Warning: region ${region + 1} names only style, light or mood, so anything may come there.`
    ),
    ...shortCounts(plan.prompt, regionsOf(plan).map(({ prompt }) => prompt)),
  ];
}

function layoutWarnings(plan: Plan, { coarsest }: Limits): string[] {
  const layout = layoutOf(plan);
  const grid = partition(layout, FINE, FINE);
  const seen = layout.cells.map(({ region }) => grid.filter((cell) => cell === region).length / FINE ** 2);
  const covered = layout.boxes.filter(({ rect, region }) =>
    seen[region] < 0.25 * (rect.x1 - rect.x0) * (rect.y1 - rect.y0)
  );
  const slivers = layout.cells.filter(({ rect }) => Math.min(rect.x1 - rect.x0, rect.y1 - rect.y0) < 1 / 12 - 1e-9);
  const warnings = slivers.map(({ region }) =>
    `Warning: region ${region + 1} is narrower than a twelfth of the picture and may show nothing. Give it more ` +
    (regionsOf(plan)[region].box ? "in its box." : `in the split ratio "${plan.splitRatio}".`)
  );
  for (const { region } of covered) {
    warnings.push(`Warning: of region ${region + 1} less than a quarter is seen, since nearer boxes lie over it.`);
  }
  if (coarsest && !fitToGrid(layout, coarsest.width, coarsest.height)) {
    warnings.push(
      `Warning: ${layout.cells.length} regions do not fit the network's coarsest grid of ${coarsest.width}×` +
        `${coarsest.height} cells. Make the picture larger or the regions fewer.`,
    );
  }
  return warnings;
}

function lengthWarnings(plan: Plan, { countTokens = estimateTokens }: Limits): string[] {
  const texts: [string, string | undefined][] = [
    ...regionsOf(plan).map(({ prompt }, i): [string, string] => [`The prompt of region ${i + 1}`, prompt]),
    ["The base prompt", plan.basePrompt],
  ];
  return texts.flatMap(([what, text]) => {
    const tokens = text === undefined ? 0 : countTokens(text);
    if (tokens <= CHUNK) return [];
    return [
      `Warning: ${what[0].toLowerCase()}${what.slice(1)} has about ${tokens} tokens; beyond ${CHUNK} they count less.`,
    ];
  });
}

/** CLIP's tokens, roughly: a short word or a sign is one, a long word two or more. */
function estimateTokens(text: string): number {
  const pieces = text.match(/\p{L}+|\p{N}|[^\s\p{L}\p{N}]/gu) ?? [];
  return pieces.reduce((sum, piece) => sum + Math.ceil(piece.length / 9), 0);
}
