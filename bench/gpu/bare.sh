#!/usr/bin/env bash
# From a bare Debian or Ubuntu machine with a GPU to figures: finds or unpacks Deno and Vulkan's loader, then runs bench/gpu/run.ts with the
# arguments given here. Where .gpu/carried.tar.xz lies (`deno task bench:gpu --prepare`), no network is needed.
set -uo pipefail
cd "$(dirname "$0")/../.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
say() { echo "bench:gpu: $*" >&2; }

carried=.gpu/carried.tar.xz
if [ -f "$carried" ]; then
  tar -xJf "$carried" -C "$tools" 2>/dev/null || python3 -m tarfile -e "$carried" "$tools" || say "$carried cannot be unpacked"
fi

if ! ldconfig -p 2>/dev/null | grep -q 'libvulkan\.so\.1'; then
  for deb in "$tools"/debs/*.deb; do [ -f "$deb" ] && dpkg -x "$deb" "$tools/root"; done
  loader=$(find "$tools/root" -name 'libvulkan.so.1' 2>/dev/null | head -n 1)
  if [ -n "$loader" ]; then
    export LD_LIBRARY_PATH="$(dirname "$loader")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  else
    say "installing Vulkan's loader"
    sudo=$([ "$(id -u)" = 0 ] || echo "sudo -n")
    (timeout 60 $sudo apt-get -qq update && timeout 60 $sudo apt-get -qq install -y libvulkan1) >&2 || say "it could not be installed"
  fi
fi

# A driver that is there and not where the loader looks.
if ! ls /usr/share/vulkan/icd.d/*.json /etc/vulkan/icd.d/*.json >/dev/null 2>&1 && [ -z "${VK_DRIVER_FILES:-}" ]; then
  driver=$(find /usr/local /usr/lib /opt -name 'nvidia_icd*.json' 2>/dev/null | head -n 1)
  [ -n "$driver" ] && export VK_DRIVER_FILES="$driver" && say "the driver is $driver"
fi
[ "$(id -u)" = 0 ] && ldconfig 2>/dev/null
export DENO_WEBGPU_BACKEND=vulkan NO_COLOR=1

deno=$(command -v deno)
if [ -x "$tools/bin/deno" ] && "$tools/bin/deno" --version >/dev/null 2>&1; then
  deno="$tools/bin/deno"
  export DENO_DIR="$tools/deno_dir"
elif [ -z "$deno" ] && command -v npm >/dev/null; then
  say "fetching Deno through npm"
  timeout 90 npm install --silent --prefix "$tools" deno@2.9.6 >&2 && deno="$tools/node_modules/.bin/deno"
fi
[ -n "$deno" ] || { say "there is no Deno: carry it (deno task bench:gpu --prepare) or install npm"; exit 1; }
"$deno" run -A --no-check bench/gpu/run.ts "$@"
