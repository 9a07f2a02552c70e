"""What is said of a scene, in varied wording; some of it left unsaid."""
import random

from concepts import CONCEPTS, DRAWN, article, plural
from scenes import Scene, Thing


def noun(r: random.Random, name: str) -> str:
    others = CONCEPTS[name][1]
    return r.choice(others) if others and r.random() < 0.15 else name


def phrase(r: random.Random, t: Thing) -> str:
    words = f"{t.colour} {noun(r, t.name)}" if t.colour else noun(r, t.name)
    return article(words)


def place_of(t: Thing, columns: int, rows: int) -> str | None:
    """A side, a corner or the middle, where the object is clearly there and only there. Sizes in cells."""
    dx, dy = (t.x + t.side / 2) / columns - 0.5, (t.y + t.side / 2) / rows - 0.5
    across, down = abs(dx), abs(dy)
    if max(across, down) < 0.08:
        return "in the middle"
    if max(across, down) < 0.12:
        return None
    if min(across, down) > 0.6 * max(across, down):
        return f"at the {'top' if dy < 0 else 'bottom'} {'left' if dx < 0 else 'right'}"
    if across > 1.6 * down:
        return "on the left" if dx < 0 else "on the right"
    return ("at the top" if dy < 0 else "at the bottom") if down > 1.6 * across else None


def relation(a: Thing, b: Thing) -> str | None:
    """a is … b."""
    dx, dy = (a.x + a.side / 2) - (b.x + b.side / 2), (a.y + a.side / 2) - (b.y + b.side / 2)
    if abs(abs(dx) - abs(dy)) < 1:
        return None
    if abs(dx) > abs(dy):
        return "left" if dx < 0 else "right"
    return "above" if dy < 0 else "below"


def pair(r: random.Random, a: Thing, b: Thing) -> str:
    side = relation(a, b)
    first, second = phrase(r, a), phrase(r, b)
    if a.name == b.name and a.colour == b.colour and r.random() < 0.7:
        return f"two {a.colour + ' ' if a.colour else ''}{plural(a.name)}"
    if side is None or r.random() < 0.3:
        return f"{first} {r.choice(('and', 'and', 'next to', 'with'))} {second}"
    if side in ("left", "right"):
        other = "right" if side == "left" else "left"
        return r.choice((f"{first} on the {side} and {second} on the {other}", f"{first} on the {side} of {second}",
                         f"{first} to the {side} of {second}"))
    ends = {"above": ("at the top", "at the bottom"), "below": ("at the bottom", "at the top")}[side]
    return r.choice((f"{first} {side} {second}", f"{first} {ends[0]} and {second} {ends[1]}"))


def caption(r: random.Random, scene: Scene) -> str:
    things = scene.things[:]
    r.shuffle(things)
    rows, columns = (n / 8 for n in scene.pixels.shape[:2])
    if len(things) == 1:
        said = phrase(r, things[0])
        where = place_of(things[0], columns, rows)
        if where and r.random() < 0.7:
            said += f" {where}"
    elif len(things) == 2:
        said = phrase(r, things[0]) if r.random() < 0.1 else pair(r, *things)
    else:
        if r.random() < 0.2:
            things.pop()
        told = 0.9 if r.random() < 0.5 else 0.1
        parts = [phrase(r, t) + (f" {place}" if (place := place_of(t, columns, rows)) and r.random() < told else "") for t in things]
        said = ", ".join(parts[:-1]) + " and " + parts[-1]
    if r.random() < 0.06:
        said = r.choice(("a picture of ", "a drawing of ", "a photo of ")) + said
    if r.random() < (0.3 if scene.background == "white" else 0.85):
        said += f" {DRAWN[scene.background]}" if scene.drawn else f" on a {scene.background} background"
    return said
