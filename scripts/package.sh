#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The Debian package, the OCI image and the bill of materials of a release build: the same bytes each time.
# Usage: scripts/package.sh BUILD_FOLDER OUT_FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
stage=$(mktemp -d -t forescale-package.XXXXXX)
trap 'rm -rf "$stage"' EXIT
umask 022
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
version=$(awk -F '"' '/CPACK_PACKAGE_VERSION /{print $2}' "$build/CPackConfig.cmake")

sbom=forescale.spdx.json
python3 scripts/sbom.py "$build/forescale" "$build/$sbom" "$version" "$(dpkg --print-architecture)" "$(git rev-parse HEAD)" tzdata ca-certificates
cp "$build/$sbom" "$out/"
(cd "$build" && cpack -G DEB -B "$stage/deb") >"$stage/cpack.log" 2>&1 || { cat "$stage/cpack.log" >&2; exit 1; }
cp "$stage"/deb/*.deb "$out/"

# The image holds the package and nothing that it does not need: no shell, no package manager.
root=$stage/root
mkdir -p "$root"/{etc/ssl/certs,tmp,usr/lib,usr/lib64,usr/share,var/lib/forescale}
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"
dpkg-deb -x "$stage"/deb/*.deb "$stage/unpacked"
mkdir -p "$root/usr/bin"
cp "$stage/unpacked/usr/bin/forescale" "$root/usr/bin/"
keep() { # FILE PLACE: copies it, and the terms of the Debian package that it comes from
    local package
    install -D -m "$(stat -c %a "$1")" "$1" "$root/$2"
    # dpkg may know it by its place before /usr was merged.
    package=$(dpkg-query -S "$1" 2>/dev/null || dpkg-query -S "${1#/usr}") || return 1
    package=${package%%:*}
    install -D -m 644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
}
ldd "$root/usr/bin/forescale" | grep -o '/[^ ]*' | while read -r library; do
    case $library in /usr/*) place=$library ;; *) place=/usr$library ;; esac
    keep "$(readlink -f "$library")" "$place"
done
cp -r /usr/share/zoneinfo "$root/usr/share/zoneinfo"
rm -rf "$root"/usr/share/zoneinfo/{posix,right,localtime}
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
install -D -m 644 LICENSE "$root/usr/share/doc/forescale/copyright"
install -m 644 "$build/$sbom" "$root/usr/share/doc/forescale/"
echo 'forescale:x:65532:65532::/var/lib/forescale:/sbin/nologin' >"$root/etc/passwd"
echo 'forescale:x:65532:' >"$root/etc/group"
python3 scripts/image.py "$root" "$out/forescale-$version.oci.tar" "$version" "$(dpkg --print-architecture)" "$(git rev-parse HEAD)"
(cd "$out" && sha256sum ./*.deb ./*.oci.tar "$sbom" >SHA256SUMS)
