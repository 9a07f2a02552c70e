/**
 * What the flags ask of an edit.
 *
 * @module
 */
import { type Operation, operationOf, OPERATIONS } from "../edit/operation.ts";
import { UsageError } from "../errors.ts";
import { BYTES_OF } from "../limits.ts";
import type { Context } from "./command.ts";
import { readEdit } from "./edit_file.ts";

/** A target in words, or operations. @throws UsageError where the flags contradict one another */
export async function wantedOf({ flags }: Context): Promise<string | Operation[]> {
  const byHand = OPERATIONS.flatMap((kind) => (flags[kind] ?? []).map((text) => operationOf(kind, text)));
  const ways = [flags.prompt, flags.edit, byHand[0]].filter((way) => way !== undefined).length;
  if (ways !== 1) {
    throw new UsageError(
      ways === 0
        ? 'Say what to change: a target prompt, --replace "a=b", --recolor "a=green", --remove "a", --add "a at the left", or --edit FILE.'
        : "A target prompt, operations by hand and --edit: use only one of them.",
    );
  }
  const { box, mask, prompt } = flags;
  if (prompt !== undefined && (prompt.trim() === "" || prompt.length > BYTES_OF.prompt)) {
    throw new UsageError(
      `A target prompt has 1 to ${BYTES_OF.prompt} letters, not ${prompt.trim() === "" ? 0 : prompt.length}.`,
    );
  }
  if (box === undefined && mask === undefined) {
    if (byHand.length) return byHand;
    return flags.edit === undefined ? flags.prompt! : (await readEdit(flags.edit)).operations;
  }
  const flag = box === undefined ? "--mask" : "--box";
  if (byHand.length !== 1) {
    throw new UsageError(`${flag} is the place of one operation; ${byHand.length} were given by hand.`);
  }
  if (box !== undefined && mask !== undefined) throw new UsageError("--box and --mask: use only one of them.");
  return [{ ...byHand[0], ...(box ? {} : { mask: mask as string }) }];
}
