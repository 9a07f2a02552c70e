/**
 * How the reader takes in places and relations: what is said to be where.
 *
 * @module
 */
import { Memory } from "./memory.ts";
import type { Chunk, Thing } from "./parts.ts";
import { addLink } from "./scene.ts";
import { among, BACKDROPS, COVERS, LIVING, SUPPORTS, WORN } from "./words.ts";

type Relating = Chunk & { kind: "relation"; fresh?: boolean };

/** Reads "on the left", "above it", "between two boxes". */
export abstract class Placing extends Memory {
  protected readPlace(chunk: Chunk & { kind: "place" }): void {
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

  protected readRelation(chunk: Chunk & { kind: "relation" }, fresh: boolean): void {
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
  protected readTarget(token: Relating, thing: Thing): void {
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

  protected roleOf({ text, relation }: Relating, thing: Thing): "setting" | "attribute" | "object" {
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
}
