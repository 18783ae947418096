# SPDX-License-Identifier: GPL-3.0-or-later
"""The bill of materials of a binary as SPDX 2.3 JSON: the Debian packages of the libraries that it loads, with their
versions and licences as Debian declares them. The time is SOURCE_DATE_EPOCH: the same packages give the same bytes.
Usage: sbom.py BINARY OUT.json VERSION ARCHITECTURE REVISION [PACKAGE...]: PACKAGEs are delivered or needed besides"""
import datetime
import json
import os
import platform
import re
import subprocess
import sys

binary, out, version, architecture, revision = sys.argv[1:6]
URL = "https://forescale.dev"
DISTRIBUTION = platform.freedesktop_os_release()["ID"]
# Of sources whose copyright file is prose, or speaks of more than the library.
DECLARED = {"e2fsprogs": "MIT", "glibc": "LGPL-2.1-or-later", "gnutls28": "LGPL-2.1-or-later", "gsl": "GPL-3.0-or-later",
            "keyutils": "LGPL-2.0-or-later", "krb5": "MIT", "libidn2": "GPL-2.0-or-later OR LGPL-3.0-or-later",
            "libtasn1-6": "LGPL-2.1-or-later", "rtmpdump": "LGPL-2.1-or-later", "sqlite3": "blessing", "ca-certificates": "MPL-2.0"}
# Debian's short names that are not SPDX's.
NAMES = {"bsd3": "BSD-3-Clause", "bsd-3-clause": "BSD-3-Clause", "bsd-4-clause": "BSD-4-Clause", "expat": "MIT", "openldap-2.8": "OLDAP-2.8"}
SAME = {"Apache-2.0", "MIT", "MPL-2.0", "PostgreSQL", "Zlib", "curl"}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, env=dict(os.environ, LC_ALL="C")).stdout


def owner(path):
    """The package of a file; it may be listed by its place before /usr was merged."""
    path = os.path.realpath(path)
    for name in (path, path[len("/usr"):] if path.startswith("/usr/") else "/usr" + path):
        found = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    sys.exit("sbom: no Debian package holds " + path)


def spdx_name(word):
    gpl = re.fullmatch(r"(L?GPL)-(\d)(\.\d)?(\+?)", word)
    if gpl:
        return "%s-%s%s-%s" % (gpl[1], gpl[2], gpl[3] or ".0", "or-later" if gpl[4] else "only")
    return word if word in SAME else NAMES.get(word.lower())


def licence(package, source):
    if source in DECLARED:
        return DECLARED[source]
    with open("/usr/share/doc/%s/copyright" % package, errors="replace") as f:
        paragraphs = re.split(r"\n\s*\n", f.read())
    for paragraph in paragraphs:
        of_all = re.search(r"^Files: *\*", paragraph, re.M)
        words = re.search(r"^License: *(.+)$", paragraph, re.M)
        if of_all and words:
            names = [spdx_name(word) for word in words[1].split(" or ")]
            return "NOASSERTION" if None in names else " OR ".join(sorted(names))
    return "NOASSERTION"


def describe(package):
    ident = "SPDXRef-Package-" + re.sub(r"[^A-Za-z0-9.-]", "-", package)
    source, full = run("dpkg-query", "-W", "-f", "${source:Package}\n${Version}\n", package).split("\n")[:2]
    kind = run("dpkg-query", "-W", "-f", "${Architecture}", package)
    return {"SPDXID": ident, "name": package, "versionInfo": full, "supplier": "Organization: " + DISTRIBUTION.capitalize(),
            "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "sourceInfo": "built from the source package " + source,
            "licenseConcluded": "NOASSERTION", "licenseDeclared": licence(package, source), "copyrightText": "NOASSERTION",
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                              "referenceLocator": "pkg:deb/%s/%s@%s?arch=%s" % (DISTRIBUTION, package, full.replace(":", "%3A").replace("+", "%2B"), kind)}]}


own = {"SPDXID": "SPDXRef-Package-forescale", "name": "forescale", "versionInfo": version, "supplier": "Organization: The forescale maintainers",
       "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "primaryPackagePurpose": "APPLICATION", "sourceInfo": "revision " + revision,
       "licenseConcluded": "GPL-3.0-or-later", "licenseDeclared": "GPL-3.0-or-later", "copyrightText": "NOASSERTION"}
loaded = [line.split("=>")[-1].split()[0] for line in run("ldd", binary).splitlines() if "/" in line]
needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", run("readelf", "-dW", binary)))
linked = {owner(path) for path in loaded if os.path.basename(path) in needed}
packages = sorted({owner(path) for path in loaded} | set(sys.argv[6:]))
described = {name: describe(name) for name in packages}
created = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
relations = [("SPDXRef-DOCUMENT", "DESCRIBES", own["SPDXID"])]
relations += [(own["SPDXID"], "DYNAMIC_LINK" if name in linked else "DEPENDS_ON", described[name]["SPDXID"]) for name in packages]
document = {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "forescale-" + version,
            "documentNamespace": "%s/spdx/forescale-%s-%s-%s" % (URL, version, architecture, revision),
            "creationInfo": {"created": created, "creators": ["Organization: The forescale maintainers", "Tool: scripts/sbom.py"]},
            "packages": [own] + [described[name] for name in packages],
            "relationships": [{"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b} for a, kind, b in relations]}
with open(out, "w") as f:
    json.dump(document, f, indent=1)
    f.write("\n")
