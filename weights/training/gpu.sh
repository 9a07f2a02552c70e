#!/usr/bin/env bash
# All stages in one call, within a given time, on a machine with nothing but Python and torch, diffusers, transformers, pillow:
#
#   weights/training/gpu.sh IN OUT [--device cuda|cpu] [--minutes 8]
#
# IN holds cutouts/, tokenizer/ and words.json (9 MiB, made by cutouts.py, vocabulary.py and words.py) and, to go on from, state/
# (28 MiB, of state.py pack or an earlier OUT). OUT gets state, the exported model's parts, scores and sheets: nine files and a folder, of at most 16 MiB each.
set -euo pipefail
in=$(realpath "$1"); mkdir -p "$2"; out=$(realpath "$2"); shift 2
device=cuda minutes=8
while [ $# -gt 0 ]; do
  case $1 in --device) device=$2 ;; --minutes) minutes=$2 ;; *) echo "gpu.sh: no option $1" >&2; exit 2 ;; esac
  shift 2
done
cd "$(dirname "$0")"
run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT
cp -rL "$in"/cutouts "$in"/tokenizer "$in"/words.json "$run"
share() { awk -v m="$minutes" -v s="$1" 'BEGIN { printf "%.2f", m * s }'; }
python=${PYTHON:-python3}
[ -d "$in/state" ] && $python state.py unpack "$in/state" "$run"
# A stage's budget counts what was spent before: these calls get theirs on top, with a schedule of their own.
$python - "$run" <<'RESET'
import pathlib, sys, torch
for name in ("autoencoder", "denoiser", "judge", "controlnet"):
    file = pathlib.Path(sys.argv[1]) / f"{name}.pt"
    if file.exists():
        saved = torch.load(file)
        torch.save(saved | {"spent": {} if name == "denoiser" else 0.0}, file)
RESET
if [ "$device" = cuda ]; then more="--device cuda --workers 14" big="--batch 128 --reuse 4" scale="--scale 8"
else more="--device cpu --threads 2" big="" scale=""; fi
try() { echo "== $*"; $python -u "$@"; }
{
  try autoencoder.py "$run" --minutes "$(share 0.22)" $more $big
  try autoencoder.py "$run" --minutes "$(share 0.30)" $more $big --rate 0.003 --adversary 0.1
  try denoiser.py "$run" --stage small --inherit ../mini --minutes "$(share 0.15)" --rates 1 0.3 $more $scale
  try denoiser.py "$run" --stage large --minutes "$(share 0.29)" --rates 0.5 0.02 $more $scale
  try judge.py "$run" --minutes "$(share 0.06)" --device "$device" --export "$out/judge.safetensors"
  try export.py "$run" "$run/mini"
  try controlnet.py "$run" "$run/mini" --minutes "$(share 0.08)" --export "$out/controlnet" $more $scale
  count=$([ "$device" = cuda ] && echo 300 || echo 8)
  try evaluate.py "$run/mini" "$run" "$out/sheet.png" --count "$count" --device "$device"
} 2>&1 | tee "$out/log.txt"
$python state.py pack "$run" "$out/state"
cp "$run/autoencoder.png" "$run/samples.png" "$out"
