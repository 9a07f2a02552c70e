#!/usr/bin/env bash
# All stages in one call, within a given time, on a machine with nothing but Python and torch, diffusers, transformers, pillow, opencv:
#
#   weights/training/gpu.sh IN OUT [--device cuda|cpu] [--minutes 7]
#
# IN holds cutouts/, tokenizer/ and words.json (9 MiB, made by cutouts.py, vocabulary.py and words.py) and state/ to go on from, of
# `state.py pack` or an earlier OUT: an autoencoder at least (7 MiB); without a denoiser it starts from ../mini. OUT gets state/,
# scores and sheets: eight files of at most 16 MiB each, from which export.py and judge.py --export make the model anywhere. Decoder, denoiser and judge learn side by side; starting and testing
# come on top of the minutes, which takes about one more.
set -euo pipefail
in=$(realpath "$1"); mkdir -p "$2"; out=$(realpath "$2"); shift 2
device=cuda minutes=7
while [ $# -gt 0 ]; do
  case $1 in --device) device=$2 ;; --minutes) minutes=$2 ;; *) echo "gpu.sh: no option $1" >&2; exit 2 ;; esac
  shift 2
done
cd "$(dirname "$0")"
run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT
cp -rL "$in"/cutouts "$in"/tokenizer "$in"/words.json "$run"
share() { awk -v m="$minutes" -v s="$1" 'BEGIN { printf "%.3f", m * s }'; }
python=${PYTHON:-python3}
export TOKENIZERS_PARALLELISM=false TRANSFORMERS_VERBOSITY=error DIFFUSERS_VERBOSITY=error HF_HUB_DISABLE_PROGRESS_BARS=1 PYTHONWARNINGS=ignore
[ -d "$in/state" ] && $python state.py unpack "$in/state" "$run" --fresh
if [ "$device" = cuda ]; then
  export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
  some="--device cuda --workers 2" most="--device cuda --workers 9 --save 40" all="--device cuda --workers 14"
  decode="--batch 128 --reuse 4 --save 60" scale="--scale 16" edges="--scale 16" count=300
else
  some="--device cpu --threads 1" most=$some all="--device cpu --threads 2" decode="--batch 4" scale="" edges="" count=8
fi
try() {
  local name=$1 started=$SECONDS; shift
  echo "$name: $*"
  $python -u "$@" 2>&1 | sed -u "s/^/$name: /" || echo "$name: FAILED"
  echo "$name: took $((SECONDS - started)) s"
}
decoder() {
  try decoder autoencoder.py "$run" --minutes "$(share 0.20)" $some $decode
  try decoder autoencoder.py "$run" --minutes "$(share 0.34)" $some $decode --rate 0.003 --adversary 0.1 --denoiser "$run"
}
denoiser() {
  try denoiser denoiser.py "$run" --stage small --inherit ../mini --minutes "$(share 0.11)" --rates 0.7 0.5 $most $scale
  try denoiser denoiser.py "$run" --stage large --minutes "$(share 0.74)" --rates 0.7 0.01 $most $scale
}
{
  decoder &
  try judge judge.py "$run" --minutes "$(share 0.30)" $some --batch 64 --reuse 4 &
  denoiser
  wait
  try export export.py "$run" "$run/mini"
  try score evaluate.py "$run/mini" "$run" "$out/sheet.png" --count "$count" --device "$device" &
  try edges controlnet.py "$run" "$run/mini" --minutes "$(share 0.13)" --export "$run/canny" $all $edges
  wait
  $python state.py pack "$run" "$out/state"
} 2>&1 | tee "$out/log.txt"
cp "$run/autoencoder.png" "$run/controlnet.png" "$out" || true
