"""Write tests/golden/text: what transformers' CLIP tokenizers make of odd texts, as lists of ids without begin and end.

    python tests/oracle/text.py

The full vocabulary is built from src/text/clip_merges.txt, in the layout of the published SD 1.5 and SD 2.1 tokenizers; the tiny
ones are those of tests/golden/models.
"""
import json
import tempfile
from pathlib import Path

from transformers import CLIPTokenizer

from common import GOLDEN, MODELS
from tiny_tokenizer import BOS, EOS, byte_symbols

MERGES = Path(__file__).resolve().parents[2] / "src" / "text" / "clip_merges.txt"
TEXTS = [
    "", " ", "a photo of a cat", "A PHOTO of a CaT", "  two   spaces\tand\n\nlines  ", "no\u00a0break\u3000wide\u2028line\u0085next\u200bzero\ufeffmark",
    "don't DON'T we'll I'd they're I've I'm it's", "’tis the rock’n’roll “quote” — dash…", "''s 'ss s's", "l'amour d'été",
    "café cafe\u0301 CAFÉ", "naïve Ångström ﬁne Ⅷ ½ ²", "İstanbul ẞ ΣΑΣ ΌΣΟΣ", "日本語 中文字符 한국어", "👍🏽😀 👩‍👩‍👧 🇩🇪", "1234 3.14 a1b2 ٣٤",
    "snake_case-and/slash\\back", "8k, highly-detailed; (masterpiece:1.2) [x] {y} <z> @#$%^&*+=~`|", "wow!!! nice ! a!b !", "... .. . ,,, ?!",
    "<|startoftext|>x<|endoftext|>y", "<|ENDOFTEXT|> <|endoftext |>", "supercalifragilisticexpialidocious pneumonoultramicroscopic",
    "\u0000\u0007control\u001f", "x" * 300, "Привет мир", "שלום عليكم", "हिन्दी ไทย", "e\u0323\u0307 q\u0307\u0323", "\ud55c \u1112\u1161\u11ab", "Ǆǅǆ ŉ",
]
ROLES = ("bos_token", "eos_token", "unk_token", "pad_token")


def write_full(folder, pad):
    """CLIP's own vocabulary as published folders hold it: special tokens as objects that match normalised text, the pad as text."""
    merges = MERGES.read_text().splitlines()
    symbols = sorted(byte_symbols())
    tokens = [*symbols, *(s + "</w>" for s in symbols), *(m.replace(" ", "") for m in merges), BOS, EOS]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]))
    added = {"lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
    special = {role: {"content": BOS if role == "bos_token" else EOS, **added} for role in ROLES[:3]} | {"pad_token": pad}
    (folder / "special_tokens_map.json").write_text(json.dumps(special))
    config = {"do_lower_case": True, "model_max_length": 77, "tokenizer_class": "CLIPTokenizer"}
    typed = {role: {"__type": "AddedToken", **value} for role, value in special.items() if role != "pad_token"}
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, **typed, "pad_token": pad}))


def encode_all(folder):
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    return {
        "bos": tokenizer.bos_token_id, "eos": tokenizer.eos_token_id, "pad": tokenizer.pad_token_id,
        "ids": [tokenizer(text, add_special_tokens=False).input_ids for text in TEXTS],
    }


if __name__ == "__main__":
    result = {"texts": TEXTS, "tokenizers": {}}
    for name, pad in (("full", EOS), ("full!", "!")):
        with tempfile.TemporaryDirectory() as folder:
            write_full(Path(folder), pad)
            result["tokenizers"][name] = encode_all(folder)
    for folder in sorted(MODELS.glob("*/tokenizer*")):
        result["tokenizers"][str(folder.relative_to(MODELS))] = encode_all(folder)
    path = GOLDEN / "text" / "tokens.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result) + "\n")
