#!/usr/bin/env bash
# All stages in one call, within a given time, on a machine with nothing but Python and torch, diffusers, transformers, pillow, opencv:
#
#   weights/training/gpu.sh IN OUT [--device cuda|cpu] [--minutes 6] [--parts "decoder judge denoiser controlnet"]
#
# IN holds cutouts/, tokenizer/ and words.json (9 MiB, made by cutouts.py, vocabulary.py and words.py) and state/ to go on from, of
# `state.py pack` or an earlier OUT: an autoencoder at least (7 MiB); without a denoiser it starts from IN/first, an earlier edition. OUT gets state/,
# scores and sheets: eight files of at most 16 MiB each, from which export.py and judge.py --export make the model anywhere. Where the state
# has a judge and a denoiser, only denoiser and ControlNet go on, one after the other; otherwise decoder and judge learn beside the denoiser.
# Starting and testing come on top of the minutes; after 70 more seconds whatever still runs is stopped, and what was saved is kept.
set -euo pipefail
in=$(realpath "$1"); mkdir -p "$2"; out=$(realpath "$2"); shift 2
device=cuda minutes=6 parts="decoder judge denoiser controlnet"
[ -f "$in/state/judge.safetensors" ] && [ -f "$in/state/denoiser.safetensors" ] && parts="denoiser controlnet"
while [ $# -gt 0 ]; do
  case $1 in --device) device=$2 ;; --minutes) minutes=$2 ;; --parts) parts=$2 ;; *) echo "gpu.sh: no option $1" >&2; exit 2 ;; esac
  shift 2
done
cd "$(dirname "$0")"
run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT
cp -rL "$in"/cutouts "$in"/tokenizer "$in"/words.json "$run"
share() { awk -v m="$minutes" -v s="$1" 'BEGIN { printf "%.3f", m * s }'; }
has() { [[ " $parts " == *" $1 "* ]]; }
python=${PYTHON:-python3}
export TOKENIZERS_PARALLELISM=false TRANSFORMERS_VERBOSITY=error DIFFUSERS_VERBOSITY=error HF_HUB_DISABLE_PROGRESS_BARS=1 PYTHONWARNINGS=ignore
if [ "$device" = cuda ]; then
  export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
  some="--device cuda --workers 2" most="--device cuda --workers 14 --save 60 --keep 0.999 --scale 16"
  decode="--batch 128 --reuse 4 --save 60" edges="--device cuda --workers 14 --scale 8 --report 200 --test 32" count=300 grace=70
  has decoder && most="--device cuda --workers 9 --save 60 --keep 0.999 --scale 16"
else
  some="--device cpu --threads 1" most=$some decode="--batch 4" edges="--device cpu --threads 1 --test 2" count=8 grace=600
fi
end=$((SECONDS + $(awk -v m="$minutes" -v g="$grace" 'BEGIN { printf "%d", 60 * m + g }')))
left() { local s=$((end - SECONDS - $1)); echo $((s > 1 ? s : 1)); }
# try NAME RESERVE COMMAND…: what fails, or is not done RESERVE seconds before the end, costs no other part.
try() {
  local name=$1 reserve=$2 started=$SECONDS; shift 2
  echo "$name: $*"
  timeout -k 3 "$(left "$reserve")" $python -u "$@" 2>&1 | sed -u "s/^/$name: /" || echo "$name: FAILED"
  echo "$name: took $((SECONDS - started)) s, $SECONDS in all"
}
decoder() {
  try decoder 20 autoencoder.py "$run" --minutes "$(share 0.20)" $some $decode
  try decoder 20 autoencoder.py "$run" --minutes "$(share 0.34)" $some $decode --rate 0.003 --adversary 0.1 --denoiser "$run"
}
denoiser() {
  if [ ! -f "$run/denoiser.pt" ]; then
    try denoiser 20 denoiser.py "$run" --stage small --inherit "$in/first" --minutes "$(share 0.11)" --rates 0.7 0.5 $most
  fi
  try denoiser 20 denoiser.py "$run" --stage large --minutes "$(share 0.79)" --rates "${RATE:-0.4}" 0.003 $most
}
pack() { $python state.py pack "$run" "$out/state" | sed -u "s/^/pack: /" || echo "pack: FAILED"; }
{
  [ -d "$in/state" ] && $python state.py unpack "$in/state" "$run" --fresh
  if has decoder; then decoder & fi
  if has judge; then try judge 20 judge.py "$run" --minutes "$(share 0.30)" $some --batch 64 --reuse 4 & fi
  if has denoiser; then denoiser; fi
  wait
  pack &
  if has controlnet; then try edges 8 controlnet.py "$run" "$run" --minutes "$(share 0.14)" --export "$run/canny" $edges; fi
  cp "$run"/{autoencoder,controlnet,samples}.png "$out" 2>/dev/null || true
  wait
  try score 6 evaluate.py "$run" "$run" "$out/sheet.png" --count "$count" --device "$device" &
  if has controlnet; then pack; fi
  wait
  echo "all: $SECONDS s"
} 2>&1 | tee "$out/log.txt"
