"""A CLIP tokenizer of a few hundred tokens: byte-level BPE trained on the sentences below, in both layouts people have."""
import json
from collections import Counter
from pathlib import Path

from transformers import CLIPTokenizer

BOS, EOS = "<|startoftext|>", "<|endoftext|>"
CORPUS = """a red apple on the left and a blue teapot on the right of the table
the photo of a small green house under a large yellow tree in the morning light
two cats and three dogs play next to the river while the sun goes down behind the mountains
an old woman with white hair holds a silver lantern in the dark forest
a watercolor painting of the sea with boats and birds, soft light, high detail
left top corner, right bottom corner, in the background, in the foreground, above and below"""


def byte_symbols():
    """GPT-2's reversible table from bytes to printable characters, in the order in which CLIP numbers them."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in plain]
    return [chr(b) for b in plain] + [chr(256 + i) for i in range(len(rest))]


def train(merges):
    """Learn `merges` merges from the corpus, most frequent pair first, ties by spelling. Returns them in order."""
    words = Counter(CORPUS.replace(",", " ,").split())
    spelt = {word: [*word[:-1], word[-1] + "</w>"] for word in words}
    learnt = []
    for _ in range(merges):
        pairs = Counter()
        for word, parts in spelt.items():
            for pair in zip(parts, parts[1:]):
                pairs[pair] += words[word]
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        learnt.append(best)
        for parts in spelt.values():
            i = 0
            while i < len(parts) - 1:
                if (parts[i], parts[i + 1]) == best:
                    parts[i:i + 2] = ["".join(best)]
                i += 1
    return learnt


def write_tokenizer(folder, pad, merges=86, layout="files"):
    """Write a tokenizer folder and return its vocabulary size.

    layout "files" is what published checkpoints hold (vocab.json, merges.txt, special_tokens_map.json);
    "json" is what transformers 5 writes (tokenizer.json alone).
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    learnt = train(merges)
    symbols = byte_symbols()
    tokens = [*symbols, *(s + "</w>" for s in symbols), *("".join(pair) for pair in learnt), BOS, EOS]
    vocab = {token: i for i, token in enumerate(tokens)}
    special = {"bos_token": BOS, "eos_token": EOS, "pad_token": pad, "unk_token": EOS}
    if layout == "json":
        CLIPTokenizer(vocab=vocab, merges=learnt, model_max_length=77, **special).save_pretrained(folder)
        return len(vocab)
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in learnt))
    (folder / "special_tokens_map.json").write_text(json.dumps(special))
    config = {"add_prefix_space": False, "do_lower_case": True, "model_max_length": 77, "tokenizer_class": "CLIPTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, **special}))
    return len(vocab)
