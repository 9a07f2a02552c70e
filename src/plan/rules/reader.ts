/**
 * The rules planner's third pass: chunks become a scene.
 *
 * @module
 */
import { bareThing, chunk } from "./chunk.ts";
import type { Chunk, Thing } from "./parts.ts";
import { readManner } from "./manner.ts";
import { Memory } from "./memory.ts";
import { placeOf } from "./patterns.ts";
import { addLink, describe, type Scene } from "./scene.ts";
import { settle } from "./settle.ts";
import { tag } from "./tag.ts";
import { among, BACKDROPS, COVERS, LIVING, STYLE, SUPPORTS, TOUCHES, WORN } from "./words.ts";

/** Longer prompts are stories: no rule tells what of them is in the picture. */
export const MOST_CHARACTERS = 4000;
/** Past so many the picture has no room for them, and reading on is idle. */
const MOST_OBJECTS = 24;
/** Several of these may be called something else one by one: "two people, the man …, the woman …". */
const ANYBODY = /^(?:person|people|friend|child|kid|twin|couple|sibling|lover|player|dancer|figure|character)$/;
const EVERYONE = /^(?:they|all|both|each|every\w+)\b(?: of them)?(?: (?:are|is|have|has|in a))? ?/i;
const WEATHER = /^(?:rain|snow|storm|hail|dark|night|late|sunny|cloudy|foggy|windy|winter|summer|spring|autumn)/;
/** "of", "wearing" and the like never lead to the setting. */
const BELONGING = /^(?:of|with|for|to|as|like)$/i;

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

type Relating = Chunk & { kind: "relation"; fresh?: boolean };

/** Reads chunk after chunk into a scene. */
class Reader extends Memory {
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
      const object = scene.objects[this.last];
      this.denied = object && waiting ? object.negative : scene.negative;
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
  private readNamed(thing: Thing, fresh: boolean, next?: Chunk): void {
    const { scene } = this;
    const joined = this.chunks[this.i - 1]?.kind === "and";
    if (joined && this.denied && !thing.opens) return void this.denied.push(thing.text);
    this.denied = undefined;
    const counted = this.counted();
    if (counted >= 0) {
      const { head } = scene.objects[counted].thing;
      const side = thing.adjectives.match(/^(left|right|middle|cent(?:er|re)|top|bottom)(?:most|-most)?\b/i)?.[1]
        .toLowerCase();
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

  private readPlace(chunk: Chunk & { kind: "place" }): void {
    const { objects } = this.scene;
    const { place } = chunk;
    this.placesFirst ??= objects.length === 0;
    let next = this.i + 1;
    while (/^(?:be|colon)$/.test(this.chunks[next]?.kind ?? "")) next++;
    const said = this.chunks[next];
    if (chunk.heading) {
      const bare = said?.kind === "words" || said?.kind === "verb" && !/^show/.test(said.stem) ||
        said?.kind === "thing" && !said.opens;
      if (objects.length === 1 && Object.keys(objects[0].place).length === 0 && (chunk.whole || bare)) {
        const [object] = objects;
        object.whole ??= chunk.whole ?? "";
        this.startVariant(0, { text: "", place });
        object.count = object.variants.length;
        this.i = next - 1;
        return;
      }
      this.waitingPlace = place;
      this.group = [];
      this.variant = undefined;
      this.heading = true;
      if (said && this.i < next - 1 || said?.kind === "verb") this.i = said.kind === "verb" ? next : next - 1;
      return;
    }
    if (this.variant && this.variant.place.x === undefined && this.variant.place.y === undefined) {
      this.variant.place = place;
      return;
    }
    const open = this.group.map((i) => objects[i]).filter(({ place }) =>
      place.x === undefined && place.y === undefined
    );
    if (open.length) {
      for (const object of open) object.place = place;
      this.group = [];
    } else if (this.chunks[this.i + 1]?.kind === "thing" || this.placesFirst || objects.length === 0) {
      this.waitingPlace = place;
    } else if (objects.at(-1)!.place.x === undefined) objects.at(-1)!.place = { ...place, ...objects.at(-1)!.place };
  }

  private readRelation(chunk: Chunk & { kind: "relation" }, fresh: boolean): void {
    const { objects } = this.scene;
    const next = this.chunks[this.i + 1];
    const { relation, pronoun } = chunk;
    if (pronoun) {
      const inverted = (fresh || this.group.length === 0) && this.leadsTo(this.i + 1);
      const subjects = inverted ? [] : this.group.length ? this.group : objects.length ? [objects.length - 1] : [];
      const others = [...objects.keys()].filter((index) => !subjects.includes(index));
      const single = /^(?:it|him|her)$/.test(pronoun);
      const person = this.owner(pronoun === "him" ? "his" : pronoun, subjects);
      const meant = pronoun === "it" ? this.spokenOf : person;
      const spoken = others.filter((index) => this.sentence.includes(index));
      const all = spoken.length > 1 ? spoken : others;
      const targets = single ? others.includes(meant) ? [meant] : others.slice(-1) : all;
      if (inverted) {
        this.waitingRelation = { relation, targets };
        this.group = [];
      } else addLink(this.scene, relation, subjects, targets);
      return;
    }
    if (next?.kind === "thing") this.waiting = { ...chunk, fresh };
    else if (relation === "between" && this.group.length) {
      const others = [...objects.keys()].filter((index) => !this.group.includes(index));
      addLink(this.scene, relation, this.group, others.slice(-2));
    } else if (next) this.append(` ${chunk.text}`);
  }

  /** The thing that a relation leads to: an object, or what the one before it stands on. */
  private readTarget(token: Relating, thing: Thing): void {
    const { scene } = this;
    const words = `${token.text} ${thing.text}`;
    const said = !token.fresh || /larger|smaller/.test(token.relation);
    const subjects = this.group.length ? [...this.group] : this.last >= 0 && said ? [this.last] : [];
    const known = this.known(thing);
    const role = known >= 0 ? "object" : this.roleOf(token, thing);
    if (role === "setting") return this.addSetting(words, thing, token.fresh);
    if (role === "attribute") return this.append(` ${words}`);
    const inverted = token.fresh && this.leadsTo(this.i + 1);
    this.group = [];
    const target = known >= 0 ? known : this.addObject(thing);
    const targets = [target];
    const [and, other] = [this.chunks[this.i + 1], this.chunks[this.i + 2]];
    if (token.relation === "between" && thing.count === 1 && and?.kind === "and" && other?.kind === "thing") {
      targets.push(this.addObject(other));
      this.i += 2;
    }
    this.group = known >= 0 ? [] : targets.slice(-1);
    if (inverted) {
      this.waitingRelation = { relation: token.relation, targets };
      this.group = [];
    } else addLink(scene, token.relation, subjects.filter((index) => !targets.includes(index)), targets);
    this.last = target;
  }

  private roleOf({ text, relation }: Relating, thing: Thing): "setting" | "attribute" | "object" {
    const { head } = thing;
    if (/larger|smaller|between|left|right/.test(relation)) return "object";
    if (thing.opens === "own" && !among(LIVING, head)) return "attribute";
    if (/'s?( |$)/.test(thing.adjectives) && among(WORN, head)) return "attribute";
    const again = this.chunks.some((chunk, k) =>
      k > this.i && chunk.kind === "thing" && chunk.head === head && chunk.opens === "the"
    );
    if (this.isScenery(thing) && !again) return "setting";
    if (relation === "on") {
      if (among(SUPPORTS, head)) return "setting";
      return thing.opens && thing.adjectives && this.group.length ? "object" : "attribute";
    }
    if (/^under|beneath/i.test(text) && among(COVERS, head)) return "setting";
    if (/front|behind|^by/i.test(text) && (among(BACKDROPS, head) || among(COVERS, head))) return "setting";
    if (this.group.length === 0 && this.last < 0 && !this.leadsTo(this.i + 1)) return "setting";
    return "object";
  }

  private readVerb(verb: Chunk & { kind: "verb" }, fresh: boolean): void {
    const { scene } = this;
    const inverted = this.group.length === 0 && (this.waitingRelation || this.waitingPlace);
    if (inverted && this.leadsTo(this.i + 1)) return;
    const end = this.clauseEnd();
    if (fresh && this.listed && end === this.i + 1) return void this.addObject(bareThing(verb.text)); // "seed, sprout, tree"
    const apart = fresh && this.chunks[this.i - 1]?.kind === "comma";
    const several = this.sentence.length > 1 || (scene.objects[this.last]?.count ?? 0) > 1;
    const told = this.variant && this.counted() >= 0;
    if (apart && verb.finite && this.sentence.length > 1) {
      this.last = this.sentence[0]; // "an old sailor, a parrot on his shoulder, looks at a map"
    } else if (verb.plural ? this.sentence.length > 1 : apart && several && !told && !this.namesMore(end)) {
      scene.background.push(this.chunks.slice(this.i, end).map(({ text }) => text).join(" "));
      this.i = end - 1;
      return;
    }
    this.waiting = verb;
  }

  /** What somebody does something to: another object, or part of what the doer shows. */
  private readDeed(verb: Chunk & { kind: "verb" }, thing: Thing): void {
    const { scene } = this;
    const subject = scene.objects[this.last];
    if (!subject && !this.variant) return this.readNamed(thing, false, this.chunks[this.i + 1]);
    if (/^(?:hold|display|bear|carry|feature|contain|have|show)/.test(verb.stem) && this.empties(thing)) return;
    const together = this.sentence.length > 1 || subject && subject.count > 1;
    if (together && this.isScenery(thing)) return this.addSetting(`${verb.text} ${thing.text}`, thing);
    const other = among(LIVING, thing.head) && thing.opens && !TOUCHES.test(verb.stem) && !this.variant;
    const known = this.known(thing);
    if (!other && known < 0) {
      this.append(` ${verb.text} ${thing.text}`);
      this.belongs = true;
      return;
    }
    scene.encounter = true;
    const subjects = [this.last];
    this.group = [];
    addLink(scene, "beside", subjects, [known >= 0 ? known : this.addObject(thing)]);
  }

  /** A table that holds things is their setting: "a desk with a lamp and a book". */
  private empties(thing: Thing): boolean {
    const { scene } = this;
    const support = scene.objects[this.last];
    const alone = scene.objects.length === 1 && support?.count === 1 && Object.keys(support.place).length === 0;
    const end = this.chunks.findIndex(({ kind }, k) => k > this.i && kind === "stop");
    const more = this.chunks.slice(this.i + 1, end < 0 ? undefined : end).some((chunk) =>
      chunk.kind === "place" || chunk.kind === "relation" || chunk.kind === "one" ||
      chunk.kind === "thing" && chunk.opens === "a"
    );
    if (!alone || this.waitingPlace || thing.opens !== "a" || !more) return false;
    if (!among(SUPPORTS, support.thing.head) && !this.isScenery(support.thing)) return false;
    scene.objects.pop();
    scene.background.push((among(SUPPORTS, support.thing.head) ? "on " : "") + describe(support));
    this.group = [];
    this.sentence = [];
    this.last = -1;
    this.addObject(thing);
    return true;
  }

  /** A thing after a preposition. */
  private readAfter({ text: preposition, fresh }: { text: string; fresh?: boolean }, thing: Thing): void {
    const { scene } = this;
    const next = this.chunks[this.i + 1];
    const subject = scene.objects[this.last];
    const living = among(LIVING, thing.head);
    if (/^with$/i.test(preposition)) {
      const ofSetting = !subject && scene.background.length > 0 && thing.opens === "a";
      const another = (next?.kind === "place" || this.isRelated(this.i + 1)) && !this.waitingPlace && !this.variant ||
        living && thing.opens && subject && among(LIVING, subject.thing.head) && !this.variant &&
          this.chunks[this.i - 2]?.kind !== "verb"; // "printed with a bird"
      if (subject && this.empties(thing)) return;
      if (ofSetting || another) {
        this.group = [];
        return void this.addObject(thing);
      }
      const ofSeat = this.onSetting && subject?.setting &&
        !(among(WORN, thing.head) && among(LIVING, subject.thing.head));
      if (ofSeat) return void (subject.setting += ` with ${thing.text}`);
    }
    if (this.isScenery(thing) && !BELONGING.test(preposition)) {
      return this.addSetting(`${preposition} ${thing.text}`, thing, fresh);
    }
    this.append(` ${preposition} ${thing.text}`);
    this.belongs = /^(?:with|in|of)$/i.test(preposition);
  }

  private readWords(text: string, fresh: boolean): void {
    const { scene } = this;
    if (this.waiting?.kind === "be") {
      this.waiting = undefined;
      return this.predicate(text);
    }
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
