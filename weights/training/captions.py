"""What is said of a scene, in varied wording. Much is left unsaid: a region's words are true of a part of the picture only."""
import random

from concepts import ALONE, CONCEPTS, DRAWN, PEOPLE, STYLES, article, plural
from scenes import Scene, Thing, overlap

NUMBERS = {2: "two", 3: "three", 4: "four"}


def noun(r: random.Random, name: str) -> str:
    others = CONCEPTS[name][1]
    return r.choice(others) if others and r.random() < 0.15 else name


def phrase(r: random.Random, t: Thing, size: str | None = None) -> str:
    """"a small red dog", "a woman in a red dress"."""
    word = noun(r, t.name)
    if not t.colour or t.name not in PEOPLE:
        return article(" ".join(w for w in (size, t.colour, word) if w))
    wear = PEOPLE[t.name][2]
    clothes = r.choice((f"in {article(f'{t.colour} {wear}')}", f"in {article(f'{t.colour} {wear}')}", f"in {t.colour}",
                        f"in {t.colour} clothes", f"wearing {article(f'{t.colour} {wear}')}"))
    return article(" ".join(w for w in (size, word) if w)) + " " + clothes


def size_of(r: random.Random, t: Thing, scene: Scene) -> str | None:
    """A word for its size now and then, where the picture is large enough to have sizes."""
    least = min(scene.columns, scene.rows)
    if least < 12 or r.random() > 0.3:
        return None
    return r.choice(("small", "little", "tiny")) if t.side < 0.35 * least else r.choice(("big", "large", "huge")) if t.side > 0.6 * least else None


def middle(t: Thing, scene: Scene) -> tuple[float, float]:
    left, top, right, bottom = t.window(scene.columns, scene.rows)
    return (left + right) / 2 / scene.columns - 0.5, (top + bottom) / 2 / scene.rows - 0.5


def place_of(t: Thing, scene: Scene) -> str | None:
    """A side, a corner or the middle, where the object is clearly there and only there."""
    dx, dy = middle(t, scene)
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


def pair(r: random.Random, a: Thing, b: Thing, scene: Scene) -> str:
    first, second = (phrase(r, t, size_of(r, t, scene)) for t in (a, b))
    if overlap(a, b) and r.random() < 0.8:
        near = scene.things.index(a) > scene.things.index(b)
        return f"{first} {'in front of' if near else 'behind'} {second}"
    side = relation(a, b)
    if side is None or r.random() < 0.3:
        return f"{first} {r.choice(('and', 'and', 'next to', 'with'))} {second}"
    if side in ("left", "right"):
        other = "right" if side == "left" else "left"
        return r.choice((f"{first} on the {side} and {second} on the {other}", f"{first} on the {side} of {second}",
                         f"{first} to the {side} of {second}"))
    ends = {"above": ("at the top", "at the bottom"), "below": ("at the bottom", "at the top")}[side]
    return r.choice((f"{first} {side} {second}", f"{first} {ends[0]} and {second} {ends[1]}"))


def named(r: random.Random, scene: Scene) -> list[Thing]:
    """Those that are spoken of: what is mostly inside, and of several often only some."""
    shown = [t for t in scene.things if t.seen(scene.columns, scene.rows) > (0.7 if r.random() < 0.5 else 0.45)]
    r.shuffle(shown)
    return shown[:r.randint(1, len(shown) - 1)] if len(shown) > 1 and r.random() < 0.06 else shown


def objects(r: random.Random, things: list[Thing], scene: Scene) -> str:
    kinds = {(t.name, t.colour) for t in things}
    if len(kinds) == 1 and 1 < len(things) and len(things) == sum(t.name == things[0].name for t in scene.things) and r.random() < 0.85:
        t = things[0]
        many = plural(noun(r, t.name))
        if t.colour:
            many = f"{many} in {t.colour}" if t.name in PEOPLE else f"{t.colour} {many}"
        return f"{NUMBERS[len(things)]} {many}"
    if len(things) == 2:
        return pair(r, *things, scene)
    told = 0.7 if len(things) == 1 else 0.9 if r.random() < 0.5 else 0.1
    parts = [phrase(r, t, size_of(r, t, scene)) + (f" {place}" if (place := place_of(t, scene)) and r.random() < told else "") for t in things]
    return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else parts[0]


def caption(r: random.Random, scene: Scene) -> str:
    things = named(r, scene)
    return finished(r, objects(r, things, scene) if things else "", scene)


def part(r: random.Random, scene: Scene, box: tuple[int, int, int, int]) -> str:
    """Of what stands within a box (left, top, right, bottom in cells), as a region's prompt has it."""
    left, top, right, bottom = box
    inside = [t for t in scene.things if left <= t.x < right and top <= t.y < bottom]
    return finished(r, phrase(r, inside[0]) if inside else "", scene)


def finished(r: random.Random, said: str, scene: Scene) -> str:
    """With the background, most times, and the style."""
    if said:
        if r.random() < (0.3 if scene.background == "white" else 0.75):
            # The rules planner joins a region's background with a comma.
            said += "," if r.random() < 0.25 else ""
            said += f" {DRAWN[scene.background]}" if scene.drawn else f" on a {scene.background} background"
    else:
        said = ALONE[scene.background] if scene.drawn else f"a {scene.background} background"
    if scene.style != "3d" or r.random() < 0.06:
        return r.choice(STYLES[scene.style]).format(said)
    return r.choice(("a picture of ", "a photo of ")) + said if r.random() < 0.05 else said
