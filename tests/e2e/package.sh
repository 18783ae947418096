#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The packages that `./dev package` made: the same bytes from another build, the .deb unpacked and run, the image read by
# umoci, which did not write it, and run in a root of its own. Usage: tests/e2e/package.sh RELEASE_BUILD PACKAGES DEMO_CSV
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
packages=$(cd "$2" && pwd)
demo=$(readlink -f "$3")
. "$top/tests/rig/lib.sh"

deb=$(ls "$packages"/*.deb) image=$(ls "$packages"/*.oci.tar)
(cd "$packages" && sha256sum --quiet -c SHA256SUMS) || fail "SHA256SUMS"
cmake -S "$top" -B "$rig/again" -G Ninja -DCMAKE_BUILD_TYPE=Release -DFORESCALE_TESTS=OFF -DCMAKE_C_COMPILER_LAUNCHER= >"$rig/again.log" 2>&1 &&
    cmake --build "$rig/again" >>"$rig/again.log" 2>&1 || { tail -n 20 "$rig/again.log"; fail "the second build"; }
(umask 077 && TZ=Asia/Tokyo LC_ALL=C "$top/scripts/package.sh" "$rig/again" "$rig/packages") || fail "packaging again"
cmp "$build/forescale" "$rig/again/forescale" || fail "another build folder gives another binary"
for file in "$deb" "$image"; do
    cmp "$file" "$rig/packages/$(basename "$file")" || fail "$(basename "$file") differs when it is made again"
done
pass "built again in another folder, time zone and umask: the same bytes ($(stat -c '%n %s' "$deb" "$image" | sed 's|.*/||' | tr '\n' ' '))"

dpkg-deb -x "$deb" "$rig/deb"
version=$("$rig/deb/usr/bin/forescale" version)
[ "$("$rig/deb/usr/bin/kubectl-forescale" version)" = "$version" ] || fail "kubectl-forescale"
"$top/tests/rig/hardened.sh" "$rig/deb/usr/bin/forescale" || fail "the packaged binary is not hardened"
[ -s "$rig/deb/usr/share/forescale/cronjobs/helm/forescale/Chart.yaml" ] || fail "the package has no chart"
apt-get install -s "$deb" >"$rig/apt.out" 2>&1 || { cat "$rig/apt.out"; fail "apt cannot satisfy $(dpkg-deb -f "$deb" Depends)"; }
pass ".deb: $version, also as kubectl-forescale; depends on $(dpkg-deb -f "$deb" Depends | sed 's/ ([^)]*)//g')"

mkdir "$rig/layout"
tar -xf "$image" -C "$rig/layout"
umoci unpack $([ "$(id -u)" = 0 ] || echo --rootless) --image "$rig/layout:0.1.0" "$rig/bundle" >"$rig/umoci.log" 2>&1 || { cat "$rig/umoci.log"; fail "umoci unpack"; }
[ "$(jq -c '[.process.user.uid, .process.args[0], .process.cwd]' "$rig/bundle/config.json")" = '[65532,"/usr/bin/forescale","/var/lib/forescale"]' ] || fail "$(jq -c .process "$rig/bundle/config.json")"
root=$rig/bundle/rootfs
[ -z "$(find "$root" -perm /6000)" ] || fail "a file with set-user-id"
[ ! -e "$root/bin/sh" ] && [ ! -e "$root/usr/bin/sh" ] || fail "the image has a shell"
in_image() {
    if [ "$(id -u)" = 0 ]; then chroot --userspec=65532:65532 "$root" "$@"; else unshare --map-root-user chroot "$root" "$@"; fi
}
[ "$(in_image /usr/bin/forescale version)" = "$version" ] || fail "version in the image"
cp "$demo" "$root/tmp/demo.csv"
sed 's/^timeZone:.*/timeZone: Europe\/Berlin/' "$top/data/demo.yaml" >"$root/tmp/demo.yaml"
chmod 644 "$root"/tmp/*
in_image /usr/bin/forescale plan -c /tmp/demo.yaml --input /tmp/demo.csv --at 2026-10-26T08:54:00Z -o json >"$rig/plan.json" || fail "plan in the image"
jq -e '.workloads[0].minReplicas > 0' "$rig/plan.json" >/dev/null || fail "the image plans nothing"
pass "image: umoci unpacks it; as user 65532 in a root of its own it plans $(jq .workloads[0].minReplicas "$rig/plan.json") replicas, with time zones and no shell"
"$top/tests/rig/hardened.sh" "$root/usr/bin/forescale" || fail "the image's binary is not hardened"
pass "the binaries of both are position-independent, with read-only relocations, stack protector and _FORTIFY_SOURCE"

sbom=$packages/forescale.spdx.json
for copy in "$rig/deb" "$root"; do
    cmp "$sbom" "$copy/usr/share/doc/forescale/forescale.spdx.json" || fail "the bill of materials is not beside the binary"
done
# All libraries of the image, by the packages whose terms lie there, are in it with the versions that are installed.
jq -r '.packages[] | select(.name != "forescale") | .name + " " + .versionInfo' "$sbom" | sort >"$rig/sbom"
ls "$root/usr/share/doc" | grep -vx forescale | while read -r p; do dpkg-query -W -f '${Package} ${Version}\n' "$p" | head -n 1; done | sort >"$rig/delivered"
[ "$(wc -l <"$rig/delivered")" -ge 9 ] && [ -z "$(comm -13 "$rig/sbom" "$rig/delivered")" ] || { comm -3 "$rig/sbom" "$rig/delivered"; fail "the bill of materials misses what is delivered"; }
linked=$(jq '[.relationships[] | select(.relationshipType == "DYNAMIC_LINK")] | length' "$sbom")
[ "$linked" -ge 9 ] && ! jq -e '.packages[] | select(.licenseDeclared == "NOASSERTION") | select(.name | startswith("lib"))' "$sbom" >"$rig/unknown" || { cat "$rig/unknown"; fail "$linked libraries are linked, or one has no licence"; }
pass "SBOM: SPDX 2.3, $(wc -l <"$rig/sbom") packages with versions and licences, $linked of them linked; in both packages"
if [ -n "${SPDX_TOOLS:-}" ]; then
    "$SPDX_TOOLS/bin/pyspdxtools" -i "$sbom" || fail "SPDX's own tools refuse the bill of materials"
    pass "SPDX's own tools find it valid"
fi

if [ "$(id -u)" = 0 ]; then
    in_image /usr/bin/forescale collect -c /tmp/demo.yaml --store /var/lib/forescale/new.db --from-csv /tmp/demo.csv >"$rig/collect.out" 2>&1 || { cat "$rig/collect.out"; fail "the image's user cannot write the store"; }
    pass "its user writes the store in /var/lib/forescale"
fi
echo "$passed passed, 0 failed"
