#!/usr/bin/env python3
"""verify_test.py WORKER WRITE_TRACKS - whether cuts are what their lists say. Prints TAP."""
import hashlib
import os
import sys

from bench import HASH, HERE, JOB, alive, compat, content, cut_asset, drawn, made, main, sound, test

sys.path.insert(0, os.path.join(HERE, "../../scenario/control"))
from control import sound_lengths


def told(b, path, name, sha256=None):
    return {"name": name, "sha256": sha256 or hashlib.sha256(content(os.path.join(b.data, path))).hexdigest()}


def picture(b, fake="", bridge=(7,), **more):
    """All but the first three frames of an asset of 24: a head that is bridged, then its last two GOPs."""
    drawn(b, "track/88/" + HASH["8"], "v", 10, 10, 4)
    drawn(b, "bridge/bb/" + HASH["b"], "v", *bridge)
    plan = {"fake": fake, "chunk_memory_mb": 100, "video": [{"id": "v0", "name": HASH["8"]}]}
    return {"cut": "cut_x", "verify": {"rate": [5, 1], "drop": 0},
            "rendition": {"id": "v0", "media": "video", "compat_id": compat("v"),
                          "tracks": [told(b, "track/88/" + HASH["8"], HASH["8"])],
                          "bridges": [told(b, "bridge/bb/" + HASH["b"], HASH["b"])]},
            "clips": [{"asset": 0, "in": 3, "out": 24}],
            "assets": [cut_asset(frames=24, track=HASH["8"], plan=plan, **more)]}


def heard(b, *lengths):
    """The sound of three clips of an asset of 24 frames, its bridges all in one file."""
    spec = sound(b, {})
    del spec["output"], spec["assets"][1]
    spec["verify"] = {"rate": [5, 1], "drop": 0}
    for clip in spec["clips"]:
        clip["asset"] = 0
    drawn(b, "bridge/dd/" + HASH["d"], "a", *(lengths or sound_lengths(spec)))
    return {**spec, "rendition": {"id": "a0", "media": "audio", "compat_id": compat("a"),
                                  "tracks": [told(b, "track/77/" + HASH["7"], HASH["7"])],
                                  "bridges": [told(b, "bridge/dd/" + HASH["d"], HASH["d"])]}}


def numbers(film, box, at, size):
    """A number of each box of that name, at bytes behind its name."""
    out, found = [], film.find(box)
    while found >= 0:
        out.append(int.from_bytes(film[found + at:found + at + size], "big"))
        found = film.find(box, found + 4)
    return out


def looked(b, spec):
    b.start().give("verify", spec)
    return b.told("commit")[0]["result"]


def box_faults(b, spec):
    """Faults of the boxes: nothing was decoded to find them."""
    result = looked(b, spec)
    assert result["measured"] is None and result["frames"] == 21 and "request" not in result, result
    assert result["fault_count"] == len(result["faults"]) > 0 and not b.scratch(), result
    return [(fault["check"], fault["frame"], fault["text"]) for fault in result["faults"]]


@test("a cut is looked at as viewers are sent it: header, bridge and GOPs, on one timeline")
def _(b):
    result = looked(b, picture(b))
    film = bytes.fromhex(result["film"])
    assert numbers(film, b"mfhd", 8, 4) == [1, 2, 3], film
    assert numbers(film, b"tfdt", 8, 8) == [0, 7, 17], film
    track, bridge = content(os.path.join(b.data, "track/88", HASH["8"])), content(made(b, HASH["b"]))
    assert film.startswith(bridge[:bridge.index(b"moof") - 4]), "the header is the track's, and so is the bridge's"
    assert bridge[bridge.index(b"mdat"):] in film and track[track.rindex(b"mdat"):] in film
    assert result["fault_count"] == 0 and not b.scratch(), result


@test("what a bridge is held to is the source, and the track that is verified is another file")
def _(b):
    request = looked(b, picture(b))["request"]
    asset, shown = request["assets"][0], request["rendition"]
    assert shown == {"id": "v0", "media": "video", "compat_id": compat("v"), "tight": []}, shown
    assert request["clips"] == [{"asset": 0, "in": 3, "out": 24}] and request["verify"] == {"rate": [5, 1], "drop": 0}
    assert asset["frames"] == 24 and asset["picture"]["source"]["hash"] == HASH["1"] and asset["picture"]["plan"], asset
    used = [asset["track"]["fd"], asset["picture"]["source"]["fd"], asset["picture"]["index_fd"], request["film"]["fd"]]
    assert len(set(used)) == 4, used


@test("a bridge that was made near its cap is told by its number")
def _(b):
    spec = picture(b)
    spec["rendition"]["bridges"][0]["tight"] = True
    assert looked(b, spec)["request"]["rendition"]["tight"] == [0]


@test("where the source is gone a bridge is held to the best rendition")
def _(b):
    os.unlink(b.data + "/source/11/" + HASH["1"])
    held = looked(b, picture(b))["request"]["assets"][0]["picture"]
    assert held["track"]["name"] == HASH["8"] and "source" not in held, held


@test("sound is looked at as viewers are sent it")
def _(b):
    spec = heard(b)
    result = looked(b, spec)
    film = bytes.fromhex(result["film"])
    starts = numbers(film, b"tfdt", 8, 8)
    assert numbers(film, b"mfhd", 8, 4) == list(range(1, len(starts) + 1)) and starts == sorted(set(starts)), starts
    assert all(start % 1024 == 0 for start in starts) and starts[0] == 0
    assert [asset["audio"] for asset in result["request"]["assets"]] == [1], result["request"]["assets"]
    assert result["request"]["rendition"]["media"] == "audio"


@test("a fault that is found is a result, not a failure")
def _(b):
    result = looked(b, picture(b, "fault"))
    assert result["fault_count"] == 1 and result["faults"][0]["check"] == "bridge.frame", result
    assert not b.api.told("fail") and not b.scratch()


@test("where boxes are wrong nothing is decoded: a bridge of another length")
def _(b):
    assert [(check, frame) for check, frame, text in box_faults(b, picture(b, "crash", (6,)))] == [("bridge.length", 0)]


@test("where boxes are wrong nothing is decoded: a bridge that goes on")
def _(b):
    assert [check for check, frame, text in box_faults(b, picture(b, "crash", (7, 3)))] == ["bridge.length"]


@test("a bridge that is gone is told by its frame")
def _(b):
    spec = picture(b, "crash")
    os.unlink(made(b, HASH["b"]))
    faults = box_faults(b, spec)
    assert [(check, frame) for check, frame, text in faults] == [("bridge.there", 0)] and "v0, 00:00:00:00" in faults[0][2], faults


@test("a track that is gone is told by its frame")
def _(b):
    spec = picture(b, "crash")
    os.unlink(os.path.join(b.data, "track/88", HASH["8"]))
    assert [check for check, frame, text in box_faults(b, spec)] == ["track.there"]


@test("a bridge for another decoder is told")
def _(b):
    spec = picture(b, "crash")
    drawn(b, "bridge/bb/" + HASH["b"], "w", 7)
    spec["rendition"]["bridges"] = [told(b, "bridge/bb/" + HASH["b"], HASH["b"])]
    assert [check for check, frame, text in box_faults(b, spec)] == ["bridge.decoder"]


@test("a byte that the disk has changed is told, in a bridge and in a track")
def _(b):
    spec = picture(b, "crash")
    for path in (made(b, HASH["b"]), os.path.join(b.data, "track/88", HASH["8"])):
        data = bytearray(content(path))
        data[-1] ^= 1  # of a picture: no box tells
        with open(path, "wb") as file:
            file.write(data)
    faults = box_faults(b, spec)
    assert [(check, frame) for check, frame, text in faults] == [("file.changed", 0)] * 2, faults
    assert "ingest the file again" in faults[0][2] and "build the cut again" in faults[1][2], faults


@test("a bridge that is cut short is no track, and told")
def _(b):
    spec = picture(b, "crash")
    os.truncate(made(b, HASH["b"]), 500)
    assert [check for check, frame, text in box_faults(b, spec)] == ["file.format", "file.changed", "bridge.there"]


@test("sound whose bridges have a packet too many is told")
def _(b):
    spec = heard(b)
    lengths = sound_lengths(spec)
    drawn(b, "bridge/dd/" + HASH["d"], "a", *lengths[:-1], lengths[-1] + 1)
    spec["rendition"]["bridges"] = [told(b, "bridge/dd/" + HASH["d"], HASH["d"])]
    result = looked(b, spec)
    assert result["measured"] is None and [fault["check"] for fault in result["faults"]] == ["bridge.length"], result


@test("a clip that is converted whole may be more stretches than there are clips")
def _(b):
    spec = picture(b)
    lengths = [n * (k + 1) // 14 - n * k // 14 for n in (136, 137, 137) for k in range(14)]
    for number, name in enumerate("bcd"):
        drawn(b, f"bridge/{name * 2}/{HASH[name]}", "v", *lengths[14 * number:14 * number + 14])
    spec["rendition"]["bridges"] = [told(b, f"bridge/{name * 2}/{HASH[name]}", HASH[name]) for name in "bcd"]
    spec["clips"] = [{"asset": 0, "in": 0, "out": 410}]
    spec["assets"][0].update(frames=410, encode=True)
    result = looked(b, spec)
    assert len(numbers(bytes.fromhex(result["film"]), b"moof", 0, 4)) == 42, result["request"]
    assert result["request"]["assets"][0]["encode"] is True


def broken(b, spec, code, words):
    b.start().give("verify", spec)
    fail = b.told("fail")[0]
    assert fail["code"] == code and words in fail["text"] and fail["fence"] == 7, fail
    assert not b.api.told("commit") and not b.scratch() and not b.children()


@test("a child that dies looking at a cut is told, and nothing of the film stays")
def _(b):
    broken(b, picture(b, "crash"), "crash", "was ended by SIGSEGV (it read memory that is not its own) while it worked on v0 of a cut")


@test("a child that hangs looking at a cut is ended and told", "--media-idle-s", "1")
def _(b):
    broken(b, picture(b, "hang"), "io", "said nothing for 1 s while it worked on v0 of a cut")


@test("a result before a crash is no proof")
def _(b):
    broken(b, picture(b, "result-then-crash"), "crash", "was ended by SIGABRT")


@test("a full disk is told as one, so that the proof is paused")
def _(b):
    broken(b, picture(b, "full"), "disk_full", "the disk is full")


@test("clips to verify that are no composition are told as such")
def _(b):
    spec = picture(b)
    spec["clips"][0]["out"] = 25
    broken(b, spec, "out_of_range", "an asset that has 24")


@test("a rendition to verify with fewer tracks than assets is told as such")
def _(b):
    spec = picture(b)
    spec["rendition"]["tracks"] = []
    broken(b, spec, "bad_format", "0 tracks for 1 assets")


@test("a name of a track to verify that is no hash is not made a path of")
def _(b):
    spec = picture(b)
    spec["rendition"]["tracks"][0]["name"] = "../../x"
    broken(b, spec, "bad_format", "is no hash")


@test("a verification whose lease went to another, or that was cancelled, is given up: child, film and all")
def _(b):
    b.start().give("verify", picture(b, "slow"))
    b.wait(b.children, "a child")
    child = b.children()[0]
    assert b.scratch(), "the film"
    b.api.lost.add(JOB + "1")
    b.wait(lambda: not alive(child), "the end of the child")
    b.wait(lambda: not b.scratch(), "an empty scratch")
    b.give("verify", picture(b), 2)
    b.told("commit")
    assert [job for verb, job, body in b.api.calls if verb in ("commit", "fail", "release")] == [JOB + "2"], b.api.calls


@test("at SIGTERM a long verification is handed back and its film removed")
def _(b):
    b.start().give("verify", picture(b, "slow"))
    b.wait(b.children, "a child")
    child = b.children()[0]
    assert b.stop() == 0
    assert b.api.told("release") == [{"fence": 7}] and not alive(child), b.api.calls
    assert os.listdir(os.path.join(b.data, "tmp/worker")) == []


sys.exit(main())
