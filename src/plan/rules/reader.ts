/**
 * The rules planner's third pass: chunks become a scene.
 *
 * @module
 */
import { bareThing, chunk } from "./chunk.ts";
import type { Chunk, Thing } from "./parts.ts";
import { readManner } from "./manner.ts";
import { Doing } from "./doing.ts";
import { placeOf } from "./patterns.ts";
import { describe, type Scene } from "./scene.ts";
import { settle } from "./settle.ts";
import { tag } from "./tag.ts";
import { among, COLOURS, LIVING, STYLE, WORN } from "./words.ts";

/** Longer prompts are stories: no rule tells what of them is in the picture. */
export const MOST_CHARACTERS = 4000;
/** Past so many the picture has no room for them, and reading on is idle. */
const MOST_OBJECTS = 24;
/** Several of these may be called something else one by one: "two people, the man …, the woman …". */
const ANYBODY = /^(?:person|people|friend|child|kid|twin|couple|sibling|lover|player|dancer|figure|character)$/;
/** Which of several is told: "the front row". */
const SIDE =
  /^(left|right|middle|cent(?:er|re)|top|upper|bottom|lower|front|back|first|second|third|fourth|last)(?:most|-most)?\b/i;
const EVERYONE = /^(?:they|all|both|each|every\w+)\b(?: of them)?(?: (?:are|is|have|has|in a))? ?/i;
const WEATHER = /^(?:rain|snow|storm|hail|dark|night|late|sunny|cloudy|foggy|windy|winter|summer|spring|autumn)/;

/**
 * Take a prompt apart. Never throws: what is not understood stays with the object before it or becomes part of the
 * setting.
 */
export function readScene(prompt: string): Scene {
  const { text, panels, ...manner } = readManner(prompt.slice(0, MOST_CHARACTERS));
  const scene: Scene = { objects: [], links: [], encounter: false, ...manner };
  new Reader(scene, chunk(tag(text)), panels !== undefined).read();
  settle(scene, panels);
  return scene;
}

/** Reads chunk after chunk into a scene. */
class Reader extends Doing {
  read(): void {
    for (; this.i < this.chunks.length && this.scene.objects.length <= MOST_OBJECTS; this.i++) {
      if (this.fresh && this.takeClause()) continue;
      const chunk = this.chunks[this.i];
      if (chunk.kind !== "thing" && !(chunk.kind === "words" && this.waiting?.kind === "be")) this.flush(chunk);
      const fresh = this.fresh;
      this.fresh = false;
      this.readChunk(chunk, fresh);
    }
    this.flush();
  }

  private readChunk(chunk: Chunk, fresh: boolean): void {
    const { objects } = this.scene;
    switch (chunk.kind) {
      case "thing":
        return this.readThing(chunk, fresh);
      case "place":
        return this.readPlace(chunk);
      case "one": {
        const counted = this.counted();
        if (counted < 0) return this.append(` ${chunk.text}`);
        return this.startVariant(counted, { text: "", place: { ...this.takePlace(), ...chunk.place } });
      }
      case "relation":
        return this.readRelation(chunk, fresh);
      case "verb":
        return this.readVerb(chunk, fresh);
      case "be":
      case "preposition":
        this.waiting = { kind: chunk.kind, text: chunk.text, fresh };
        return;
      case "pronoun":
        if (/^(?:he|she|it)$/i.test(chunk.text) && fresh) this.last = this.owner(chunk.text);
        this.variant = undefined;
        return;
      case "background":
        if (this.group.length && !fresh) this.sendToBackground(chunk.text);
        else this.waitingBackground = true;
        return;
      case "words":
        return this.readWords(chunk.text, fresh);
      case "and":
        this.fresh = true;
        if (/^(?:while|whereas|where|but|then)$/i.test(chunk.text)) this.group = [];
        return;
      case "stop":
        this.sentence = [];
        this.variant = undefined;
        // falls through
      case "comma":
      case "colon":
        if (chunk.kind === "colon" && this.takeList()) return;
        this.fresh = true;
        this.group = [];
        this.belongs = this.onSetting = false;
        if (this.counted() < 0) this.variant = undefined;
        if (this.last < 0 || objects.length === 0) this.last = -1;
    }
  }

  /** A whole clause about the picture, or about all that is in it. */
  private takeClause(): boolean {
    const { scene, chunks, i } = this;
    const next = chunks.findIndex(({ kind }, k) => k >= i && /^(?:comma|stop|colon|and)$/.test(kind));
    const end = next < 0 ? chunks.length : next;
    const clause = chunks.slice(i, end);
    const text = clause.map(({ text }) => text).join(" ");
    const first = clause[0];
    if (!first) return false;
    const done = (list: string[], words: string) => {
      if (words.trim()) list.push(words.trim());
      this.i = end - 1;
      this.fresh = false;
      return true;
    };
    const bans = text.match(/^not (?:too |very |so |any )?(.+)/i);
    if (bans) return done(scene.negative, bans[1]);
    if (/^it$/i.test(first.text) && clause[1]?.kind === "be" && WEATHER.test(clause[2]?.text ?? "")) {
      return done(scene.background, text.replace(/^it \w+ /i, ""));
    }
    if (first.kind !== "thing" && /^(?:they|all|both|each|everyone|everything)\b/i.test(text)) {
      const said = text.replace(/^each (?:\w+ )?(?:in|of|with) an? different \w+/i, "");
      return done(scene.background, said.replace(EVERYONE, ""));
    }
    const placed = clause.some(({ kind }) => kind === "place" || kind === "relation" || kind === "one");
    const named = clause.some((chunk) => chunk.kind === "thing" && (chunk.opens || among(LIVING, chunk.head)));
    if (STYLE.test(text) && (!placed || /\bseen from\b/.test(text)) && !named && !this.waiting) {
      return done(scene.style, text);
    }
    return false;
  }

  private readThing(thing: Thing, fresh: boolean): void {
    const { scene } = this;
    const next = this.chunks[this.i + 1];
    const { waiting } = this;
    this.waiting = undefined;
    this.onSetting &&= /^with$/i.test(waiting?.text ?? "");
    const negated = /^(?:no|any)$/i.test(thing.opening.split(" ")[0]);
    if (negated || /^without$/i.test(waiting?.text ?? "")) {
      const words = [thing.adjectives, thing.noun].filter(Boolean).join(" ");
      const object = waiting && scene.objects[this.last];
      this.denied = !object ? scene.negative : this.variant ? this.variant.negative ??= [] : object.negative;
      this.denied.push(words);
      return;
    }
    if (this.waitingBackground || next?.kind === "background") {
      this.waitingBackground = false;
      const lead = waiting?.kind === "preposition" && !/^with$/i.test(waiting.text) ? `${waiting.text} ` : "";
      const where = next?.kind === "background" ? next.text : "in the background";
      scene.background.push(`${lead}${thing.text} ${where}`);
      if (next?.kind === "background") this.i++;
      return;
    }
    switch (waiting?.kind) {
      case "relation":
        return this.readTarget(waiting, thing);
      case "verb":
        return this.readDeed(waiting, thing);
      case "preposition":
        return this.readAfter(waiting, thing);
      case "be":
        if (/^(?:has|have)$/.test(waiting.text) && this.last >= 0 && !this.waitingPlace) {
          this.append(` with ${thing.text}`);
          this.belongs = true;
          return;
        }
        if (!thing.opens && !this.waitingPlace) return this.predicate(thing.text);
        if (thing.opens === "a" && this.last >= 0 && !this.waitingPlace) return this.append(`, ${thing.text}`);
    }
    this.readNamed(thing, fresh, next);
  }

  /** A thing that no word before it leads to. */
  protected readNamed(thing: Thing, fresh: boolean, next?: Chunk): void {
    const { scene } = this;
    if (this.tellsOne(thing.text, fresh)) return;
    const joined = this.chunks[this.i - 1]?.kind === "and";
    if (joined && this.denied && !thing.opens) return void this.denied.push(thing.text);
    this.denied = undefined;
    const counted = this.counted();
    if (counted >= 0) {
      const { head } = scene.objects[counted].thing;
      const side = `${thing.adjectives} ${thing.noun}`.trim().match(SIDE)?.[1].toLowerCase();
      if (thing.opens === "the" && thing.head !== head && ANYBODY.test(head) && among(LIVING, thing.head)) {
        const opening = /^the$/i.test(thing.opening) ? "a" : thing.opening;
        return this.startVariant(counted, { text: "", place: this.takePlace(), thing: { ...thing, opening } });
      }
      if (side && thing.head === head) return this.startVariant(counted, { text: "", place: placeOf(side) });
    }
    const part = scene.objects[this.last]?.whole !== undefined;
    if (this.variant && !thing.opens && (part || !among(LIVING, thing.head)) && (!fresh || joined)) {
      return this.append(` ${joined ? "and " : ""}${thing.text}`);
    }
    const living = among(LIVING, thing.head);
    const told = among(WORN, thing.head) || !joined;
    if (thing.opens === "own" && fresh && !living && told && scene.objects.length && this.last >= 0) {
      this.last = this.owner(thing.opening);
      this.variant = undefined;
      this.append(`, ${thing.text}`);
      this.belongs = true;
      return;
    }
    if (joined && this.belongs && !living && next?.kind !== "place" && (among(WORN, thing.head) || !thing.opens)) {
      return this.append(` and ${thing.text}`);
    }
    const again = !thing.opens && living && (next?.kind === "be" || next?.kind === "verb");
    const known = this.known(again ? { ...thing, opens: "the" } : thing);
    if (known >= 0) {
      this.last = known;
      this.group.push(known);
      this.sentence.push(known);
      this.variant = undefined;
      scene.objects[known].place = { ...scene.objects[known].place, ...this.takePlace() };
    } else if (this.isObject(thing, joined, next)) this.addObject(thing);
    else this.addBare(thing, fresh);
  }

  private isObject(thing: Thing, joined: boolean, next?: Chunk): boolean {
    const { scene } = this;
    if (this.waitingPlace || this.waitingRelation || next?.kind === "place") return true;
    if (next?.kind === "relation" && (next.pronoun || /left|right|above|below|between/.test(next.relation))) {
      return !this.isScenery(thing);
    }
    if (!thing.opens && this.clausePlaces()) return true;
    if (this.isScenery(thing)) {
      return scene.order === "column" && !thing.opens || this.listed && thing.opens !== undefined;
    }
    if (STYLE.test(thing.text) && !thing.opens) return false;
    if (thing.opens || among(LIVING, thing.head)) return true;
    if (scene.order || this.listed || scene.rows) return scene.objects.every(({ thing }) => !thing.opens);
    const other = this.chunks[this.i + 2];
    const paired = (joined && this.group.length > 0) || (next?.kind === "and" && other?.kind === "thing");
    if (paired) return !among(WORN, thing.head);
    return next !== undefined && this.sentence.length === 0 && /^(?:verb|be|relation|preposition)$/.test(next.kind) &&
      !(next.kind === "preposition" && /^(?:at|by|during)$/i.test(next.text));
  }

  /** A tag: "black jacket" goes to whom it is said of, anything else to the whole picture. */
  private addBare(thing: Thing, fresh: boolean): void {
    const { objects, background } = this.scene;
    const object = objects[this.last];
    if (fresh) this.variant = undefined;
    if (
      object && object.count === 1 && object.whole === undefined && among(WORN, thing.head) &&
      among(LIVING, object.thing.head)
    ) {
      return this.append(`, ${thing.text}`);
    }
    if (!fresh && background.length && this.group.length === 0) background[background.length - 1] += ` ${thing.text}`;
    else background.push(thing.text);
    if (this.group.length === 0) this.last = -1;
  }

  /** "two cups, red on the left and blue on the right": a colour with a place is one of those counted. */
  private tellsOne(text: string, fresh: boolean): boolean {
    const counted = this.counted();
    if (!fresh || counted < 0 || !COLOURS.has(text.toLowerCase())) return false;
    if (this.chunks[this.i + 1]?.kind !== "place") return false;
    this.startVariant(counted, { text, place: {} });
    return true;
  }

  private readWords(text: string, fresh: boolean): void {
    const { scene } = this;
    if (this.waiting?.kind === "be") {
      this.waiting = undefined;
      return this.predicate(text);
    }
    if (this.tellsOne(text, fresh)) return;
    if (/^(?:nearby|also|please|just|only|where|there)$/i.test(text)) return;
    if (fresh && !this.variant) {
      const lists = scene.rows || this.listed || scene.order;
      if (lists && /^\p{L}+$/u.test(text) && this.chunks[this.i + 1]?.kind !== "verb") {
        return void this.addObject(bareThing(text));
      }
      if (scene.objects.length === 1 && this.last === 0) return this.append(`, ${text}`);
      if (this.chunks[this.i - 1]?.kind !== "and") return void scene.style.push(text);
    }
    this.append(` ${this.chunks[this.i - 1]?.kind === "and" ? "and " : ""}${text}`);
  }
}

/** The objects that a prompt speaks of: their nouns in the singular, how many of each, and what is said of them. */
export function objectsOf(prompt: string): { noun: string; count: number; text: string }[] {
  const { objects } = readScene(prompt);
  return objects.map((object) => ({ noun: object.thing.head, count: object.count, text: describe(object) }));
}
