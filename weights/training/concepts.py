"""What the model is taught: things and people with their emoji and synonyms, colours, backgrounds, styles, and the pairs held out."""
import hashlib

# name: (label in emojibase-data, synonyms a person would say). The first 64 are the first edition's.
THINGS = {
    "dog": ("dog face", ["puppy"]), "cat": ("cat face", ["kitten"]), "fox": ("fox", []), "lion": ("lion", []),
    "bear": ("bear", []), "panda": ("panda", []), "pig": ("pig face", ["piglet"]), "cow": ("cow face", []),
    "monkey": ("monkey face", ["ape"]), "rabbit": ("rabbit face", ["bunny"]), "mouse": ("mouse face", []), "frog": ("frog", ["toad"]),
    "penguin": ("penguin", []), "owl": ("owl", []), "duck": ("duck", []), "fish": ("tropical fish", []),
    "whale": ("spouting whale", []), "octopus": ("octopus", []), "crab": ("crab", []), "turtle": ("turtle", ["tortoise"]),
    "butterfly": ("butterfly", []), "bee": ("honeybee", ["honeybee"]), "rose": ("rose", []), "sunflower": ("sunflower", []),
    "tulip": ("tulip", []), "cactus": ("cactus", []), "tree": ("deciduous tree", []), "mushroom": ("mushroom", ["toadstool"]),
    "apple": ("red apple", []), "pear": ("pear", []), "banana": ("banana", []), "lemon": ("lemon", []),
    "strawberry": ("strawberry", []), "cherry": ("cherries", []), "watermelon": ("watermelon", ["melon"]),
    "pineapple": ("pineapple", []), "carrot": ("carrot", []), "bread": ("bread", ["loaf"]),
    "burger": ("hamburger", ["hamburger"]), "pizza": ("pizza", []), "donut": ("doughnut", ["doughnut"]),
    "ice cream": ("soft ice cream", []), "cake": ("birthday cake", ["birthday cake"]), "cookie": ("cookie", ["biscuit"]),
    "teapot": ("teapot", ["kettle"]), "cup": ("hot beverage", ["mug"]), "car": ("automobile", ["automobile"]), "bus": ("bus", []),
    "truck": ("delivery truck", ["lorry"]), "tractor": ("tractor", []), "train": ("locomotive", ["locomotive"]),
    "bicycle": ("bicycle", ["bike"]), "boat": ("sailboat", ["sailboat"]), "airplane": ("airplane", ["plane"]),
    "rocket": ("rocket", ["spaceship"]), "house": ("house", ["home"]), "castle": ("castle", []), "tent": ("tent", []),
    "ball": ("soccer ball", ["football"]), "balloon": ("balloon", []), "gift": ("wrapped gift", ["present"]),
    "umbrella": ("umbrella", ["parasol"]), "guitar": ("guitar", []), "book": ("closed book", []),
    "horse": ("horse face", ["pony"]), "elephant": ("elephant", []), "tiger": ("tiger face", []), "koala": ("koala", []),
    "unicorn": ("unicorn", []), "dolphin": ("dolphin", []), "shark": ("shark", []), "chick": ("baby chick", []),
    "parrot": ("parrot", []), "snail": ("snail", []), "ladybug": ("lady beetle", ["ladybird"]), "palm tree": ("palm tree", ["palm"]),
    "grapes": ("grapes", []), "tomato": ("tomato", []), "cheese": ("cheese wedge", []), "cupcake": ("cupcake", ["muffin"]),
    "motorcycle": ("motorcycle", ["motorbike"]), "helicopter": ("helicopter", ["chopper"]), "ship": ("ship", ["ferry"]),
    "clock": ("alarm clock", ["alarm clock"]), "star": ("star", []), "snowman": ("snowman without snow", []), "robot": ("robot", []),
    "ghost": ("ghost", []), "drum": ("drum", []), "basketball": ("basketball", []), "teddy bear": ("teddy bear", ["teddy"]),
    "trophy": ("trophy", []), "crown": ("crown", []), "hat": ("top hat", ["top hat"]), "chair": ("chair", []),
    "camera": ("camera", []), "bell": ("bell", []), "heart": ("red heart", []), "backpack": ("backpack", ["rucksack"]), "key": ("key", []),
}
# name: (label, synonyms, what they wear, the colour of a body we draw below an emoji that is a face alone)
PEOPLE = {
    "boy": ("boy", ["little boy"], "shirt", "green"), "girl": ("girl", ["little girl"], "dress", "orange"),
    "man": ("man", ["guy"], "shirt", "blue"), "woman": ("woman", ["lady"], "dress", "purple"),
    "old man": ("old man", ["grandfather"], "shirt", "white"), "old woman": ("old woman", ["grandmother"], "dress", "red"),
    "chef": ("cook", ["cook"], "jacket", None), "astronaut": ("astronaut", ["spaceman"], "suit", None),
    "farmer": ("farmer", [], "shirt", None), "police officer": ("police officer", ["policeman"], "uniform", None),
    "firefighter": ("firefighter", ["fireman"], "uniform", None), "doctor": ("health worker", ["nurse"], "coat", None),
    "pilot": ("pilot", [], "uniform", None), "builder": ("construction worker", ["worker"], "vest", None),
    "prince": ("prince", [], "jacket", None), "princess": ("princess", [], "dress", None), "king": ("person with crown", [], "robe", None),
    "wizard": ("man mage", ["magician"], "robe", None), "superhero": ("man superhero", ["hero"], "suit", None),
    "dancer": ("woman dancing", [], "dress", None),
}
CONCEPTS = {**THINGS, **{name: p[:2] for name, p in PEOPLE.items()}}
NAMES = list(CONCEPTS)

# The dark, middle and light end of each colour's ramp.
COLOURS = {
    "red": ((70, 5, 10), (220, 35, 40), (255, 190, 180)), "orange": ((90, 30, 0), (245, 130, 25), (255, 220, 170)),
    "yellow": ((95, 65, 0), (250, 210, 40), (255, 250, 200)), "green": ((5, 50, 15), (60, 170, 65), (205, 245, 190)),
    "blue": ((8, 20, 80), (50, 105, 225), (190, 220, 255)), "purple": ((40, 10, 75), (135, 70, 200), (225, 195, 250)),
    "pink": ((105, 15, 60), (245, 125, 180), (255, 220, 235)), "white": ((90, 90, 98), (222, 222, 228), (255, 255, 255)),
    "black": ((6, 6, 9), (52, 52, 60), (165, 165, 176)),
}
PLAIN = {
    "white": (244, 244, 244), "black": (28, 28, 32), "gray": (132, 132, 136), "red": (196, 58, 54), "blue": (66, 112, 206),
    "green": (76, 160, 86), "yellow": (240, 208, 90), "pink": (240, 170, 196),
}
# What one says of a drawn place, and what it is called where nothing else is said.
DRAWN = {
    "grass": "on the grass", "table": "on a table", "sky": "in the sky", "sea": "by the sea", "snow": "in the snow",
    "night": "under the stars", "sunset": "at sunset", "desert": "in the desert", "water": "under water", "room": "in a room",
}
ALONE = {
    "grass": "a green meadow", "table": "an empty table", "sky": "a blue sky", "sea": "the sea", "snow": "a snowy field",
    "night": "a night sky", "sunset": "a sunset", "desert": "a desert", "water": "blue water", "room": "an empty room",
}
# How one asks for a style: around the sentence, {} being the rest. Three-dimensional is the one that need not be said.
STYLES = {
    "3d": ["a 3d render of {}", "{}, 3d style"], "flat": ["a flat illustration of {}", "{}, flat illustration", "{}, flat style"],
    "contrast": ["a high contrast icon of {}", "{}, high contrast icon", "{}, high contrast"],
    "line": ["a line drawing of {}", "{}, line drawing", "{}, line art"],
}
PLACES = ["left", "right", "top", "bottom", "middle"]


def held_out(*words: str) -> bool:
    """One in twelve colour–object and object–object pairs never occurs in training; order does not matter."""
    digest = hashlib.sha256("|".join(sorted(words)).encode()).digest()
    return digest[0] % 12 == 0


def article(words: str) -> str:
    if words == "grapes" or words.endswith(" grapes"):
        return words
    return ("an " if words[0] in "aeiou" else "a ") + words


def plural(words: str) -> str:
    special = {"mouse": "mice", "fish": "fish", "cherry": "cherries", "strawberry": "strawberries", "butterfly": "butterflies",
               "puppy": "puppies", "bunny": "bunnies", "lorry": "lorries", "octopus": "octopuses", "cactus": "cactuses",
               "fox": "foxes", "bus": "buses", "loaf": "loaves", "bread": "breads", "grapes": "grapes", "pony": "ponies",
               "ferry": "ferries", "teddy": "teddies", "trophy": "trophies", "tomato": "tomatoes", "lady": "ladies",
               "man": "men", "woman": "women", "old man": "old men", "old woman": "old women", "policeman": "policemen",
               "fireman": "firemen", "spaceman": "spacemen", "princess": "princesses", "hero": "heroes", "superhero": "superheroes"}
    return special.get(words, words + "s")


def described(name: str, colour: str | None) -> str:
    """A thing in a colour, a person in clothes of it; the plainest wording."""
    if not colour:
        return article(name)
    return f"{article(name)} in {article(f'{colour} {PEOPLE[name][2]}')}" if name in PEOPLE else article(f"{colour} {name}")
