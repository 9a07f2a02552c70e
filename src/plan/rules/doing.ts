/**
 * How the reader takes in deeds and belongings: what somebody does, holds, wears or has.
 *
 * @module
 */
import { bareThing } from "./chunk.ts";
import type { Chunk, Thing } from "./parts.ts";
import { Placing } from "./placing.ts";
import { addLink, describe } from "./scene.ts";
import { among, LIVING, SUPPORTS, TOUCHES, WORN } from "./words.ts";

/** "of", "wearing" and the like never lead to the setting. */
const BELONGING = /^(?:of|with|for|to|as|like)$/i;

/** Reads "chasing a mouse", "with a hat", "in a basket". */
export abstract class Doing extends Placing {
  /** A thing that no word before it leads to. */
  protected abstract readNamed(thing: Thing, fresh: boolean, next?: Chunk): void;

  protected readVerb(verb: Chunk & { kind: "verb" }, fresh: boolean): void {
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
  protected readDeed(verb: Chunk & { kind: "verb" }, thing: Thing): void {
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
  protected empties(thing: Thing): boolean {
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
  protected readAfter({ text: preposition, fresh }: { text: string; fresh?: boolean }, thing: Thing): void {
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
}
