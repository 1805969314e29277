#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The capture code against the kernel's own V4L2: boots Debian's kernel in QEMU, loads the camera
# driver `vivid`, and runs vm_guest.sh there with the build of this machine.
#
#   tests/camera/vm.sh BIN     BIN holds live_probe
#
# The kernel package (70 MB) is fetched once into VM_CACHE. Exit status 77, with the reason, when
# something that it needs is not there.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$(cd "${1:?usage: vm.sh BIN}" && pwd)
cache=${VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/asl-vm}

skip() {
  echo "skipped: $1"
  exit 77
}

[[ $(uname -m) == x86_64 ]] || skip "the kernel that is booted is that of x86-64"
for tool in qemu-system-x86_64 /bin/busybox cpio apt-cache apt-get dpkg-deb v4l2-ctl; do
  command -v "$tool" >/dev/null || skip "$tool is not installed (qemu-system-x86 busybox-static cpio kmod v4l-utils)"
done
export PATH=$PATH:/sbin:/usr/sbin
command -v depmod >/dev/null || skip "depmod is not installed (kmod)"

mkdir -p "$cache"
cd "$cache"
package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
[[ -n $package ]] || skip "the package linux-image-amd64 is not known here"
version=${package#linux-image-}

# The kernel, the modules that are wanted, and an init that mounts this machine's files read-only.
make_initrd() {
  local modules=0 module root
  root=$(mktemp -d)
  [[ -n $(compgen -G "${package}_*.deb") ]] || apt-get download -q "$package" >/dev/null ||
    skip "the package $package cannot be fetched"
  mkdir -p "$root/files" "$root/initrd"/{mod,bin,proc,sys,dev,r}
  dpkg-deb --fsys-tarfile "${package}"_*.deb | tar -x -C "$root/files" --wildcards \
    './boot/vmlinuz*' "./lib/modules/$version/modules.*" \
    "./lib/modules/$version/kernel/"{drivers/{media,virtio},net/9p,fs/{9p,netfs,fscache}}'/*'
  depmod -b "$root/files" "$version"
  for module in vivid 9p 9pnet_virtio virtio_pci; do
    modprobe -d "$root/files" -S "$version" --show-depends "$module"
  done | awk '!seen[$2]++ { print $2 }' >"$root/order"
  while read -r module; do
    modules=$((modules + 1))
    cp "$module" "$(printf '%s/initrd/mod/%02d-%s' "$root" "$modules" "${module##*/}")"
  done <"$root/order"
  cp /bin/busybox "$root/initrd/bin/"
  cat >"$root/initrd/init" <<'INIT'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc p /proc
$b mount -t sysfs s /sys
$b mount -t devtmpfs d /dev
for m in /mod/*; do
  case $m in *vivid*) a="n_devs=1 node_types=0x1" ;; *) a= ;; esac
  $b insmod $m $a
done
$b mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=262144,cache=loose root /r
for d in dev proc sys; do $b mount --bind /$d /r/$d; done
$b mount -t tmpfs t /r/mnt
$b chroot /r /bin/bash $($b sed -n 's/.*guest=\([^ ]*\) bin=\([^ ]*\).*/\1 \2/p' /proc/cmdline)
echo "guest ended with $?"
$b poweroff -f
INIT
  chmod +x "$root/initrd/init"
  cp "$root"/files/boot/vmlinuz* "$version.vmlinuz"
  (cd "$root/initrd" && find . | cpio -o -H newc --quiet | gzip -1) >"$version.new"
  mv "$version.new" "$version.gz"
  rm -rf "$root"
}

[[ -f $version.gz ]] || make_initrd
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Never kvm: its node may be there and hang all the same.
timeout 240 qemu-system-x86_64 -accel tcg -cpu max -m 512 -nodefaults -no-reboot -nographic \
  -serial stdio -kernel "$version.vmlinuz" -initrd "$version.gz" \
  -append "console=ttyS0 quiet loglevel=3 mitigations=off panic=-1 guest=$here/vm_guest.sh bin=$bin" \
  -virtfs "local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap" \
  </dev/null | tr -d '\r' | tee "$log"
grep -q '^guest ended with 0$' "$log"
