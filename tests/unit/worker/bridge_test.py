#!/usr/bin/env python3
"""bridge_test.py WORKER WRITE_TRACKS - what is made anew at the joins of cuts. Prints TAP."""
import hashlib
import os
import sys

from bench import HASH, HERE, compat, content, cut_asset, drawn, made, main, sound, test

sys.path.insert(0, os.path.join(HERE, "../../scenario/control"))
from control import sound_lengths


def stretch(*rungs, **more):
    """A bridge of 13 frames in fragments of 6 and 7; rungs: (id, name, compat_id, file)."""
    return {"cut": "cut_x", "stretch": 3,
            "bridge": {"rate": [5, 1], "gop": 10, "start": 0, "sequence": 1, "frames": 13, "fragments": 2},
            "assets": [cut_asset()], "parts": [{"asset": 0, "from": 4, "to": 17}],
            "outputs": [{"id": i, "name": name, "compat_id": c, "rung": {"file": file}} for i, name, c, file in rungs],
            **more}


@test("every rung of a bridge is there when it is committed, with what it is")
def _(b):
    one, two = drawn(b, "one", "v", 6, 7), drawn(b, "two", "w", 6, 7)
    b.start().give("bridge", stretch(("v0", HASH["b"], compat("v"), one), ("v1", HASH["c"], compat("w"), two)))
    result = b.told("commit")[0]["result"]
    assert [x["id"] for x in result["bridges"]] == ["v0", "v1"], result
    first = result["bridges"][0]
    assert first == {"id": "v0", "name": HASH["b"], "bytes": len(content(one)), "fragments": 2, "crf": 19,
                     "sha256": hashlib.sha256(content(one)).hexdigest(), "compat_id": compat("v"), "from": "source"}, first
    assert content(made(b, HASH["b"])) == content(one) and content(made(b, HASH["c"])) == content(two)
    assert not b.scratch()


@test("a bridge is made of sources, with their indexes, records and plans")
def _(b):
    b.start().give("bridge", stretch(("v0", HASH["b"], compat("v"), drawn(b, "one", "v", 6, 7))))
    request = b.told("commit")[0]["result"]["request"]
    asset = request["assets"][0]
    assert request["bridge"]["start"] == 0 and request["parts"] == [{"asset": 0, "from": 4, "to": 17}], request
    assert asset["source"]["hash"] == HASH["1"] and asset["source"]["size"] == 10 and "track" not in asset, asset
    assert len({asset["source"]["fd"], asset["index_fd"], request["outputs"][0]["fd"]}) == 3
    assert asset["conform"] == {"rate": [5, 1]} and asset["plan"]["video"], asset


@test("a bridge whose source is gone is made of the rendition with the most pixels, of equals the longest")
def _(b):
    drawn(b, "track/88/" + HASH["8"], "v", 10, 10, 4)
    drawn(b, "track/99/" + HASH["9"], "w", 10)
    for number, name in enumerate((HASH["9"], HASH["8"]), 1):
        if number == 2:
            drawn(b, "track/99/" + HASH["9"], "v", 10)
        os.path.exists(b.data + "/source/11/" + HASH["1"]) and os.unlink(b.data + "/source/11/" + HASH["1"])
        if not b.process:
            b.start()
        b.give("bridge", stretch(("v0", HASH["b"], compat("v"), drawn(b, "one", "v", 6, 7))), number)
        result = b.told("commit", number)[number - 1]["result"]
        asset = result["request"]["assets"][0]
        assert asset["track"]["name"] == name and "source" not in asset and "plan" not in asset, asset
        assert result["bridges"][0]["from"] == "rendition", result["bridges"]


@test("a bridge with neither source nor rendition is refused, and says what to do")
def _(b):
    os.unlink(b.data + "/source/11/" + HASH["1"])
    b.start().give("bridge", stretch(("v0", HASH["b"], compat("v"), drawn(b, "one", "v", 6, 7))))
    fail = b.told("fail")[0]
    assert fail["code"] == "not_found" and "ep01.mkv is gone and so are the tracks" in fail["text"], fail


@test("a bridge of a linked source that was changed is refused")
def _(b):
    path = b.write("../in/ep01.mkv", "another film")
    asset = cut_asset(source={"hash": HASH["1"], "name": "ep01.mkv", "size": 6, "link": path})
    b.start().give("bridge", stretch(("v0", HASH["b"], compat("v"), drawn(b, "one", "v", 6, 7)), assets=[asset]))
    fail = b.told("fail")[0]
    assert fail["code"] == "mismatch" and "changed after it was ingested" in fail["text"], fail


def spoilt(b, code, words, spec, kind="bridge"):
    b.start().give(kind, spec)
    fail = b.told("fail")[0]
    assert fail["code"] == code and words in fail["text"], fail
    assert not b.api.told("commit") and not b.exists("bridge") and not b.scratch()


@test("a bridge of other lengths is not kept")
def _(b):
    spoilt(b, "mismatch", "fragment 1 of the bridge of rendition v0 has 7 frames, not the 6",
           stretch(("v0", HASH["b"], compat("v"), drawn(b, "one", "v", 7, 6))))


@test("a bridge with a fragment too few is not kept, and neither are its other rungs")
def _(b):
    good, bad = drawn(b, "one", "v", 6, 7), drawn(b, "two", "w", 6)
    spoilt(b, "mismatch", "v1 has 1 fragments, not the 2",
           stretch(("v0", HASH["b"], compat("v"), good), ("v1", HASH["c"], compat("w"), bad)))


@test("a bridge for another decoder configuration is not kept")
def _(b):
    spoilt(b, "mismatch", f"another decoder configuration (compat_id {compat('w')})",
           stretch(("v0", HASH["b"], compat("v"), drawn(b, "one", "w", 6, 7))))


@test("a bridge that breaks a rule of the contract is not kept")
def _(b):
    path = drawn(b, "one", "v", 6, 7)
    data = bytearray(content(path))
    at = data.index(b"tfdt") + 15  # the first decode time
    data[at] += 1
    with open(path, "wb") as file:
        file.write(data)
    spoilt(b, "bad_format", "breaks rule", stretch(("v0", HASH["b"], compat("v"), path)))


@test("a bridge that is cut short is not kept")
def _(b):
    path = drawn(b, "one", "v", 6, 7)
    os.truncate(path, len(content(path)) - 1)
    spoilt(b, "bad_format", "", stretch(("v0", HASH["b"], compat("v"), path)))


@test("a bridge that is not what sampan-media says it wrote is not kept")
def _(b):
    spec = stretch(("v0", HASH["b"], compat("v"), drawn(b, "one", "v", 6, 7)))
    spec["outputs"][0]["rung"]["lie"] = HASH["0"]
    spoilt(b, "io", "sha256 differs", spec)


@test("a rendition of a bridge that is none is not made a path of")
def _(b):
    spoilt(b, "bad_format", "is called ../x", stretch(("../x", HASH["b"], compat("v"), drawn(b, "one", "v", 6, 7))))


@test("a good bridge that has the name already stays to the byte, and is what is told")
def _(b):
    old, new = drawn(b, f"bridge/bb/{HASH['b']}", "v", 6, 7), drawn(b, "one", "v", 6, 7)
    data = content(old)
    with open(old, "r+b") as file:
        file.seek(len(data) - 1)  # in the last picture: as good, and another
        file.write(bytes([data[-1] ^ 1]))
    want = content(old)
    assert want != content(new) and len(want) == len(content(new))
    b.start().give("bridge", stretch(("v0", HASH["b"], compat("v"), new)))
    bridge = b.told("commit")[0]["result"]["bridges"][0]
    assert content(old) == want and bridge["sha256"] == hashlib.sha256(want).hexdigest(), bridge
    assert not b.scratch()


@test("a bad bridge that has the name already is replaced")
def _(b):
    old, new = drawn(b, f"bridge/bb/{HASH['b']}", "v", 6, 6), drawn(b, "one", "v", 6, 7)
    b.start().give("bridge", stretch(("v0", HASH["b"], compat("v"), new)))
    bridge = b.told("commit")[0]["result"]["bridges"][0]
    assert content(old) == content(new) and bridge["bytes"] == len(content(new)), bridge


@test("the sound of a cut is there when it is committed, every stretch as long as the cut needs")
def _(b):
    spec = sound(b, {"id": "a0", "name": HASH["d"], "compat_id": compat("a"), "audio": {}})
    spec["output"]["audio"]["file"] = path = drawn(b, "s", "a", *sound_lengths(spec))
    b.start().give("sound_bridge", spec)
    result = b.told("commit")[0]["result"]
    bridge = result["bridges"][0]
    assert bridge["id"] == "a0" and bridge["fragments"] == len(sound_lengths(spec)), bridge
    assert bridge["seams"] == {"moved": 0, "unmatched": 0} and bridge["from"] == "source", bridge
    assert content(made(b, HASH["d"])) == content(path)
    request = result["request"]
    assert request["clips"] == spec["clips"] and request["sound"]["rate"] == [5, 1], request
    assert [a["audio"] for a in request["assets"]] == [1, 0], "the place of a track is that of the plan as it is now"
    assert [a["track"]["name"] for a in request["assets"]] == [HASH["7"], HASH["6"]]
    assert all(a["frames"] == 24 and "source" in a for a in request["assets"]), request["assets"]


@test("sound of a source that is gone, or of a track that its plan has no more, is made of the track")
def _(b):
    spec = sound(b, {"id": "a0", "name": HASH["d"], "compat_id": compat("a"), "audio": {}})
    spec["output"]["audio"]["file"] = drawn(b, "s", "a", *sound_lengths(spec))
    spec["assets"][0]["source"]["hash"] = HASH["2"]
    spec["assets"][1]["plan"] = {"audio": []}
    b.start().give("sound_bridge", spec)
    result = b.told("commit")[0]["result"]
    assert [sorted(a) for a in result["request"]["assets"]] == [["frames", "track"]] * 2, result["request"]["assets"]
    assert result["bridges"][0]["from"] == "rendition"


@test("sound with a packet too many is not kept")
def _(b):
    spec = sound(b, {"id": "a0", "name": HASH["d"], "compat_id": compat("a"), "audio": {}})
    lengths = sound_lengths(spec)
    lengths[-1] += 1
    spec["output"]["audio"]["file"] = drawn(b, "s", "a", *lengths)
    spoilt(b, "mismatch", "packets, not the", spec, "sound_bridge")


@test("clips that are no composition are told as such")
def _(b):
    spec = sound(b, {"id": "a0", "name": HASH["d"], "compat_id": compat("a"), "audio": {"file": "x"}})
    spec["clips"][1]["out"] = 25
    spoilt(b, "out_of_range", "an asset that has 24", spec, "sound_bridge")


@test("a cut whose files are large gets the memory to map them")
def _(b):
    spec = sound(b, {"id": "a0", "name": HASH["d"], "compat_id": compat("a"), "audio": {}})
    spec["output"]["audio"]["file"] = drawn(b, "s", "a", *sound_lengths(spec))
    os.truncate(b.data + "/source/11/" + HASH["1"] + ".index", 1000 << 20)
    b.start().give("sound_bridge", spec)
    assert b.told("commit")[0]["result"]["request"]["limits"] == {"memory_mb": 3072 + 2000}


sys.exit(main())
