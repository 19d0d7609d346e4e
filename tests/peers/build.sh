#!/bin/sh
# Unpacks Debian's stock peers (pppd, xl2tpd, l2tpns) and kernel, without installing any of them, and
# packs a guest's initramfs. Made once per set of package versions; prints the directory.
#   tests/peers/build.sh CACHE
# It holds: vmlinux, initramfs.gz (of the guest), peers/ (a root directory with l2tpns), versions.
set -eu
here=$(dirname "$(realpath "$0")")
cache=$1

programs="ppp xl2tpd l2tpns busybox-static"
libraries="libc6 libcrypt1 libpam0g libpcap0.8 libssl3 libsystemd0 libaudit1 libcap2 libgcrypt20
    liblzma5 libzstd1 liblz4-1 libdbus-1-3 libcap-ng0 libgpg-error0 libcli1.10"
modules="virtio_pci virtio_net ppp_generic ppp_async l2tp_ppp"

say() { echo "build.sh: $*" >&2; }

# The cloud kernel would be smaller, but has no PPP.
kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*-amd64\)$/\1/p' | head -n 1)
[ -n "$kernel" ] || { say "no linux-image-amd64 in apt's lists: apt-get update, and is this Debian?"; exit 1; }

# shellcheck disable=SC2086 # lists of words
versions=$(apt-cache policy $kernel $programs $libraries |
    awk '/^[^ ]/ { name = $1 } /^  Candidate:/ { print name, $2 }')
key=$(printf '%s\n' "$versions" | cat - "$here/build.sh" | sha256sum | cut -c 1-16)
made=$cache/$key
if [ -e "$made/initramfs.gz" ]; then
    echo "$made"
    exit
fi

say "unpacking $kernel and its peers into $made"
mkdir -p "$cache"
work=$(mktemp -d "$cache/making.XXXXXX")
trap 'rm -rf "$work"' EXIT
printf '%s\n' "$versions" > "$work/versions"
mkdir "$work/debs" "$work/kernel" "$work/peers"
# shellcheck disable=SC2086
(cd "$work/debs" && apt-get -qq -o APT::Sandbox::User=root download $kernel $programs $libraries) >&2
for deb in "$work"/debs/*.deb; do
    case $deb in
        */linux-image-*) dpkg-deb -x "$deb" "$work/kernel" ;;
        *)
            # Some packages still hold /lib and /bin as directories: tar keeps our links of them.
            mkdir -p "$work/peers/usr/lib64" "$work/peers/usr/lib" "$work/peers/usr/bin" "$work/peers/usr/sbin"
            for link in lib lib64 bin sbin; do ln -sfn "usr/$link" "$work/peers/$link"; done
            dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$work/peers"
            ;;
    esac
done
peers=$work/peers
mkdir -p "$peers/dev" "$peers/proc" "$peers/sys" "$peers/run" "$peers/tmp" "$peers/etc/ppp" "$peers/etc/l2tpns" "$peers/var/run"

# needs PROGRAM: the shared libraries that its own loader finds for it inside the root.
needs() {
    chroot "$peers" /lib64/ld-linux-x86-64.so.2 --list "$1" | grep -v 'linux-vdso' | grep -o '/[^ ]*\|.*not found' || true
}

# What the guest gets: two programs, pppd's plugin for kernel L2TP, their libraries, busybox, modules.
guest=$work/guest
plugin=$(cd "$peers" && echo usr/lib/pppd/*/pppol2tp.so)
for link in lib lib64 bin sbin; do mkdir -p "$guest/usr/$link"; ln -s "usr/$link" "$guest/$link"; done
mkdir -p "$guest/dev" "$guest/proc" "$guest/sys" "$guest/run" "$guest/tmp" "$guest/etc/ppp" "$guest/etc/xl2tpd" \
    "$guest/var/log" "$guest/root"
ln -s /run "$guest/var/run"
ln -s /run "$guest/var/lock"
for file in usr/sbin/pppd usr/sbin/xl2tpd "$plugin"; do
    for path in "/$file" $(needs "/$file"); do
        case $path in
            *'not found'* | not | found) say "$file: a library is missing from the list in build.sh: $(needs "/$file")"; exit 1 ;;
        esac
        mkdir -p "$guest$(dirname "$path")"
        cp -L "$peers$path" "$guest$path"
    done
done
[ -z "$(needs /usr/sbin/l2tpns | grep 'not found' || true)" ] || { say "l2tpns: $(needs /usr/sbin/l2tpns)"; exit 1; }
cp "$peers/bin/busybox" "$guest/bin/busybox"
for applet in $("$peers/bin/busybox" --list); do
    [ -e "$guest/bin/$applet" ] || [ "$applet" = busybox ] || ln -s busybox "$guest/bin/$applet"
done

release=$(ls "$work/kernel/lib/modules")
"$peers/bin/busybox" depmod -b "$work/kernel" "$release"
deps=$work/kernel/lib/modules/$release/modules.dep
load=
# load NAME: appends the module's files to $load, what it depends on first.
load() {
    line=$(grep "/$1\.ko:" "$deps") || { say "$kernel has no module $1"; exit 1; }
    reversed=
    for file in ${line%%:*} ${line#*:}; do reversed="$file $reversed"; done
    for file in $reversed; do
        case " $load " in *" $file "*) ;; *) load="$load $file" ;; esac
    done
}
for module in $modules; do load "$module"; done
mkdir "$guest/modules"
for file in $load; do
    cp "$work/kernel/lib/modules/$release/$file" "$guest/modules/"
    echo "${file##*/}" >> "$guest/modules/order"
done

(cd "$guest" && find . | "$peers/bin/busybox" cpio -o -H newc 2>/dev/null | gzip -1) > "$work/initramfs.gz"

# QEMU starts the kernel proper (PVH); having the guest unpack it would take three seconds under emulation.
python3 - "$work/kernel/boot/vmlinuz-$release" "$work/vmlinux" <<'END'
import lzma, pathlib, sys
packed = pathlib.Path(sys.argv[1]).read_bytes()
start = packed.find(b"\xfd7zXZ\0")
kernel = lzma.LZMADecompressor().decompress(packed[start:]) if start >= 0 else b""
if not kernel.startswith(b"\x7fELF"):
    sys.exit("build.sh: the kernel is not packed with xz any more")
pathlib.Path(sys.argv[2]).write_bytes(kernel)
END
rm -rf "$work/debs" "$work/kernel" "$guest"
chmod 755 "$work"
if ! mv -T "$work" "$made" 2>/dev/null; then
    [ -e "$made/initramfs.gz" ] || { say "cannot write $made"; exit 1; }
fi
echo "$made"
