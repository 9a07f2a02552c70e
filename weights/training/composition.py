"""The prompts of the composition benchmark with what must be seen: 200 of two, three and four objects with colours and places.

usage: composition.py OUTPUT.json
Seed 70 000. Three in a row get a canvas of 384 × 256, all others 256 × 256, so that each region holds an object of the middle size.
Only what the first edition knew (64 things, eight colours), so that editions compare. Objects of one prompt differ. One prompt in three holds
a colour–object pair or an object pair that training never saw.
"""
import argparse
import json
from pathlib import Path
import random

from concepts import COLOURS, NAMES, article, held_out

FIRST_NAMES, FIRST_COLOURS = NAMES[:64], list(COLOURS)[:8]

# For each count, ways to say where the objects are, with the place of each as fractions of the picture.
LAYOUTS = {
    2: [("{0} on the left and {1} on the right", [(0.25, 0.5), (0.75, 0.5)]), ("{0} at the top and {1} at the bottom", [(0.5, 0.25), (0.5, 0.75)])],
    3: [("{0} on the left, {1} in the middle and {2} on the right", [(1 / 6, 0.5), (0.5, 0.5), (5 / 6, 0.5)]),
        ("{0} at the top left, {1} at the top right and {2} at the bottom", [(0.25, 0.25), (0.75, 0.25), (0.5, 0.75)])],
    4: [("{0} at the top left, {1} at the top right, {2} at the bottom left and {3} at the bottom right",
         [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)])],
}
COUNTS = {2: 80, 3: 60, 4: 60}


def unseen(objects: list[dict]) -> bool:
    names = [o["name"] for o in objects]
    return any(held_out(o["colour"], o["name"]) for o in objects if o["colour"]) or any(
        held_out(a, b) for k, a in enumerate(names) for b in names[:k])


def prompts() -> list[dict]:
    r, out = random.Random(70_000), []
    for count, wanted in COUNTS.items():
        for k in range(wanted):
            while True:
                objects = [{"name": n, "colour": r.choice(FIRST_COLOURS) if r.random() < 0.6 else None} for n in r.sample(FIRST_NAMES, count)]
                if unseen(objects) == (k % 3 == 0):
                    break
            wording, places = r.choice(LAYOUTS[count])
            said = [article(f"{o['colour']} {o['name']}" if o["colour"] else o["name"]) for o in objects]
            for o, (x, y) in zip(objects, places):
                o["x"], o["y"] = round(x, 3), round(y, 3)
            wide = count == 3 and len({y for _, y in places}) == 1
            out.append({"prompt": wording.format(*said), "seed": len(out), "width": 384 if wide else 256, "height": 256, "held_out": k % 3 == 0, "objects": objects})
    return out


def main():
    p = argparse.ArgumentParser()
    p.add_argument("output", type=Path)
    a = p.parse_args()
    a.output.write_text("[\n" + ",\n".join("  " + json.dumps(one) for one in prompts()) + "\n]\n")


if __name__ == "__main__":
    main()
