"""Writes words.json: what the model was taught, and what it was not taught but may be asked for.

usage: words.py RUN_FOLDER --modules node_modules    writes RUN_FOLDER/words.json
A kind is a subgroup of emojibase ("animal-mammal"): its concepts, and the other names in it, for which they are the nearest.
"""
import argparse
import json
from pathlib import Path

from concepts import COLOURS, CONCEPTS, DRAWN, PEOPLE, PLACES, PLAIN, STYLES


def name_of(label: str) -> str:
    """What a person says for an emoji's label: "dog face" is a dog."""
    return label.lower().replace(" face", "").replace("’", "'")


# Subgroups that hold things of no one kind: the moon is not like an umbrella.
MIXED = {"sky-weather", "place-other", "event"}


def kinds(modules: Path) -> list[dict]:
    data = modules / "emojibase-data"
    emoji = json.loads((data / "en/data.json").read_text())
    subgroups = json.loads((data / "meta/groups.json").read_text())["subgroups"]
    taught = {label: name for name, (label, _) in CONCEPTS.items()}
    known = {word for name, (_, others) in CONCEPTS.items() for word in (name, *others)}
    groups: dict[int, dict] = {}
    for e in sorted((e for e in emoji if subgroups.get(str(e.get("subgroup")), "event") not in MIXED), key=lambda e: e["order"]):
        group = groups.setdefault(e["subgroup"], {"concepts": [], "others": []})
        if e["label"] in taught:
            group["concepts"].append(taught[e["label"]])
        elif (name := name_of(e["label"])) not in known | set(group["others"]) and name.count(" ") < 2 and ":" not in name:
            group["others"].append(name)
    return [g for g in groups.values() if g["concepts"] and g["others"]]


def words(modules: Path) -> dict:
    return {
        "concepts": {name: synonyms for name, (_, synonyms) in CONCEPTS.items()}, "kinds": kinds(modules),
        "colours": list(COLOURS), "backgrounds": [f"on a {b} background" for b in PLAIN] + list(DRAWN.values()), "places": PLACES,
        "clothes": {name: wear for name, (_, _, wear, _) in PEOPLE.items()}, "styles": STYLES}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("run", type=Path)
    p.add_argument("--modules", type=Path, default=Path("node_modules"))
    a = p.parse_args()
    (a.run / "words.json").write_text(json.dumps(words(a.modules), indent=1) + "\n")


if __name__ == "__main__":
    main()
