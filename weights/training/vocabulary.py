"""A byte-level BPE in CLIP's format, trained on captions and on the words of the emoji data.

usage: vocabulary.py RUN_FOLDER --modules node_modules    writes RUN_FOLDER/tokenizer: vocab.json, merges.txt, tokenizer_config.json, …
"""
import argparse
import json
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from captions import caption
from concepts import ALONE, COLOURS, CONCEPTS, DRAWN, PEOPLE, PLAIN, STYLES, plural
from scenes import Studio

SIZE = 3072
START, END = "<|startoftext|>", "<|endoftext|>"
WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def corpus(run: Path, modules: Path):
    studio = Studio(run, 7)
    for k in range(3000):
        yield caption(studio.random, studio.scene(16, 8, k % 4 + 1, [3, 4]))
    for name, (_, others) in CONCEPTS.items():
        for word in (name, plural(name), *others, *map(plural, others)):
            yield from [word] * 60
    wear = {what for _, _, what, _ in PEOPLE.values()}
    for word in (*COLOURS, *PLAIN, *DRAWN, *DRAWN.values(), *ALONE.values(), *(w for ways in STYLES.values() for w in ways), *wear):
        yield from [word] * 60
    for entry in json.loads((modules / "emojibase-data/en/data.json").read_text()):
        yield " ".join([entry["label"], *(entry.get("tags") or [])]).lower()


def train(run: Path, modules: Path) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Ids in CLIP's order: bytes, bytes that end a word, merges, the two special tokens."""
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(WORDS), behavior="removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    bytes_ = [chr(b) for b in [*range(33, 127), *range(161, 173), *range(174, 256)]]
    bytes_ += [chr(256 + n) for n in range(256 - len(bytes_))]
    trainer = trainers.BpeTrainer(vocab_size=SIZE * 2, initial_alphabet=bytes_, end_of_word_suffix="</w>", show_progress=False)
    tokenizer.train_from_iterator(list(corpus(run, modules)), trainer)
    merges = [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in json.loads(tokenizer.to_str())["model"]["merges"]]
    merges = merges[:SIZE - 512 - 2]
    tokens = bytes_ + [b + "</w>" for b in bytes_] + ["".join(m) for m in merges]
    vocab = {}
    for token in [*tokens, START, END]:
        vocab.setdefault(token, len(vocab))
    return vocab, merges


def main():
    p = argparse.ArgumentParser()
    p.add_argument("run", type=Path)
    p.add_argument("--modules", type=Path, default=Path("node_modules"))
    a = p.parse_args()
    folder = a.run / "tokenizer"
    folder.mkdir(parents=True, exist_ok=True)
    vocab, merges = train(a.run, a.modules)
    write = lambda name, text: (folder / name).write_text(text + "\n")
    write("vocab.json", json.dumps(vocab, ensure_ascii=False))
    write("merges.txt", "\n".join(["#version: 0.2", *(" ".join(m) for m in merges)]))
    write("special_tokens_map.json", json.dumps({"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}, indent=2))
    write("tokenizer_config.json", json.dumps({
        "tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "do_lower_case": True, "add_prefix_space": False, "errors": "replace",
        "bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}, indent=2))
    print(f"{len(vocab)} tokens, {len(merges)} merges")


if __name__ == "__main__":
    main()
