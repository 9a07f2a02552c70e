"""Write tests/golden/text/prompts.json: what AUTOMATIC1111's prompt language says at each step, and with which emphasis.

    pip install lark && python tests/oracle/prompts.py

The language is written down here from its published description (the web UI's wiki, "Features": prompt editing, alternating words,
attention) as a grammar for lark, whose Earley parser decides what is editing and what is text: square brackets edit where their
last colon is followed by a number, alternate where bars part them, and mean less attention otherwise; what fits no rule is text.
Random strings over the language's signs are judged beside the chosen ones. A prompt with a bar outside any `[a|b]`, or with two
colons in round brackets, does not parse at all there; the program reads the rest of it as usual, so such prompts are left out.
"""
import json
import random
import re

from lark import Lark, Tree
from lark.exceptions import LarkError

from common import GOLDEN

GRAMMAR = Lark(r"""
    start: (phrase | STRAY)*
    phrase: (round | weighted | square | edit | turns | WORDS | BLANK)*
    round: "(" phrase ")"
    weighted: "(" phrase ":" phrase ")"
    square: "[" phrase "]"
    edit: "[" [phrase ":"] phrase ":" BLANK? WHEN BLANK? "]"
    turns: "[" phrase ("|" phrase)+ "]"
    STRAY: /[\[\]():]/
    BLANK: /\s+/
    WORDS: /([^\\\[\]():|]|\\.)+/
    %import common.SIGNED_NUMBER -> WHEN
""")


def says(node, step, steps):
    """The text of a parse at `step`, from 1."""
    if not isinstance(node, Tree):
        return "" if node is None else str(node)
    inside = lambda parts: "".join(says(part, step, steps) for part in parts)
    if node.data == "edit":
        phrases = [c for c in node.children if isinstance(c, Tree) or c is None]
        before, after = phrases if len(phrases) == 2 else (None, phrases[0])
        return says(before if step <= last_step(node, steps) else after, step, steps)
    if node.data == "turns":
        options = [c for c in node.children if isinstance(c, Tree)]
        return says(options[(step - 1) % len(options)], step, steps)
    if node.data == "round":
        return "(" + inside(node.children) + ")"
    if node.data == "weighted":
        return "(" + inside(node.children[:1]) + ":" + inside(node.children[1:]) + ")"
    if node.data == "square":
        return "[" + inside(node.children) + "]"
    return inside(node.children)


def last_step(edit, steps):
    when = next(str(c) for c in edit.children if getattr(c, "type", "") == "WHEN")
    return min(steps, int(float(when) * steps if "." in when else float(when)))


def schedule(prompt, steps):
    """Every step's text, from the first."""
    tree = GRAMMAR.parse(prompt)
    return [says(tree, step, steps) for step in range(1, steps + 1)]


def emphasis(text):
    """[text, weight] of each stretch; round and square brackets are counted apart, as the description has them."""
    letters, opened, i = [], {"(": [], "[": []}, 0
    def close(bracket, factor):
        for letter in letters[opened[bracket].pop():]:
            letter[1] *= factor
    while i < len(text):
        number = re.compile(r":\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*\)").match(text, i)
        if text[i] == "\\":
            letters += [[c, 1.0] for c in text[i + 1:i + 2]]
            i += 2
            continue
        if text[i] in opened:
            opened[text[i]].append(len(letters))
        elif number and opened["("]:
            close("(", float(number[1]))
            i = number.end()
            continue
        elif text[i] == ")" and opened["("]:
            close("(", 1.1)
        elif text[i] == "]" and opened["["]:
            close("[", 1 / 1.1)
        else:
            letters.append([text[i], 1.0])
        i += 1
    for bracket, factor in (("(", 1.1), ("[", 1 / 1.1)):
        while opened[bracket]:
            close(bracket, factor)
    pieces = []
    for letter, weight in letters:
        if pieces and abs(pieces[-1][1] - weight) < 1e-9:
            pieces[-1][0] += letter
        else:
            pieces.append([letter, weight])
    return [[text, round(weight, 9)] for text, weight in pieces]


CHOSEN = [
    "a fox", "", "a [fox:owl:3] sits", "a [fox:owl:0.5] sits", "a [red :0.25]fox", "a [red ::0.25]fox", "[:red :2]fox", "a [fox: owl : 4 ]",
    "a [fox|owl]", "a [fox|owl|] here", "[a|[b|c]] d", "a [[red:blue:0.3] fox:owl:0.7]", "a [fox:[owl:cat:6]:2]", "[(a:1.3):3] b", "([a:b:5]:1.2) c",
    "[a:b:0]", "[a:b:-3]", "[a:b:99]", "[a:b:1.5]", "[a:b:1.]", "[a:b:.5]", "[a:b:1e1]", "[a:b:+4]", "[a:b:c:4]", "[a:b]", "[a]", "[[a]]", "a [b", "a] b",
    "((a][:b:c [d:3]", "(a [b) c:3]", "[a (b] c)", "[a (b:2]", "\\[a:b:3\\]", "[a\\:x:b:3]", "[a \\| b|c]", "\\(a\\) (b\\)c)", "(a:-1) (b:0) (c:.5)",
    "(a (b:2) [c] d:0.5)", "(a", "a) b:2)", "((a)) [[b]] ((c:1.3))", "(a: 1.3 ) b", "(a:1.3", "[a (b (c] d) e)", "time 10:30", "[10:30 clock:noon clock:4]",
]
SIGNS = ["a", "b ", "[", "]", "[", "]", "(", ")", ":", ":", "|", "3", ".5", "1.2", "\\", " "]


def usable(prompt):
    depth, bars = [], []
    for c in re.sub(r"\\.", "", prompt):
        if c in "([":
            depth.append([c, 0])
        elif c in ")]" and depth:
            depth.pop()
        elif c == ":" and depth:
            depth[-1][1] += 1
            if depth[-1][0] == "(" and depth[-1][1] > 1:
                return False
    return not prompt.endswith("\\")


if __name__ == "__main__":
    draw = random.Random(7)
    strings = ["".join(draw.choices(SIGNS, k=draw.randint(4, 14))) for _ in range(6000)]
    cases = []
    for prompt in CHOSEN + [s for s in strings if usable(s)]:
        try:
            texts = schedule(prompt, 10)
        except LarkError:
            continue
        if prompt in CHOSEN or len(set(texts)) > 1 or draw.random() < 0.02:
            # By the text at each step: 0 is the same as the one before.
            steps = [t if i == 0 or t != texts[i - 1] else 0 for i, t in enumerate(texts)]
            cases.append({"prompt": prompt, "says": steps, "emphasis": emphasis(texts[-1])})
    path = GOLDEN / "text" / "prompts.json"
    path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
    print(len(cases), "cases")
