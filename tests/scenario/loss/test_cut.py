#!/usr/bin/env python3
"""The model of a failing disk, on records written by hand."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cut

COMMIT = [
    ["M", "/d/tmp"], ["M", "/d/track"], ["D", "/d"],
    ["C", "7", "/d/tmp/x"], ["F", "7", "whole"],
    ["R", "/d/tmp/x", "/d/track/film"], ["D", "/d/track"],
]
CASES = [
    # name, events, points, what a file named film may be: None absent, "" empty, or its bytes
    ("a whole commit leaves the film or nothing", COMMIT, {None, "whole"}),
    ("without the file's sync an empty film is seen", [e for e in COMMIT if e[0] != "F"], {None, ""}),
    ("a rename that was swallowed shows an empty film",
     [["W", "7", e[1], e[2]] if e[0] == "R" else e for e in COMMIT], {None, "", "whole"}),
]


def seen(events):
    out = set()
    with tempfile.TemporaryDirectory() as work:
        record = os.path.join(work, "record")
        os.makedirs(os.path.join(record, "blobs"))
        with open(os.path.join(record, "blobs", "whole"), "w", encoding="utf-8") as blob:
            blob.write("whole")
        with open(os.path.join(record, "events"), "w", encoding="utf-8") as file:
            file.writelines("\t".join(e) + "\n" for e in events)
        for point in range(len(events) + 1):
            for seed in range(20):
                target = os.path.join(work, f"{point}-{seed}")
                cut.rebuild(record, "/d", point, seed, target)
                film = os.path.join(target, "track", "film")
                if not os.path.exists(film):
                    out.add(None)
                else:
                    with open(film, encoding="utf-8") as file:
                        out.add(file.read())
    return out


def last_state(events):
    """What may be there after all of it."""
    with tempfile.TemporaryDirectory() as work:
        record = os.path.join(work, "record")
        os.makedirs(os.path.join(record, "blobs"))
        with open(os.path.join(record, "blobs", "whole"), "w", encoding="utf-8") as blob:
            blob.write("whole")
        with open(os.path.join(record, "events"), "w", encoding="utf-8") as file:
            file.writelines("\t".join(e) + "\n" for e in events)
        found = set()
        for seed in range(40):
            target = os.path.join(work, str(seed))
            cut.rebuild(record, "/d", len(events), seed, target)
            found.add(os.path.exists(os.path.join(target, "track", "film")))
        return found


number = 0
for name, events, want in CASES:
    number += 1
    have = seen(events)
    print(f"{'ok' if have == want else 'not ok'} {number} - {name}" + ("" if have == want else f"\n# {have}"))
for name, events, want in [
    ("after the directory's sync the film is there for good", COMMIT, {True}),
    ("without the directory's sync it may be gone", COMMIT[:-1], {True, False}),
]:
    number += 1
    have = last_state(events)
    print(f"{'ok' if have == want else 'not ok'} {number} - {name}" + ("" if have == want else f"\n# {have}"))
print(f"1..{number}")
