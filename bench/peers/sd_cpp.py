"""A model through stable-diffusion.cpp's CPU build: seconds to load, of each step and to decode, as one line of JSON.

    python sd_cpp.py MODEL SIDE STEPS THREADS
"""
import json
import re
import sys
import time

import cyllama.sd as sd

path, (side, steps, threads) = sys.argv[1], map(int, sys.argv[2:5])
said = []
sd.set_log_callback(lambda level, text: said.append(text))

started = time.perf_counter()
context = sd.SDContext(sd.SDContextParams(model_path=path, n_threads=threads))
load = time.perf_counter() - started
context.generate("a red apple", width=side, height=side, sample_steps=steps, cfg_scale=1.0, seed=1)


def seconds(what):
    """It says how long each part took."""
    return float(next(re.search(what + r".*?([\d.]+)s", text) for text in said if re.search(what, text))[1])


print(json.dumps({
    "load": load, "step": seconds(r"sampling completed, taking") / steps, "decode": seconds(r"decode_first_stage completed, taking"),
}))
