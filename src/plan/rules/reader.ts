import { readManner, splitClauses } from "./manner.ts";
import { countOf, hasDeterminer, headOf, namesObject, namesScenery, onlyDescribes } from "./phrase.ts";
import { continuesLast, PRONOUN, roleOf } from "./role.ts";
import { type Place, type Relation, scan, type Token } from "./scan.ts";
import { addLink, type Scene, type SceneObject, shareSetting, tidy } from "./scene.ts";
import { among, STYLE, WORN } from "./words.ts";

/**
 * Take a prompt apart. Never throws: what is not understood stays with the object before it or becomes part of the
 * setting.
 */
export function readScene(prompt: string): Scene {
  const { text, style, order } = readManner(prompt);
  const scene: Scene = { objects: [], links: [], background: [], style, order, encounter: false };
  const clauses = splitClauses(text);
  const reader = new Reader(scene, clauses);
  clauses.forEach((_, i) => reader.readClause(i));
  shareSetting(scene);
  return scene;
}

/** Reads clause after clause into a scene, with what must be remembered between them. */
class Reader {
  /** Objects of the clause at hand that a place or relation to come speaks of. */
  private group: number[] = [];
  /** What "it" means: the last object named, or the one that the last relation was to. */
  private spokenOf = -1;
  /** The one of several that was spoken of last. */
  private variant?: SceneObject["variants"][number];
  private waitingPlace?: Place;
  private waitingBackground = false;
  private waitingRelation?: { relation: Relation; targets: number[] };
  /** Whether places stand before their objects in this prompt ("on the left, a cat"), once a place was read. */
  private placesFirst?: boolean;

  constructor(private readonly scene: Scene, private readonly clauses: string[]) {}

  readClause(index: number): void {
    const { objects, style, background } = this.scene;
    const clause = this.clauses[index];
    const tokens = scan(clause);
    const placed = tokens.some((token) => token.kind === "place" || token.kind === "relation");
    if (STYLE.test(clause) && !placed && !hasDeterminer(clause)) return void style.push(clause);
    if (/^(?:they|all|everything|both)\b/i.test(clause)) {
      return void background.push(clause.replace(/^(?:they|all) (?:are|is) /i, ""));
    }
    if (objects.length && continuesLast(clause, tokens)) {
      const joint = /^(?:with|wearing|holding|carrying|riding|in)\b/i.test(clause) ? " " : ", ";
      objects.at(-1)!.text += joint + clause.replace(/^(?:he|she|it) (?:is|has) /i, "");
      return;
    }
    this.group = [];
    this.variant = undefined;
    for (let i = 0; i < tokens.length; i++) i += this.readToken(tokens, i, index);
  }

  /** Read one token; returns how many of the tokens after it were read along with it. */
  private readToken(tokens: Token[], i: number, clause: number): number {
    const token = tokens[i];
    const next = tokens[i + 1];
    switch (token.kind) {
      case "and":
        this.variant = undefined;
        return this.joinWorn(next, tokens[i + 2]);
      case "place":
        this.readPlace(token.place, next?.kind === "phrase");
        return 0;
      case "background":
        if (this.group.length) this.sendToBackground(token.text);
        else this.waitingBackground = true;
        return 0;
      case "phrase":
        if (next?.kind === "background") {
          this.scene.background.push(`${tidy(token.text)} ${next.text}`);
          return 1;
        }
        this.readPhrase(token.text, next);
        return 0;
      default:
        if (next?.kind !== "phrase") {
          this.append(token.text.trim());
          return 0;
        }
        return 1 + this.readRelation(token, next.text, tokens, i, clause);
    }
  }

  private readPlace(place: Place, phraseFollows: boolean): void {
    const { objects } = this.scene;
    this.placesFirst ??= objects.length === 0;
    if (this.variant) {
      this.variant.place = place;
      return;
    }
    const open = this.group.map((i) => objects[i]).filter(({ place }) =>
      place.x === undefined && place.y === undefined
    );
    if (open.length) {
      for (const object of open) object.place = place;
      this.group = [];
    } else if (phraseFollows || this.placesFirst || objects.length === 0) this.waitingPlace = place;
    else objects.at(-1)!.place = { ...place, ...objects.at(-1)!.place };
  }

  /** A phrase that stands by itself: an object, one of those counted before, or a part of the setting. */
  private readPhrase(text: string, next?: Token): void {
    const { background, objects } = this.scene;
    if (this.waitingBackground) {
      this.waitingBackground = false;
      return void background.push(`${tidy(text)} in the background`);
    }
    if (this.readVariant(text, objects.at(-1))) return;
    const placed = this.waitingPlace || this.waitingRelation || next?.kind === "place" ||
      (next?.kind === "relation" && /left|right|above|below/.test(next.relation));
    if (placed || (!namesScenery(text) && (namesObject(text) || this.group.length || next))) this.addObject(text);
    else background.push(tidy(text));
  }

  /** "one black and one white", said of two cats; "the one on the left is black" comes in two phrases. */
  private readVariant(text: string, counted: SceneObject | undefined): boolean {
    const words = (list: string) => list.replace(/^(?:is|in) /i, "");
    if (this.variant?.text === "" && onlyDescribes(words(text))) {
      this.variant.text = words(text);
      return true;
    }
    if (!counted || counted.count === 1 || counted.variants.length === counted.count) return false;
    const match = text.match(/^(?:one|the one|the other|another)(?: one)?(?: (.+))?$/i);
    const said = words(match?.[1] ?? "");
    if (!match || (said && !onlyDescribes(said) && headOf(said) !== counted.head)) return false;
    this.variant = { text: said, place: this.takePlace() };
    counted.variants.push(this.variant);
    return true;
  }

  private takePlace(): Place {
    const place = this.waitingPlace ?? {};
    this.waitingPlace = undefined;
    return place;
  }

  private addObject(text: string): number {
    const { objects } = this.scene;
    let index = this.known(text);
    if (index === undefined) {
      index = objects.length;
      const clean = tidy(text);
      objects.push({ text: clean, head: headOf(clean), count: countOf(clean), place: this.takePlace(), variants: [] });
    } else {
      const said = text.match(/ (?:is|are|has) (.+)/i);
      if (said) objects[index].text += `, ${said[1]}`;
      objects[index].place = { ...objects[index].place, ...this.takePlace() };
    }
    this.group.push(index);
    this.spokenOf = index;
    if (this.waitingRelation) {
      const { relation, targets } = this.waitingRelation;
      this.waitingRelation = undefined;
      addLink(this.scene, relation, [index], targets);
      this.spokenOf = targets.at(-1)!;
    }
    return index;
  }

  /** The object that "the cat" speaks of, if one was named before. */
  private known(text: string): number | undefined {
    if (!/^(?:the|this|that) /i.test(text)) return undefined;
    const index = this.scene.objects.findLastIndex((object) => object.head === headOf(text));
    return index < 0 ? undefined : index;
  }

  /** A preposition or relation with the phrase after it. Returns how many more tokens were used. */
  private readRelation(
    token: Token & { kind: "preposition" | "relation" },
    text: string,
    tokens: Token[],
    i: number,
    clause: number,
  ): number {
    const words = `${token.text.trim()} ${text}`;
    const after = tokens[i + 2];
    if (token.kind === "preposition" && after?.kind === "background") {
      this.scene.background.push(`${tidy(text)} ${after.text}`);
      return 1;
    }
    // "a beach with a red umbrella on the left": the setting has no attributes, so what comes with it is an object.
    if (/^with$/i.test(token.text) && this.group.length === 0 && !namesScenery(text)) {
      this.addObject(text);
      return 0;
    }
    const role = roleOf(token, text, this.known(text) !== undefined);
    if (role === "setting") this.addSetting(words);
    else if (role === "attribute") this.append(words);
    else if (token.kind === "preposition") this.addObject(text);
    else {
      this.scene.encounter ||= token.encounter ?? false;
      return this.relate(token.relation, text, tokens, i, clause);
    }
    return 0;
  }

  /** Link the objects before a relation to those after it, or the other way about: "above them a bird". */
  private relate(relation: Relation, text: string, tokens: Token[], i: number, clause: number): number {
    const { objects } = this.scene;
    const inverted = this.group.length === 0 && !tokens.slice(0, i).some((token) => token.kind === "phrase");
    const subjects = this.group.length ? this.group : objects.length ? [objects.length - 1] : [];
    const pronoun = text.match(PRONOUN)?.[0];
    let rest = pronoun ? text.slice(pronoun.length) : "";
    let used = 0;
    let targets: number[];
    if (pronoun) {
      const others = [...objects.keys()].filter((index) => inverted || !subjects.includes(index));
      const single = others.includes(this.spokenOf) ? [this.spokenOf] : others.slice(-1);
      targets = /^(?:it|him|her)$/i.test(pronoun) ? single : others;
    } else {
      const [name, ...more] = inverted ? text.split(/ (?:is|are|there is|there are|sits|stands|lies) /i) : [text];
      rest = more.join(" ");
      this.group = [];
      targets = [this.addObject(name)];
      const second = tokens[i + 3];
      const pair = relation === "between" && objects[targets[0]].count === 1;
      if (pair && tokens[i + 2]?.kind === "and" && second?.kind === "phrase") {
        targets.push(this.addObject(second.text));
        used = 2;
      }
    }
    rest = rest.trim().replace(/^(?:is|are|there is|there are|stands|sits|lies)\b\s*/i, "");
    const named = pronoun !== undefined || /^the /i.test(text);
    if (inverted && rest) {
      this.group = [];
      this.waitingRelation = { relation, targets };
      this.readPhrase(rest);
    } else if (inverted && named && hasDeterminer(this.clauses[clause + 1] ?? "")) {
      this.waitingRelation = { relation, targets };
    } else {
      addLink(this.scene, relation, subjects.filter((index) => !targets.includes(index)), targets);
      this.group = targets.slice(-1);
      this.spokenOf = targets.at(-1) ?? this.spokenOf;
    }
    return used;
  }

  /** "with a hat and a scarf": what is worn stays with its wearer. */
  private joinWorn(next: Token | undefined, after: Token | undefined): number {
    const object = this.scene.objects[this.group.at(-1) ?? -1];
    const wears = object && / (?:with|wearing|in|holding|carrying) /i.test(object.text);
    if (!wears || next?.kind !== "phrase" || !among(WORN, headOf(next.text)) || after?.kind === "place") return 0;
    object.text += ` and ${next.text}`;
    return 1;
  }

  private append(text: string): void {
    const { objects, background } = this.scene;
    const object = objects[this.group.at(-1) ?? -1];
    const ofSetting = object?.setting && !/^(?:with|wearing|holding|carrying|riding)\b/i.test(text);
    if (ofSetting) object.setting += ` ${text}`;
    else if (object) object.text += ` ${text}`;
    else if (background.length && !objects.length) background[background.length - 1] += ` ${text}`;
    else background.push(text);
  }

  private addSetting(text: string): void {
    const object = this.scene.objects[this.group.at(-1) ?? -1];
    if (!object) return void this.scene.background.push(tidy(text));
    if (/^in the sky$/i.test(text)) object.place = { y: 0, ...object.place };
    object.setting = object.setting ? `${object.setting} ${text}` : text;
  }

  /** "a house with a red roof in the background" is no object after all. */
  private sendToBackground(where: string): void {
    const { objects, background, links } = this.scene;
    const index = this.group.at(-1)!;
    if (index < objects.length - 1) return void (objects[index].text += ` ${where}`);
    background.push(`${objects.pop()!.text} ${where}`);
    this.scene.links = links.filter((link) => ![...link.subjects, ...link.targets].includes(index));
    this.group = this.group.slice(0, -1);
  }
}
