#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Records the interface as it is now as that of its version:
#
#   tests/abi/baseline.sh             a new version: makes tests/abi/MAJOR.MINOR
#   tests/abi/baseline.sh --replace   rewrites that of a version that nobody has yet
#
# libasl.abi is what abidw sees in the library, include/asl the headers without their comments, and
# additions.abignore the (then empty) list of what later versions add. consumer.c beside them, the
# program that uses it all, is written by hand. See docs/abi.md.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
replace=no
case ${1:-} in
  '') ;;
  --replace) replace=yes ;;
  -h | --help) sed -n '3,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
  *) echo "baseline.sh: unknown argument '$1'; use --replace or nothing" >&2; exit 2 ;;
esac

number() { sed -n "s/^#define ASL_VERSION_$1 \([0-9]*\).*/\1/p" "$root/include/asl/base.h"; }
version=$(number MAJOR).$(number MINOR)
target=$here/$version
if [[ -e $target/libasl.abi && $replace == no ]]; then
  echo "baseline.sh: $target/libasl.abi exists: programs may rely on it." \
    "To rewrite what was never released use --replace" >&2
  exit 1
fi

build=${ASL_ABI_BUILD:-$root/build/abi}
"$here/debug_library.sh" "$build" -DCMAKE_C_COMPILER=gcc
mkdir -p "$target/include/asl"
rm -f "$target"/include/asl/*.h
for header in "$root"/include/asl/*.h; do
  python3 -B "$here/public_headers.py" "$header" >"$target/include/asl/${header##*/}"
done
python3 -B "$here/gate.py" dump "$build/lib/libasl.so" "$root/include" \
  "$target/libasl.abi"
cat >"$target/additions.abignore" <<EOF
# SPDX-License-Identifier: MIT
# What was added since $version, each reviewed: see docs/abi.md.
EOF
echo "wrote $target; commit it"
