"""What the model is taught: concepts with their emoji and synonyms, colours, backgrounds, and the pairs held out for the benchmark."""
import hashlib
import json
from pathlib import Path

# name: (label in emojibase-data, synonyms a person would say)
CONCEPTS = {
    "dog": ("dog face", ["puppy"]), "cat": ("cat face", ["kitten"]), "fox": ("fox", []), "lion": ("lion", []),
    "bear": ("bear", []), "panda": ("panda", []), "pig": ("pig face", ["piglet"]), "cow": ("cow face", []),
    "monkey": ("monkey face", []), "rabbit": ("rabbit face", ["bunny"]), "mouse": ("mouse face", []), "frog": ("frog", []),
    "penguin": ("penguin", []), "owl": ("owl", []), "duck": ("duck", []), "fish": ("tropical fish", []),
    "whale": ("spouting whale", []), "octopus": ("octopus", []), "crab": ("crab", []), "turtle": ("turtle", ["tortoise"]),
    "butterfly": ("butterfly", []), "bee": ("honeybee", ["honeybee"]), "rose": ("rose", []), "sunflower": ("sunflower", []),
    "tulip": ("tulip", []), "cactus": ("cactus", []), "tree": ("deciduous tree", []), "mushroom": ("mushroom", ["toadstool"]),
    "apple": ("red apple", []), "pear": ("pear", []), "banana": ("banana", []), "lemon": ("lemon", []),
    "strawberry": ("strawberry", []), "cherry": ("cherries", []), "watermelon": ("watermelon", []),
    "pineapple": ("pineapple", []), "carrot": ("carrot", []), "bread": ("bread", ["loaf"]),
    "burger": ("hamburger", ["hamburger"]), "pizza": ("pizza", []), "donut": ("doughnut", ["doughnut"]),
    "ice cream": ("soft ice cream", []), "cake": ("birthday cake", ["birthday cake"]), "cookie": ("cookie", ["biscuit"]),
    "teapot": ("teapot", []), "cup": ("hot beverage", ["mug"]), "car": ("automobile", ["automobile"]), "bus": ("bus", []),
    "truck": ("delivery truck", ["lorry"]), "tractor": ("tractor", []), "train": ("locomotive", ["locomotive"]),
    "bicycle": ("bicycle", ["bike"]), "boat": ("sailboat", ["sailboat"]), "airplane": ("airplane", ["plane"]),
    "rocket": ("rocket", []), "house": ("house", ["home"]), "castle": ("castle", []), "tent": ("tent", []),
    "ball": ("soccer ball", ["football"]), "balloon": ("balloon", []), "gift": ("wrapped gift", ["present"]),
    "umbrella": ("umbrella", []), "guitar": ("guitar", []), "book": ("closed book", []),
}
NAMES = list(CONCEPTS)

# The dark, middle and light end of each colour's ramp.
COLOURS = {
    "red": ((70, 5, 10), (220, 35, 40), (255, 190, 180)), "orange": ((90, 30, 0), (245, 130, 25), (255, 220, 170)),
    "yellow": ((95, 65, 0), (250, 210, 40), (255, 250, 200)), "green": ((5, 50, 15), (60, 170, 65), (205, 245, 190)),
    "blue": ((8, 20, 80), (50, 105, 225), (190, 220, 255)), "purple": ((40, 10, 75), (135, 70, 200), (225, 195, 250)),
    "pink": ((105, 15, 60), (245, 125, 180), (255, 220, 235)), "white": ((90, 90, 98), (222, 222, 228), (255, 255, 255)),
}
PLAIN = {
    "white": (244, 244, 244), "black": (28, 28, 32), "gray": (132, 132, 136), "red": (196, 58, 54), "blue": (66, 112, 206),
    "green": (76, 160, 86), "yellow": (240, 208, 90), "pink": (240, 170, 196),
}
# What one says of a drawn place.
DRAWN = {
    "grass": "on the grass", "table": "on a table", "sky": "in the sky", "sea": "by the sea", "snow": "in the snow",
    "night": "under the stars", "sunset": "at sunset",
}
PLACES = ["left", "right", "top", "bottom", "middle"]


def held_out(*words: str) -> bool:
    """One in twelve colour–object and object–object pairs never occurs in training; order does not matter."""
    digest = hashlib.sha256("|".join(sorted(words)).encode()).digest()
    return digest[0] % 12 == 0


def article(words: str) -> str:
    return ("an " if words[0] in "aeiou" else "a ") + words


def plural(words: str) -> str:
    special = {"mouse": "mice", "fish": "fish", "cherry": "cherries", "strawberry": "strawberries", "butterfly": "butterflies",
               "puppy": "puppies", "bunny": "bunnies", "lorry": "lorries", "octopus": "octopuses", "cactus": "cactuses",
               "fox": "foxes", "bus": "buses", "loaf": "loaves", "bread": "breads"}
    return special.get(words, words + "s")


def emoji_files(modules: Path) -> dict[str, Path]:
    """The picture of each concept in the npm packages below `modules`."""
    assets = modules / "@lobehub/fluent-emoji-3d/assets"
    codes = {e["label"]: e["hexcode"].lower() for e in json.loads((modules / "emojibase-data/en/data.json").read_text())}
    files = {}
    for name, (label, _) in CONCEPTS.items():
        code = codes[label]
        tries = [assets / f"{c}.webp" for c in (code, code.replace("-fe0f", ""), code + "-fe0f")]
        found = [t for t in tries if t.exists()]
        if not found:
            raise FileNotFoundError(f"no picture for {name!r} ({label}): looked for {', '.join(t.name for t in tries)}")
        files[name] = found[0]
    return files
