/**
 * The words the rules planner knows. Everything else it treats as a plain noun or adjective, so the lists only need what
 * changes how a prompt is taken apart.
 *
 * @module
 */

const words = (list: string) => new Set(list.trim().split(/\s+/));

/** Counts as words; "a" and "an" count one. */
export const NUMBERS: ReadonlyMap<string, number> = new Map([
  ...["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    .map((word, i): [string, number] => [word, i + 1]),
  ["a", 1],
  ["an", 1],
  ["both", 2],
]);

/** Words that open a noun phrase. */
export const DETERMINERS = words(`
  a an the one two three four five six seven eight nine ten eleven twelve both some several many few another this that
  these those his her its their my your our each every`);

export const COLOURS = words(`
  red orange yellow green blue purple violet pink brown black white grey gray gold golden silver turquoise teal cyan
  magenta crimson scarlet maroon beige ivory navy azure lime olive indigo lavender copper bronze blonde blond ginger`);

/** Adjectives that may be joined by "and" in front of a noun, or follow it in a clause of their own. */
export const ADJECTIVES = words(`
  big small large little tiny huge giant tall short long wide thin thick fat slim old young new ancient modern happy sad
  angry cute beautiful pretty ugly handsome elegant wild tame fluffy furry hairy smooth shiny bright dark light pale soft
  hard wooden metal metallic glass plastic stone round square striped spotted dotted plain colorful colourful fresh ripe
  rotten hot cold wet dry clean dirty empty full open closed broken sleepy sleeping flying running strong weak brave
  calm curious playful friendly smiling identical different bold bearded bald transparent glowing magical rusty vintage`);

/** People and animals: after "with" or a verb they are objects of their own, and they are objects without an article. */
export const LIVING = words(`
  man woman boy girl child kid baby person people lady gentleman guy knight king queen prince princess wizard witch
  soldier sailor pirate astronaut doctor nurse chef teacher student dancer singer farmer fisherman warrior samurai ninja
  monk nun priest clown robot alien angel demon fairy elf dwarf mermaid vampire zombie ghost hero bride groom
  mother father son daughter brother sister grandmother grandfather couple crowd
  cat dog puppy kitten horse pony donkey cow bull calf sheep lamb goat pig chicken hen rooster duck goose swan turkey
  bird parrot owl eagle hawk crow raven pigeon penguin peacock flamingo sparrow robin hummingbird fish shark whale
  dolphin octopus crab lobster turtle frog toad snake lizard crocodile alligator dinosaur dragon unicorn phoenix
  lion tiger leopard cheetah panther wolf fox bear panda koala kangaroo monkey gorilla chimpanzee elephant giraffe
  zebra rhino rhinoceros hippo hippopotamus camel llama deer moose elk rabbit bunny hare squirrel hedgehog hamster
  mouse rat bat bee butterfly dragonfly spider ant ladybug snail corgi poodle labrador husky dachshund bulldog`);

/** Everyday things that count as objects even without an article. */
export const THINGS = words(`
  apple pear banana orange lemon lime peach plum cherry strawberry grape melon watermelon pineapple mango tomato potato
  carrot pumpkin onion mushroom bread cake pie pizza burger sandwich egg cheese cup mug glass bottle bowl plate teapot
  kettle pot pan jug vase basket box crate barrel bag backpack suitcase book lamp lantern candle clock watch phone laptop
  computer keyboard camera television radio guitar piano violin trumpet drum ball balloon kite doll toy teddy hat
  umbrella key coin crown sword shield gun car truck bus van taxi bicycle bike motorcycle scooter train tram boat ship
  sailboat yacht canoe airplane plane helicopter rocket spaceship satellite house cottage cabin castle tower church
  lighthouse windmill barn tent skyscraper statue fountain tree flower rose tulip sunflower daisy cactus palm plant
  cube sphere ball cone cylinder pyramid circle square triangle star heart ring disc donut torus pentagon hexagon
  chair sofa couch bed bench stool desk sun moon planet cloud rainbow snowman scarecrow mailbox stone rock`);

/** Places and weather: the picture's setting and no object, unless a place or a relation says otherwise. */
export const SCENERY = words(`
  grass lawn meadow field garden park forest wood woods jungle desert beach shore coast sea ocean lake river pond stream
  waterfall water mountain mountains hill hills valley canyon cliff cave island sky skies snow rain fog mist ice sand
  street road path bridge city town village square market plaza alley harbor harbour station airport
  room kitchen bedroom bathroom livingroom office studio library museum restaurant cafe bar shop store school classroom
  hospital stadium theater theatre stage garage basement attic hallway corridor balcony terrace yard backyard farm
  night day morning evening sunset sunrise dusk dawn twilight noon winter summer spring autumn fall storm
  background backdrop landscape scenery countryside horizon space galaxy universe underwater outdoors indoors outside
  inside daylight moonlight sunlight starlight wall floor ground carpet rug pavement fireplace`);

/** What things stand on: after "on" it is part of the setting, elsewhere an object. */
export const SUPPORTS = words(`
  table desk chair sofa couch bed bench shelf stool counter plate saucer tray tablecloth blanket cushion pillow branch roof
  windowsill moon planet mars boat ship train armchair nightstand pedestal rock log fence leaf throne swing`);

/** What things stand under or in front of as part of the setting. */
export const COVERS = words(`tree trees sky moon stars sun umbrella bridge roof lamp light clouds rainbow`);
export const BACKDROPS = words(`
  house castle church tower building window door curtain wall fence tree trees temple palace skyline pyramid pyramids
  bookshelf barn mountain volcano`);

/** What belongs to a person or an animal: "a woman with a hat and a scarf" is one object. */
export const WORN = words(`
  hat cap helmet crown scarf tie bowtie shirt t-shirt tshirt blouse sweater jumper jacket coat suit dress skirt trousers
  pants jeans shorts shoes boots sneakers sandals socks gloves glasses sunglasses mask cape cloak robe apron uniform
  armor armour belt necklace earrings ring bracelet watch backpack bag collar bow ribbon beard mustache moustache hair
  eyes eye ears ear nose mouth face tail wings wing horns fur feathers mane stripes spots legs leg arms arm hands hand
  feet paws claws teeth smile freckles tattoo makeup lipstick veil kimono tuxedo vest hoodie tunic turban monocle`);

/** Plurals that stay plural when "two cats with green eyes" becomes one cat. */
export const PAIRS = words(`
  eyes ears legs wings arms hands feet paws claws teeth horns boots shoes sneakers sandals socks gloves glasses
  sunglasses jeans trousers pants shorts feathers spots stripes freckles whiskers earrings leaves clothes dots wheels`);

/** Verbs between two objects that stand apart, so that each can have a region. */
export const ENCOUNTERS =
  /(?:looking at|staring at|talking (?:to|with)|playing with|dancing with|fighting(?: with| against)?|running after|chasing|facing|watching|following|feeding|greeting|meeting|confronting|accompanied by)/;

/** What a clause must hold to be about the manner of the picture and not its contents. */
export const STYLE = new RegExp(
  "\\b(?:" + [
    "in the style of",
    "style",
    "styled",
    "art by",
    "artstation",
    "photo ?realistic",
    "hyper ?realistic",
    "realistic",
    "[48]k",
    "hdr",
    "uhd",
    "hd",
    "masterpiece",
    "(?:best|high|highest) quality",
    "(?:highly|very|intricate(?:ly)?|ultra|extremely) detail(?:ed|s)?",
    "detailed",
    "sharp focus",
    "bokeh",
    "depth of field",
    "(?:oil|acrylic|digital|matte|watercolou?r) painting",
    "watercolou?rs?",
    "digital art",
    "pixel art",
    "concept art",
    "line art",
    "illustration",
    "sketch",
    "render(?:ing|ed)?",
    "3d",
    "octane",
    "unreal engine",
    "anime",
    "manga",
    "cartoon",
    "comic",
    "cinematic",
    "lighting",
    "film grain",
    "35mm",
    "dslr",
    "close[- ]up",
    "wide (?:shot|angle)",
    "macro",
    "portrait",
    "black and white",
    "monochrome",
    "sepia",
    "vivid colou?rs",
    "soft light",
    "studio light",
    "trending",
    "award[- ]winning",
    "impressionis[tm]",
    "surreal(?:ism)?",
    "minimalist(?:ic)?",
    "low[- ]poly",
    "isometric",
    "vaporwave",
    "cyberpunk",
    "steampunk",
    "baroque",
    "ukiyo-e",
    "charcoal",
    "pencil drawing",
    "aesthetic",
  ].join("|") + ")\\b",
  "i",
);

/** A picture's kind at the head of the prompt: "an oil painting of …". Group 1 is the kind. */
export const MEDIUM =
  /^(?:(?:please |can you )?(?:draw|paint|make|create|generate|show)(?: me)? )?(?:an? |the )?((?:[\w-]+ ){0,3}?(?:photo|photograph|picture|image|painting|drawing|sketch|illustration|render(?:ing)?|portrait|poster|cartoon|watercolou?r|pixel art|digital art|art|shot|scene|still life|close-up))(?: (?:of|showing|depicting|with|that shows))? (?=(?:an?|the|one|two|three|four|five|six|seven|eight|some|several|\w+) )/i;

const IRREGULAR = new Map(
  `
  people:person men:man women:woman children:child mice:mouse geese:goose feet:foot teeth:tooth wolves:wolf
  knives:knife leaves:leaf calves:calf elves:elf dwarves:dwarf shelves:shelf scarves:scarf loaves:loaf sheep:sheep
  fish:fish deer:deer moose:moose buses:bus glasses:glass dresses:dress roses:rose vases:vase horses:horse
  houses:house cacti:cactus potatoes:potato tomatoes:tomato heroes:hero shoes:shoe pies:pie fishermen:fisherman
  policemen:policeman firemen:fireman snowmen:snowman gentlemen:gentleman wives:wife thieves:thief`.trim().split(/\s+/)
    .map((pair) => pair.split(":") as [string, string]),
);

/** The singular of an English noun; words that are no plural come back as they are. */
export function singular(noun: string): string {
  const known = IRREGULAR.get(noun.toLowerCase());
  if (known) return known;
  if (/[^aeiou]ies$/i.test(noun)) return noun.slice(0, -3) + "y";
  if (/(?:[sxz]|ch|sh)es$/i.test(noun)) return noun.slice(0, -2);
  return /[^su]s$/i.test(noun) ? noun.slice(0, -1) : noun;
}

/** Whether a set has this noun, in the singular or the plural. */
export function among(set: Set<string>, noun: string): boolean {
  return set.has(noun.toLowerCase()) || set.has(singular(noun).toLowerCase());
}

/** "a" or "an", by the first sound as the spelling shows it. */
export function article(word: string): string {
  return /^(?:[aeio]|u(?!ni|se|s[aeiu]|kulele|fo))|^(?:hour|honest|heir)/i.test(word) ? "an" : "a";
}
