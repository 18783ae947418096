#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The pictures of docs/maths.md are what the program draws today: made again and compared, point by point, with room for
# what another processor rounds and what no eye sees. Usage: tests/e2e/pictures.sh BUILD_FOLDER
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
. "$top/tests/rig/lib.sh"
"$top/scripts/pictures.sh" "$build" "$rig/new" || fail "scripts/pictures.sh"
named=$(grep -oE 'pictures/[a-z]+\.svg' "$top/docs/maths.md" | sort -u)
[ "$named" = "$(cd "$rig/new" && printf 'pictures/%s\n' *.svg)" ] || fail "docs/maths.md shows other pictures than scripts/pictures.sh makes: $named"
xmllint --noout "$top"/docs/pictures/*.svg || fail "a picture is no XML"
python3 - "$top/docs/pictures" "$rig/new" <<'P' || fail "pictures are out of date: scripts/pictures.sh build/release docs/pictures"
import pathlib, re, sys

NUMBER = r"-?\d+(?:\.\d+)?"
ROOM = 12  # mean distance of points, in units of a picture that is 720 wide

def points(path):  # absolute ones of "M x y l dx dy ..."
    x = y = 0.0
    for command, numbers in re.findall(r"([MlHVhvz])((?:[\s,]*" + NUMBER + r")*)", path):
        n = [float(v) for v in re.findall(NUMBER, numbers)]
        for dx, dy in zip(n[::2], n[1::2]):
            x, y = (dx, dy) if command == "M" else (x + dx, y + dy)
            yield x, y

def shape(svg):  # lines by their class: the axes may count otherwise
    return {(m[0], i): list(points(m[1])) for i, m in enumerate(re.findall(r'<path class="(past|median|band|limit)" d="([^"]*)"', svg))}

def bars(svg):
    return [float(w) for w in re.findall(r'<rect class="bar"[^>]*width="([0-9.]+)"', svg)]

def shades(svg):
    return [int(h) for h in re.findall(r'<rect class="h([0-8])"', svg)]

def apart(a, b):
    return sum(abs(x - y) for x, y in zip(a, b)) / max(len(a), 1) if len(a) == len(b) else float("inf")

bad = 0
for old in sorted(pathlib.Path(sys.argv[1]).glob("*.svg")):
    a, b = old.read_text(), (pathlib.Path(sys.argv[2]) / old.name).read_text()
    title = [re.search(r"<title id[^>]*>([^<]*)", t).group(1) for t in (a, b)]
    lines = shape(a), shape(b)
    if title[0] != title[1] or lines[0].keys() != lines[1].keys():
        print(f"{old.name}: another picture: {title}")
        bad += 1
        continue
    far = 0.0
    for key in lines[0]:
        far = max(far, apart(*([y / 10 for _, y in side[key]] for side in lines)))  # drawn at a tenth
    far = max(far, apart(bars(a), bars(b)), ROOM * apart(shades(a), shades(b)))
    if not (lines[0] or bars(a) or shades(a)):
        print(f"{old.name}: nothing is drawn")
        bad += 1
    print(f"{old.name}: {far:.2f} of {ROOM} units apart")
    bad += far > ROOM
sys.exit(bad > 0)
P
pass "$(ls "$rig/new" | wc -l) pictures of docs/maths.md are those that the program draws"
echo "$passed passed, 0 failed"
