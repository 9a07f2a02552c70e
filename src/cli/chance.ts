/**
 * What a run leaves to chance: each picture's prompts, with everything chosen by its seed.
 *
 * @module
 */
import { readWildcards } from "../files/wildcard_files.ts";
import type { FlagValues } from "../settings.ts";
import { chooseWords, isDynamic, type Wildcards } from "../text/wildcards.ts";
import { type Context, promptOf } from "./command.ts";

/** A run's context, one for each seed. */
export interface Chance {
  /** Whether pictures differ in more than their noise. */
  readonly dynamic: boolean;
  /** The context of the picture with this seed. */
  at(seed: number | bigint): Context;
}

/** The wildcards that the flags name. @throws UsageError where they cannot be read */
export async function wildcardsOf({ wildcards }: FlagValues): Promise<Wildcards | undefined> {
  return wildcards === undefined ? undefined : await readWildcards(wildcards);
}

/**
 * @param known the wildcards, where they have been read already
 * @throws UsageError for wildcards that cannot be read, and from `at` for those that lead nowhere
 */
export async function chanceOf(context: Context, known?: Wildcards): Promise<Chance> {
  const { argument, flags, console } = context;
  const wildcards = known ?? await wildcardsOf(flags);
  const prompt = argument === undefined && flags.prompt === undefined ? undefined : promptOf(context);
  const texts = {
    prompt,
    regions: flags.regions,
    basePrompt: flags.basePrompt,
    negativePrompt: flags.negativePrompt,
  };
  const given = Object.entries(texts).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const dynamic = given.some(([, text]) => isDynamic(text, wildcards));
  return {
    dynamic,
    at(seed) {
      const chosen = given.map(([name, text], stream) =>
        [name, chooseWords(text, seed, { wildcards, stream })] as const
      );
      const { prompt, ...others }: Partial<typeof texts> = Object.fromEntries(chosen);
      if (dynamic) console.say(`Seed ${seed}: ${prompt ?? others.regions}`);
      return { ...context, argument: prompt, flags: { ...flags, prompt: undefined, ...others } };
    },
  };
}
