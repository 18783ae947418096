# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a folder as an OCI image of one layer, a layout in a tar file (image-spec 1.0), without a daemon.

Files belong to root but for the folders that the program writes. All times are SOURCE_DATE_EPOCH and names are sorted, so
that the same folder gives the same bytes. Usage: image.py ROOT OUT.tar VERSION ARCHITECTURE REVISION
"""
import datetime
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

USER = 65532
OWNED = {"var/lib/forescale"}
MODES = {"tmp": 0o1777}
MEDIA = "application/vnd.oci.image."

root, out, version, architecture, revision = sys.argv[1:]
epoch = int(os.environ["SOURCE_DATE_EPOCH"])
created = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def clean(member):
    member.uid = member.gid = USER if member.name in OWNED else 0
    member.uname = member.gname = ""
    member.mtime = epoch
    member.mode = MODES.get(member.name, member.mode)
    return member


def layer():
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(os.listdir(root)):  # tarfile sorts below
            tar.add(os.path.join(root, name), name, filter=clean)
    return data.getvalue()


blobs = {}


def blob(data, kind):
    digest = hashlib.sha256(data).hexdigest()
    blobs["blobs/sha256/" + digest] = data
    return {"mediaType": MEDIA + kind, "digest": "sha256:" + digest, "size": len(data)}


def text(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


files = layer()
notes = {
    "org.opencontainers.image.title": "forescale",
    "org.opencontainers.image.version": version,
    "org.opencontainers.image.revision": revision,
    "org.opencontainers.image.created": created,
    "org.opencontainers.image.licenses": "GPL-3.0-or-later",
}
config = blob(text({
    "created": created,
    "architecture": architecture,
    "os": "linux",
    "config": {"User": "%d:%d" % (USER, USER), "Entrypoint": ["/usr/bin/forescale"], "WorkingDir": "/var/lib/forescale",
               "Env": ["PATH=/usr/bin"], "Labels": notes},
    "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(files).hexdigest()]},
    "history": [{"created": created, "created_by": "scripts/image.py"}],
}), "config.v1+json")
packed = blob(gzip.compress(files, 9, mtime=0), "layer.v1.tar+gzip")
manifest = blob(text({"schemaVersion": 2, "mediaType": MEDIA + "manifest.v1+json", "config": config, "layers": [packed],
                      "annotations": notes}), "manifest.v1+json")
index = dict(manifest, platform={"architecture": architecture, "os": "linux"},
             annotations={"org.opencontainers.image.ref.name": version})
blobs["index.json"] = text({"schemaVersion": 2, "mediaType": MEDIA + "index.v1+json", "manifests": [index]})
blobs["oci-layout"] = text({"imageLayoutVersion": "1.0.0"})
with tarfile.open(out, "w", format=tarfile.PAX_FORMAT) as tar:
    for name in sorted(blobs):
        member = tarfile.TarInfo(name)
        member.size = len(blobs[name])
        member.mtime = epoch
        tar.addfile(member, io.BytesIO(blobs[name]))
