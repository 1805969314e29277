#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds a wheel with the library inside, which needs nothing of a machine but its C library.
#
#   bindings/python/build-wheel.sh [OUT]     OUT: where the wheel goes, by default dist/
#
# Needs what the library needs, with the static archives of zlib, jansson and libjpeg-turbo
# (Debian: zlib1g-dev libjansson-dev libjpeg62-turbo-dev), binutils, and for Python the packages
# pip, setuptools and wheel. PYTHON names the interpreter (python3). The same sources give the same
# file: SOURCE_DATE_EPOCH is its time, by default that of the last commit.
set -euo pipefail
umask 022

case ${1:-} in
  -h | --help) sed -n '3,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
  -*) echo "build-wheel.sh: unknown option '$1'; see --help" >&2; exit 2 ;;
esac
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(cd "$here/../.." && pwd)
python=${PYTHON:-python3}
mkdir -p "${1:-dist}"
out=$(cd "${1:-dist}" && pwd)

"$python" -c 'import setuptools, wheel, pip' 2>/dev/null || {
  echo "build-wheel.sh: $python lacks pip, setuptools or wheel; install them (Debian: python3-pip" \
    "python3-setuptools python3-wheel), or name another interpreter in PYTHON" >&2
  exit 1
}
# 1980 is the first year that a zip archive can tell.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$source" log -1 --format=%ct 2>/dev/null ||
  echo 315532800)}
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Runs a command; shows what it says only when it fails.
quietly() {
  "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; echo "build-wheel.sh: failed: $*" >&2; exit 1; }
}

quietly cmake -S "$source" -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DASL_BUILD_EXAMPLES=OFF \
  -DASL_BUILD_TESTS=OFF -DASL_WITH_CUDA=OFF -DASL_STATIC_DEPENDENCIES=ON -DCMAKE_SKIP_RPATH=ON
quietly cmake --build "$work/build" --target asl --parallel "$(nproc)"
install -m 644 "$work/build/lib/libasl.so.1" "$work/libasl.so.1"
"${STRIP:-strip}" --strip-unneeded "$work/libasl.so.1"
tag=$("$python" -B "$here/manylinux.py" "$work/libasl.so.1")

# A copy of the sources, since setuptools leaves its own files beside them.
mkdir -p "$work/source/libasl" "$work/out"
cp "$here/pyproject.toml" "$here/README.md" "$here/LICENSE" "$work/source/"
cp "$here/third-party.txt" "$work/source/LICENSE.third-party"
cp "$here"/libasl/{*.py,py.typed} "$work/source/libasl/"
quietly "$python" -m pip wheel --no-build-isolation --no-deps --no-index --no-cache-dir \
  --disable-pip-version-check -w "$work/pure" "$work/source"

# The library goes in, and the wheel becomes one for this kind of machine.
quietly "$python" -m wheel unpack -d "$work/tree" "$work"/pure/*.whl
tree=("$work"/tree/*)
cp "$work/libasl.so.1" "$tree/libasl/"
sed -i -e 's/^Root-Is-Purelib: .*/Root-Is-Purelib: false/' -e "s/^Tag: .*/Tag: py3-none-$tag/" \
  "$tree"/*.dist-info/WHEEL
quietly "$python" -m wheel pack -d "$work/out" "$tree"
wheel=$(basename "$work"/out/*.whl)
mv "$work/out/$wheel" "$out/"
echo "$out/$wheel"
