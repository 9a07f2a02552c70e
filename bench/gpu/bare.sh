#!/usr/bin/env bash
# From a bare Debian or Ubuntu machine with a GPU to figures: finds or unpacks Deno, Vulkan's loader and the driver, then runs
# bench/gpu/run.ts with the arguments given here. Where .gpu/carried.tar.xz lies (`deno task bench:gpu --prepare`), whole or in pieces
# (.gpu/carried.1, .gpu/carried.2, …), no network is needed. Everything is unpacked and made in a folder that is gone afterwards.
#
#   bash bench/gpu/bare.sh [ARGUMENTS of run.ts]
#   bash bench/gpu/bare.sh --torch [FOLDER]   torch's part alone, where Deno has not come yet; its figures are kept in .gpu for the rest
set -uo pipefail
cd "$(dirname "$0")/../.."
say() { echo "bench:gpu: $*" >&2; }
free() { df --output=avail -k "$1" 2>/dev/null | tail -n 1 | tr -dc 0-9; }

# A folder whose programs may be run: some machines forbid that in some places.
tools=
for base in "${TMPDIR:-/tmp}" /var/tmp "$PWD/.gpu"; do
  tools=$(mktemp -d "$base/bench-gpu.XXXXXX" 2>/dev/null) || continue
  printf '#!/bin/sh\n' >"$tools/try" && chmod +x "$tools/try" && "$tools/try" 2>/dev/null && break
  rm -rf "$tools"
  tools=
done
[ -n "$tools" ] || { say "there is no folder for programs: set TMPDIR"; exit 1; }
# Random weights are 9 GiB: in memory, where there is plenty of it.
cache=$tools
[ -w /dev/shm ] && [ "$(free /dev/shm)" -gt 40000000 ] 2>/dev/null && cache=$(mktemp -d /dev/shm/bench-gpu.XXXXXX)
trap 'rm -rf "$tools" "$cache"' EXIT
export XDG_CACHE_HOME="$cache" XDG_RUNTIME_DIR="$tools" NO_COLOR=1 PYTHONUNBUFFERED=1
[ -n "${HOME:-}" ] && [ -w "$HOME" ] || export HOME="$tools"
python=${PYTHON:-python3}

# diffusers, which an image with torch may lack.
for wheel in .gpu/wheels/*.whl; do
  [ -f "$wheel" ] && "$python" -m zipfile -e "$wheel" "$tools/site" && export PYTHONPATH="$tools/site${PYTHONPATH:+:$PYTHONPATH}"
done

if [ "${1:-}" = --torch ]; then
  folder=${2:-.gpu}
  mkdir -p .gpu "$folder"
  nvidia-smi -L
  ls -l /usr/local/nvidia/share/vulkan/icd.d /usr/share/vulkan/icd.d /etc/vulkan/icd.d 2>&1
  ldconfig -p | grep -E 'libvulkan|libGLX_nvidia|libEGL_nvidia|libX11\.'
  find /usr/local/nvidia \( -name 'libGLX_nvidia.so.0' -o -name 'libEGL_nvidia.so.0' \) 2>/dev/null
  df -h / /tmp /dev/shm
  for part in kernels models; do
    timeout -s KILL 60 "$python" "bench/gpu/torch_$part.py" ${3:-} 2>"$folder/torch-$part.err" | tee ".gpu/torch-$part.rows"
    tail -n 3 "$folder/torch-$part.err" >&2
  done
  [ "$folder" -ef .gpu ] || cp .gpu/torch-*.rows "$folder/"
  exit 0
fi

carried=.gpu/carried.tar.xz
if [ ! -f "$carried" ] && [ -f .gpu/carried.1 ]; then
  carried="$tools/carried.tar.xz"
  cat .gpu/carried.[1-9] >"$carried"
fi
if [ -f "$carried" ]; then
  tar -xJf "$carried" -C "$tools" 2>/dev/null || "$python" -m tarfile -e "$carried" "$tools" || say "$carried cannot be unpacked"
fi

deno=$(command -v deno)
if [ -x "$tools/bin/deno" ] && "$tools/bin/deno" --version >/dev/null 2>&1; then
  deno="$tools/bin/deno"
  export DENO_DIR="$tools/deno_dir"
elif [ -z "$deno" ] && command -v npm >/dev/null; then
  say "fetching Deno through npm"
  timeout 90 npm install --silent --prefix "$tools" deno@2.9.6 >&2 && deno="$tools/node_modules/.bin/deno"
fi
[ -n "$deno" ] || { say "there is no Deno: carry it (deno task bench:gpu --prepare) or install npm"; exit 1; }
export DENO_WEBGPU_BACKEND=vulkan

# torch's files are gigabytes that a fresh machine reads slowly: they are read beside what comes first.
[ -f .gpu/torch-models.rows ] || (timeout 60 nice "$python" -c "import torch, diffusers" >/dev/null 2>&1 &)

if ! ldconfig -p 2>/dev/null | grep -q 'libvulkan\.so\.1'; then
  for deb in "$tools"/debs/*.deb; do [ -f "$deb" ] && dpkg -x "$deb" "$tools/root"; done
  loader=$(find "$tools/root" -name 'libvulkan.so.1' 2>/dev/null | head -n 1)
  if [ -n "$loader" ]; then
    export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$(dirname "$loader")"
  else
    say "installing Vulkan's loader"
    sudo=$([ "$(id -u)" = 0 ] || echo "sudo -n")
    (timeout 60 $sudo apt-get -qq update && timeout 60 $sudo apt-get -qq install -y libvulkan1) >&2 || say "it could not be installed"
  fi
fi

# Where NVIDIA's driver may be: its own description where it lies, and descriptions of its libraries for the loader made here.
places="/usr/local/nvidia /usr/share/vulkan /etc/vulkan /usr/local/share /usr/lib /opt"
driver=$(find $places -name 'nvidia_icd*.json' 2>/dev/null | head -n 1)
candidates=()
[ -n "${VK_DRIVER_FILES:-}" ] && candidates+=("$VK_DRIVER_FILES")
[ -n "$driver" ] && candidates+=("$driver")
candidates+=("")
for name in libGLX_nvidia libEGL_nvidia; do
  library=$(find /usr/local/nvidia /usr/lib /usr/lib64 -name "$name.so.0" 2>/dev/null | head -n 1)
  [ -n "$library" ] || continue
  export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$(dirname "$library")"
  echo '{"file_format_version":"1.0.0","ICD":{"library_path":"'"$library"'","api_version":"1.3.0"}}' >"$tools/$name.json"
  candidates+=("$tools/$name.json")
done
cat >"$tools/probe.js" <<'PROBE'
const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
if (!adapter) Deno.exit(1);
console.error(adapter.info.description);
Deno.exit(/llvmpipe|swiftshader|lavapipe|software/i.test(adapter.info.description) ? 3 : 0);
PROBE
chosen=none
for candidate in "${candidates[@]}"; do
  if [ -n "$candidate" ]; then export VK_DRIVER_FILES="$candidate"; else unset VK_DRIVER_FILES; fi
  timeout -s KILL 20 "$deno" run -A --no-config "$tools/probe.js" >"$tools/probe.log" 2>&1
  found=$?
  say "driver ${candidate:-as the system has it}: $(tail -n 1 "$tools/probe.log") ($found)"
  [ $found = 0 ] && chosen=$candidate && break
  [ $found = 3 ] && [ "$chosen" = none ] && chosen=$candidate # a software adapter, where there is no better one
done
if [ -n "$chosen" ] && [ "$chosen" != none ]; then export VK_DRIVER_FILES="$chosen"; else unset VK_DRIVER_FILES; fi

"$deno" run -A --no-check bench/gpu/run.ts "$@"
