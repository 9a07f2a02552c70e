/**
 * What the phrase after a preposition or relation is: part of the setting, part of the object before it, or an object.
 *
 * @module
 */
import { hasDeterminer, headOf, namesObject, namesScenery, onlyDescribes } from "./phrase.ts";
import type { Token } from "./scan.ts";
import { among, BACKDROPS, COVERS, LIVING, SCENERY, SUPPORTS, WORN } from "./words.ts";

/** The words that may stand for objects named before. */
export const PRONOUN =
  /^(?:them|it|him|her|both|each other|the two|these|those|the others?|everything)(?=\s|$)(?! (?:cat|dog|man|woman)s?\b)/i;

/** "of", "wearing" and the like never lead to the setting. */
const BELONGING = /^(?:of|with|wearing|holding|carrying|riding|for|to|full of|made of)$/i;

/** @param known whether the phrase speaks of an object named before, which then is no setting */
export function roleOf(
  token: Token & { kind: "preposition" | "relation" },
  phrase: string,
  known: boolean,
): "setting" | "attribute" | "object" {
  const head = headOf(phrase);
  const scenery = among(SCENERY, head);
  if (token.kind === "preposition") {
    if (/^with$/i.test(token.text) && among(LIVING, head)) return "object";
    return scenery && !BELONGING.test(token.text) ? "setting" : "attribute";
  }
  if (known || PRONOUN.test(phrase)) return "object";
  switch (token.relation) {
    case "on":
      if (scenery || among(SUPPORTS, head)) return "setting";
      break;
    case "under":
      if (scenery || among(COVERS, head)) return "setting";
      break;
    case "front":
    case "behind":
      if (scenery || among(BACKDROPS, head)) return "setting";
      break;
    case "beside":
    case "over":
      if (scenery) return "setting";
  }
  const onOneself = /^(?:his|her|its|their) /i.test(phrase) && among(WORN, head);
  const onFire = token.relation === "on" && !hasDeterminer(phrase);
  return onOneself || onFire || (token.encounter && !among(LIVING, head)) ? "attribute" : "object";
}

/** A clause that goes on about the object before it: "black and fluffy", "wearing a hat", "its eyes closed". */
export function continuesLast(clause: string, tokens: Token[]): boolean {
  if (tokens.some(({ kind }) => kind === "place" || kind === "relation" || kind === "background")) return false;
  if (onlyDescribes(clause) || /^(?:wearing|holding|carrying|riding|he|she|it)\b/i.test(clause)) return true;
  const own = clause.match(/^(?:his|her|its|with|in) (.*)/i);
  if (own && !among(LIVING, headOf(own[1]))) return !namesScenery(own[1]);
  return /^\w+ing\b/i.test(clause) && !namesObject(clause);
}
