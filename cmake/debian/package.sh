#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes the Debian packages of what CPack installed: cpack.cmake calls it.
#
#   package.sh STAGE OUT    components in STAGE/COMPONENT/usr, packages to OUT/*.deb
#
# The same input gives the same bytes: all times are SOURCE_DATE_EPOCH, by default the date of the
# changelog.
set -euo pipefail
umask 022
export LC_ALL=C

stage=$1 out=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for tool in dpkg-shlibdeps dpkg-gensymbols dpkg-gencontrol dpkg-deb strip; do
  command -v "$tool" >/dev/null ||
    { echo "package.sh: $tool not found; install dpkg-dev and binutils" >&2; exit 1; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir debian
cp "$here/control" "$here/changelog" debian/
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(dpkg-parsechangelog -S Timestamp)}
export SOURCE_DATE_EPOCH

# fill PACKAGE COMPONENTS...: the files of a package, compressed and stripped as Debian wants them.
fill() {
  local package=$1 root=debian/$1 component
  shift
  mkdir -p "$root/DEBIAN"
  for component; do
    [[ ! -d $stage/$component ]] || cp -a "$stage/$component/." "$root"
  done
  install -D -m 644 "$here/copyright" "$root/usr/share/doc/$package/copyright"
  gzip -9nc "$here/changelog" >"$root/usr/share/doc/$package/changelog.Debian.gz"
  if [[ -d $root/usr/share/man ]]; then
    find "$root/usr/share/man" -type f ! -name '*.gz' -exec gzip -9n {} +
  fi
  find "$root/usr" -type f -name '*.a' -exec strip --strip-debug --remove-section=.comment -D {} +
  programs "$root" | xargs -r strip --strip-unneeded --remove-section=.comment
  chmod -R u=rwX,go=rX "$root"
}

# programs FOLDER: what is linked in it.
programs() {
  find "$1/usr" -type f \( -path '*/bin/*' -o -path '*/libexec/*' -o -name '*.so.*' \)
}

# finish PACKAGE: what dpkg is told about it, and the package itself.
finish() {
  local package=$1 root=debian/$1 file
  for file in triggers shlibs postinst prerm; do
    [[ ! -e $here/$package.$file ]] || install -m 644 "$here/$package.$file" "$root/DEBIAN/$file"
  done
  find "$root/DEBIAN" -name 'p*' -exec chmod 755 {} +
  (cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
  dpkg-gencontrol -p"$package" -P"$root" -T"debian/$package.substvars"
  find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
  dpkg-deb --root-owner-group --build "$root" "$out"
}

# depends PACKAGE: on which libraries, as the symbols it uses say.
depends() {
  programs "debian/$1" | sed 's/^/-e/' |
    xargs dpkg-shlibdeps -Sdebian/libasl1 "-Tdebian/$1.substvars"
}

fill libasl1 runtime
fill libasl-dev dev doc
fill python3-libasl python
dpkg-gensymbols -c4 -plibasl1 -Pdebian/libasl1 -I"$here/libasl1.symbols" ||
  { echo "package.sh: does every node of lib/asl.map have its line in libasl1.symbols?" >&2; exit 1; }
depends libasl1
packages=(libasl1 libasl-dev python3-libasl)
if [[ -d $stage/tools ]]; then
  fill asl-tools tools
  depends asl-tools
  packages+=(asl-tools)
fi
for package in "${packages[@]}"; do
  finish "$package"
done
