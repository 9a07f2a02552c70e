"""What the PyTorch judge sees in one scene, for src/judge/detector.ts: tests/golden/judge/scene.png and logits.json.

usage: judge.py RUN_FOLDER of weights/training
"""
import json
from pathlib import Path
import sys

from PIL import Image
import torch

from common import GOLDEN

sys.path.insert(0, str(Path(__file__).parents[2] / "weights/training"))
from judge import load_judge, look, to_tensor  # noqa: E402
from scenes import Studio, Thing  # noqa: E402

run = Path(sys.argv[1])
things = [Thing("car", "red", 0, 1, 7, False)]
scene = Studio(run, 1).draw(things, "sky", True, "3d", 9, 8)
judge = load_judge(run)
with torch.no_grad():
    logits = torch.cat(judge(to_tensor([scene.pixels], "cpu")), 1)[0]
folder = GOLDEN / "judge"
folder.mkdir(exist_ok=True)
Image.fromarray(scene.pixels).save(folder / "scene.png", optimize=True)
(folder / "logits.json").write_text(json.dumps({
    "shape": list(logits.shape), "logits": [round(v, 3) for v in logits.flatten().tolist()],
    "found": [f"{f.colour or 'its own'} {f.name}" for f in look(judge, [scene.pixels], least=6)[0]]}, separators=(",", ":")) + "\n")
