/**
 * What the reader remembers between chunks, and how it adds to the scene.
 *
 * @module
 */
import type { Chunk, Place, Relation, Thing } from "./parts.ts";
import { placeOf } from "./patterns.ts";
import { addLink, type Scene, type Variant } from "./scene.ts";
import { among, LIVING, SCENERY } from "./words.ts";

const FEMALE =
  /^(?:woman|girl|lady|queen|princess|mother|grandmother|mermaid|bride|witch|nun|sister|daughter|geisha|fairy)$/;

/** A scene in the making. */
export abstract class Memory {
  /** Objects of the clause at hand, and those of the sentence. */
  protected group: number[] = [];
  protected sentence: number[] = [];
  /** The object that what follows is said of; -1: the setting, or nothing yet. */
  protected last = -1;
  protected variant?: Variant;
  /** At the start of a clause. */
  protected fresh = true;
  /** A word that waits for what it leads to. */
  protected waiting?: Chunk & { kind: "preposition" | "relation" | "verb" | "be"; fresh?: boolean };
  protected waitingPlace?: Place;
  protected waitingRelation?: { relation: Relation; targets: number[] };
  protected waitingBackground = false;
  /** The last thing named belongs to an object: "with a hat" … "and a scarf". */
  protected belongs = false;
  /** Whether places stand before their objects in this prompt ("on the left, a cat"), once a place was read. */
  protected placesFirst?: boolean;
  /** What "it" means in a row of relations: "below it a river, above it a dragon". */
  protected spokenOf = -1;
  /** The last thing named was a setting: "in front of a house" … "with a green door". */
  protected onSetting = false;
  /** A place stood before it as its heading: "the left half shows". */
  protected heading = false;
  /** Where the last thing that must not be there was noted: "no cars" … "or people". */
  protected denied?: string[];
  protected i = 0;

  constructor(
    protected readonly scene: Scene,
    protected readonly chunks: Chunk[],
    protected readonly listed: boolean,
  ) {}

  /** Whether this clause says where in the picture it is. */
  protected clausePlaces(): boolean {
    return this.chunks.slice(this.i, this.clauseEnd()).some(({ kind, text }, k, clause) =>
      kind === "place" && !clause.slice(0, k).some((chunk) => chunk.kind === "and" || chunk.text === "with") &&
      text !== ""
    );
  }

  protected isScenery(thing: Thing): boolean {
    return among(SCENERY, thing.head);
  }

  protected addObject(thing: Thing): number {
    const { scene } = this;
    const index = scene.objects.length;
    const side = thing.opens === "the"
      ? thing.adjectives.match(/^(?:left|right|top|bottom|middle)\b ?/i)?.[0] ?? ""
      : "";
    const adjectives = thing.adjectives.slice(side.length).replace(/\bsame ?/i, "");
    if (thing.head === "one" && scene.objects.length) {
      const { head, noun } = scene.objects[0].thing;
      thing = { ...thing, head, noun };
    }
    scene.objects.push({
      thing: { ...thing, adjectives },
      count: thing.noun === "twins" ? 2 : thing.count,
      place: { ...this.takePlace(), ...placeOf(side.toLowerCase()) },
      apart: this.heading,
      adjectives: [],
      more: "",
      variants: [],
      negative: [],
      size: /^(?:\w+ )*(?:huge|giant|gigantic|enormous|massive|colossal)\b/i.test(thing.adjectives) ? 2 : 1,
    });
    this.heading = false;
    this.group.push(index);
    this.sentence.push(index);
    this.last = index;
    this.variant = undefined;
    this.belongs = false;
    if (this.waitingRelation) {
      const { relation, targets } = this.waitingRelation;
      this.waitingRelation = undefined;
      addLink(scene, relation, [index], targets);
      this.spokenOf = targets.at(-1)!;
    } else this.spokenOf = index;
    return index;
  }

  /** The object that "the cat" speaks of, if one was named before. */
  protected known(thing: Thing): number {
    if (thing.opens !== "the" || /\bsame\b/i.test(thing.adjectives)) return -1;
    return this.scene.objects.findLastIndex(({ thing: { head, adjectives }, count }) =>
      head === thing.head && count === 1 && (!thing.adjectives || adjectives.includes(thing.adjectives))
    );
  }

  /** The object that was counted and whose single ones are not all told yet. */
  protected counted(): number {
    const { objects } = this.scene;
    return objects.findLastIndex(({ count, variants }) => count > 1 && variants.length < count);
  }

  protected startVariant(index: number, variant: Variant): void {
    this.scene.objects[index].variants.push(variant);
    this.variant = variant;
    this.waiting = undefined;
    this.last = index;
    this.belongs = false;
  }

  /** Whom "her", "his" or "it" means. */
  protected owner(pronoun: string, but: number[] = []): number {
    const { objects } = this.scene;
    const last = (test: (head: string) => boolean) =>
      objects.findLastIndex(({ thing }, i) => test(thing.head) && !but.includes(i));
    const found = /^(?:her|she)/i.test(pronoun)
      ? last((head) => FEMALE.test(head))
      : /^(?:his|he)/i.test(pronoun)
      ? last((head) => among(LIVING, head) && !FEMALE.test(head))
      : -1;
    if (found >= 0) return found;
    const living = /^it/i.test(pronoun) ? -1 : last((head) => among(LIVING, head));
    return living >= 0 ? living : this.last >= 0 ? this.last : objects.length - 1;
  }

  protected takePlace(): Place {
    const place = this.waitingPlace ?? {};
    this.waitingPlace = undefined;
    return place;
  }

  /** Whether an object is named next: at once, after its verb ("stands a tree"), or after a comma with its article. */
  protected leadsTo(i: number): boolean {
    const [first, second] = [this.chunks[i], this.chunks[i + 1]];
    if (first?.kind === "thing") return true;
    if (first?.kind !== "verb" && first?.kind !== "be" && first?.kind !== "comma") return false;
    return second?.kind === "thing" && second.opens !== undefined;
  }

  protected clauseEnd(): number {
    const end = this.chunks.findIndex(({ kind }, k) => k > this.i && /^(?:comma|stop|colon)$/.test(kind));
    return end < 0 ? this.chunks.length : end;
  }

  /** Whether the sentence goes on to name objects after chunk i. */
  protected namesMore(i: number): boolean {
    for (; i < this.chunks.length && this.chunks[i].kind !== "stop"; i++) {
      const chunk = this.chunks[i];
      if (chunk.kind === "thing" && chunk.opens === "a" && /^(?:comma|and)$/.test(this.chunks[i - 1]?.kind)) {
        return true;
      }
    }
    return false;
  }

  /** "a milkshake beside it", "a drone flying above it" */
  protected isRelated(i: number): boolean {
    const doing = this.chunks[i];
    const chunk = this.chunks[doing?.kind === "verb" && !doing.finite ? i + 1 : i];
    return chunk?.kind === "relation" && chunk.pronoun !== undefined;
  }

  /** "four cards: ace, king, queen, jack" */
  protected takeList(): boolean {
    const counted = this.counted();
    const end = this.chunks.findIndex(({ kind }, k) => k > this.i && kind === "stop");
    const list = this.chunks.slice(this.i + 1, end < 0 ? undefined : end).filter(({ kind }) =>
      !/^(?:comma|and)$/.test(kind)
    );
    const isList = list.every((chunk) => chunk.kind === "words" || chunk.kind === "thing" && !chunk.opens);
    if (counted < 0 || !isList || list.length !== this.scene.objects[counted].count) return false;
    for (const { text } of list) this.startVariant(counted, { text, place: {} });
    this.i = end < 0 ? this.chunks.length : end - 1;
    return true;
  }

  /** "the moon is purple" */
  protected predicate(text: string): void {
    const object = this.scene.objects[this.last];
    if (object && !this.variant && !this.belongs && !/[ ,]/.test(text) && !object.more) {
      object.adjectives.push(text.toLowerCase());
    } else this.append(` ${text}`);
  }

  protected append(text: string): void {
    const { objects, background } = this.scene;
    const object = objects[this.last];
    if (this.variant) this.variant.text += text;
    else if (object?.setting && /^ (?:of|from|at|in|by|full)\b/.test(text)) object.setting += text;
    else if (object) object.more += text;
    else if (background.length && (!objects.length || this.chunks[this.i - 2]?.kind === "thing")) {
      background[background.length - 1] += text;
    } else if (text.trim().length > 2) background.push(text.trim().replace(/^, /, ""));
  }

  /** @param fresh it begins a clause: after several objects it is where all of them are */
  protected addSetting(text: string, thing: Thing, fresh = false): void {
    const { objects, background } = this.scene;
    const object = fresh && this.sentence.length > 1 ? undefined : objects[this.last];
    const words = text.replace(/^\w/, (letter) => letter.toLowerCase());
    if (this.variant) this.variant.text += ` ${words}`;
    else if (object && this.group.length + this.sentence.length) {
      if (/^sky|skies$/.test(thing.head) && /^in/.test(words)) object.place = { y: 0, ...object.place };
      object.setting = object.setting ? `${object.setting} ${words}` : words;
      this.onSetting = true;
    } else if (
      !object && background.length && !objects.length && !this.waiting && this.chunks[this.i - 2]?.kind === "thing"
    ) {
      background[background.length - 1] += ` ${words}`;
    } else background.push(words);
  }

  /** What waited for a thing and gets none. */
  protected flush(next?: Chunk): void {
    const { waiting } = this;
    if (!waiting || (waiting.kind === "be" && next?.kind !== "stop" && next?.kind !== "comma")) {
      if (next?.kind === "verb" && waiting?.kind === "be" && next.text) this.waiting = undefined;
      return;
    }
    this.waiting = undefined;
    if (/^without$/i.test(waiting.text)) return this.denyTheOthers();
    if (
      waiting.kind === "verb" || waiting.kind === "preposition" && next?.kind !== "one" && next?.kind !== "background"
    ) {
      const idle = waiting.fresh ? /^(?:with|that|outside|inside)$/i : /^(?:with|that)$/i;
      if (waiting.kind === "verb" || !idle.test(waiting.text)) this.append(` ${waiting.text}`);
    }
  }

  /** "one with a hat and one without" */
  private denyTheOthers(): void {
    const { variant } = this;
    const other = this.scene.objects[this.last]?.variants.at(-2)?.text.match(/ with (?:an? |the )?(.+)/)?.[1];
    if (variant && other) (variant.negative ??= []).push(other);
  }

  /** "a house with a red roof in the background" is no object after all. */
  protected sendToBackground(where: string): void {
    const { scene } = this;
    const index = this.group.at(-1)!;
    const object = scene.objects[index];
    if (index < scene.objects.length - 1) return void (object.more += ` ${where}`);
    scene.background.push(`${object.thing.text}${object.more} ${where}`);
    scene.objects.pop();
    scene.links = scene.links.filter((link) => ![...link.subjects, ...link.targets].includes(index));
    this.group = this.group.slice(0, -1);
    this.last = scene.objects.length - 1;
  }
}
