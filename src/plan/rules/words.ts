/**
 * The words the rules planner knows. Parts of speech come from the tagger; these lists hold what a dictionary does not
 * say: what is a setting and no object, what belongs to a person, what is about the picture and not in it.
 *
 * @module
 */

const words = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

/** Counts as words. */
export const NUMBERS: ReadonlyMap<string, number> = new Map(
  ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    .map((word, i): [string, number] => [word, i + 1]),
);

export const COLOURS = words(`
  red orange yellow green blue purple violet pink brown black white grey gray gold golden silver turquoise teal cyan
  magenta crimson scarlet maroon beige ivory navy azure lime olive indigo lavender copper bronze blonde blond ginger`);

/**
 * People and animals: after "with" or a verb they are objects of their own, and they are objects without an article.
 */
export const LIVING = words(`
  person people man woman boy girl child kid baby lady gentleman guy friend twin couple
  knight king queen prince princess wizard witch mage archer warrior soldier sailor pirate astronaut doctor nurse chef
  waiter teacher student dancer singer farmer fisherman samurai ninja geisha monk nun priest clown robot alien angel demon
  fairy elf dwarf orc hobbit goblin troll mermaid vampire zombie ghost hero bride groom player shepherd
  viking cowboy cyclist tourist hunter gardener musician painter photographer scientist customer baker policeman
  firefighter ballerina skeleton snowman scarecrow monster apprentice mother father son daughter brother sister grandmother grandfather
  cat dog puppy kitten cub horse pony donkey cow bull calf sheep lamb goat pig chicken hen rooster duck goose swan turkey
  bird parrot owl eagle hawk crow raven pigeon penguin peacock flamingo sparrow robin fish shark whale seal trout
  dolphin octopus crab lobster turtle tortoise frog toad snake lizard crocodile dinosaur dragon unicorn phoenix
  lion tiger leopard cheetah panther wolf fox bear panda koala kangaroo monkey gorilla elephant giraffe
  zebra rhino hippo camel llama yak deer moose elk rabbit bunny hare squirrel hedgehog hamster
  mouse rat bat bee butterfly dragonfly spider ant ladybug snail corgi poodle labrador husky beagle`);

/** Places, times and weather: the picture's setting and no object, unless a place or a relation says otherwise. */
export const SCENERY = words(`
  grass lawn meadow field garden park forest wood woods jungle desert savanna beach shore coast sea ocean lake river pond
  stream waterfall water mountain mountains hill hills valley canyon cliff cave island sky snow rain fog mist ice sand floe
  street road path bridge city town village square market plaza alley harbor harbour station airport pier campus cockpit
  room kitchen bedroom bathroom office studio library museum restaurant cafe café bar pub shop store school classroom
  hospital stadium theater theatre stage garage basement attic hallway corridor balcony terrace yard farm arena
  night day morning evening sunset sunrise dusk dawn twilight noon winter summer spring autumn fall storm hour rink
  background backdrop landscape scenery countryside horizon space galaxy universe underwater outdoors indoors outside
  inside daylight moonlight sunlight starlight light lighting lights wall floor ground carpet rug pavement crowd ruins`);

/** What things stand on: after "on" it is part of the setting, elsewhere an object. */
export const SUPPORTS = words(`
  table desk chair sofa couch bed bench shelf bookshelf stool counter plate saucer tray tablecloth blanket cushion pillow
  branch roof windowsill planet boat ship train armchair nightstand pedestal rock log fence leaf throne swing slab
  moon mars workbench board chessboard carton basket bowl crate box map stand`);

/** What things stand under, by or in front of as part of the setting. */
export const COVERS = words(`tree sky star sun moon bridge roof lamp cloud rainbow blossom arch canopy`);
export const BACKDROPS = words(`
  house castle church tower building window door curtain fence tree temple palace skyline pyramid barn volcano`);

/** What belongs to a person or an animal: "a woman with a hat and a scarf" is one object. */
export const WORN = words(`
  hat cap helmet crown scarf tie bowtie shirt t-shirt tshirt blouse sweater jumper jacket coat raincoat suit dress gown
  skirt trouser pants jean shorts shoe boot sneaker sandal sock glove glasses glass sunglasses mask cape cloak robe apron
  uniform armor armour belt necklace earring ring bracelet backpack bag collar bow ribbon beard mustache moustache hair
  ponytail eye ear nose mouth face tail wing horn fur feather mane stripe spot leg arm hand foot feet paw claw tooth teeth
  smile freckle tattoo makeup lipstick veil kimono tuxedo vest hoodie tunic turban monocle chin shoulder head skin body lip
  jersey`);

/** Plurals that stay plural when "two cats with green eyes" becomes one cat. */
export const PAIRS = words(`
  eyes ears legs wings arms hands feet paws claws teeth horns boots shoes sneakers sandals socks gloves glasses
  sunglasses jeans trousers pants shorts feathers spots stripes freckles whiskers earrings leaves clothes dots wheels robes
  tattoos`);

/** Nouns that end as participles do. */
export const NOUNS_IN_ING =
  /^(?:thing|ring|king|wing|string|spring|building|painting|drawing|wedding|ceiling|morning|evening|lightning|clothing|lighting|setting|sibling|duckling|earring|pudding)s?$/;

/** What one holds or is in touch with belongs to one's own region: "a man riding a horse" is one object. */
export const TOUCHES =
  /^(?:rid|hold|carry|wear|hug|kiss|cradl|pet|strok|embrac|grip|clutch|wield|eat|drink|bit|lick|driv|cuddl|walk|play|read)/;

/** What a clause must hold to be about the manner of the picture and not its contents. */
export const STYLE = new RegExp(
  "\\b(?:" +
    "in the style of|styled?|art by|artstation|realistic|photo ?realistic|hyper ?realistic|[48]k|hdr|u?hd|masterpiece|solo|" +
    "(?:best|high|highest|top) quality|detail(?:ed|s)|sharp focus|bokeh|depth of field|(?:oil|acrylic|digital|matte) painting|" +
    "painting by|watercolou?rs?|\\w+[ -]art|illustration|sketch|render(?:ing|ed)?|3d|" +
    "octane|unreal engine|anime|manga|cartoon|comic|cinematic|lighting|film grain|\\d+ ?mm|dslr|close[- ]up|macro|portrait|" +
    "(?:wide|action|full|long) (?:shot|angle)|(?:upper|full) body|(?:top[- ]down|aerial|bird's[- ]eye) view|flat lay|" +
    "black and white|monochrome|sepia|vivid|(?:soft|studio|volumetric|dramatic|warm|dim|rim) light|trending|award[- ]winning|" +
    "impressionis[tm]|surreal(?:ism)?|minimalist(?:ic)?|low[- ]poly|isometric|vaporwave|steampunk|baroque|ukiyo-e|charcoal|" +
    "pencil drawing|aesthetic|lofi|photo(?:graph|graphy)?|seen from \\w+|looking at viewer|golden hour" + ")\\b",
  "i",
);

/** Whether a set has this noun, in the singular or the plural. */
export function among(set: ReadonlySet<string>, noun: string): boolean {
  return set.has(noun) || set.has(noun.replace(/s$/, ""));
}

/** "a" or "an", by the first sound as the spelling shows it. */
export function article(word: string): string {
  return /^(?:[aeio]|u(?!ni|se|s[aeiu]|kulele|fo))|^(?:hour|honest|heir)/i.test(word) ? "an" : "a";
}
