#!/usr/bin/env python3
"""flat_test.py WORKER WRITE_TRACKS - cuts as one ordinary MP4 each. Prints TAP."""
import hashlib
import os
import sys
import time

from bench import HASH, content, drawn, main, test


def flat_track(name, *tracks, bridges=(), frames=24, **more):
    return {"id": name, "media": "video" if name[0] == "v" else "audio", "compat_id": HASH["c"],
            "tracks": [{"name": track, "sha256": None} for track in tracks],
            "bridges": [{"name": bridge, "sha256": None} for bridge in bridges],
            "assets": [{"frames": frames}] * len(tracks), "language": "und", "name": "", "role": "main", "group": 0,
            "enabled": True, **more}


def flat_spec(clips, *tracks):
    return {"cut": "cut_x", "name": HASH["e"], "flatten": {"rate": [5, 1], "drop": 0}, "tracks": list(tracks),
            "clips": [{"asset": asset, "in": begin, "out": end} for asset, begin, end in clips]}


FLAT = f"flat/ee/{HASH['e']}.mp4"


def samples(data):
    """Of fragments, everything that is in an mdat."""
    out, at = b"", 0
    while at < len(data):
        size = int.from_bytes(data[at:at + 4], "big")
        out += data[at + 8:at + size] if data[at + 4:at + 8] == b"mdat" else b""
        at += size
    return out


@test("a cut becomes one MP4 of its fragments and bridges, and is told with its hash")
def _(b):
    one, two = drawn(b, f"track/77/{HASH['7']}", "v", 10, 10, 4), drawn(b, f"track/66/{HASH['6']}", "v", 10, 10, 4)
    bridge = drawn(b, f"bridge/bb/{HASH['b']}", "v", 7)
    clips = [(0, 10, 20), (1, 3, 10), (0, 20, 24)]  # a GOP, seven frames of one, a short GOP
    b.start().give("flatten", flat_spec(clips, flat_track("v0", HASH["7"], HASH["6"], bridges=[HASH["b"]])))
    told = b.told("commit")[0]["result"]["flat"]
    data = content(os.path.join(b.data, FLAT))
    assert told == {"name": HASH["e"], "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}, told
    assert [data[at:at + 4] for at in (4, int.from_bytes(data[:4], "big") + 4)] == [b"ftyp", b"moov"]
    first, size = samples(content(one)), len(samples(content(drawn(b, "ten", "v", 10))))
    assert samples(data) == first[size:2 * size] + samples(content(bridge)) + first[2 * size:]
    assert content(two) and os.stat(os.path.join(b.data, FLAT)).st_mode & 0o777 == 0o644
    assert not b.scratch()


@test("a cut whose bridge is not there is not flattened, and says where it is missing")
def _(b):
    drawn(b, f"track/77/{HASH['7']}", "v", 10, 10, 4)
    b.start().give("flatten", flat_spec([(0, 3, 10)], flat_track("v0", HASH["7"], bridges=[HASH["b"]])))
    fail = b.told("fail")[0]
    assert fail["code"] == "mismatch" and "v0" in fail["text"] and "its bridge is not there" in fail["text"], fail
    assert not b.exists("flat") and not b.scratch()


@test("a track of an MP4 that is called otherwise than by a hash is not opened")
def _(b):
    b.start().give("flatten", flat_spec([(0, 3, 10)], flat_track("v0", "../../../etc/passwd")))
    assert b.told("fail")[0]["code"] == "bad_format", b.told("fail")


def killed(b):
    b.process.kill()
    b.process.wait()
    time.sleep(1.2)  # the API waits a second for a job to give, and would give one to the dead


def written(b):
    """Bytes of what the worker is making."""
    try:
        return max(os.stat(os.path.join(b.data, "tmp/worker", name)).st_size for name in b.scratch())
    except (FileNotFoundError, ValueError):  # not yet, or not any more
        return 0


def large_track(b, name, size):
    """A track of one GOP whose last picture has so many bytes, most of them a hole."""
    path = drawn(b, name, "v", 10)
    data = bytearray(content(path))
    trun, mdat = data.index(b"trun"), data.index(b"mdat")
    last, before = trun + 20 + 8 * 9, int.from_bytes(data[mdat - 4:mdat], "big")  # after size and offset of nine
    more = size - int.from_bytes(data[last:last + 4], "big")
    data[last:last + 4], data[mdat - 4:mdat] = size.to_bytes(4, "big"), (before + more).to_bytes(4, "big")
    with open(path, "wb") as file:
        file.write(data)
        file.truncate(len(data) + more)


@test("a worker that is killed while it writes an MP4 leaves none, and the next one makes all of it")
def _(b):
    size, count = 20 << 20, 6
    large_track(b, f"track/77/{HASH['7']}", size)
    spec = flat_spec([(0, 0, 10)] * count, flat_track("v0", HASH["7"], frames=10))
    b.start().give("flatten", spec)
    b.wait(lambda: written(b) > size, "some of it")
    killed(b)
    path = os.path.join(b.data, FLAT)
    assert not os.path.exists(path) or os.stat(path).st_size > count * size  # all or nothing
    b.start().give("flatten", spec, 2)
    told = b.told("commit")[-1]["result"]["flat"]
    assert told["bytes"] == os.stat(path).st_size > count * size, told
    assert told["sha256"] == hashlib.sha256(content(path)).hexdigest()
    assert not b.scratch()


@test("an MP4 that is there, and was not heard of, is the same when it is made again")
def _(b):
    drawn(b, f"track/77/{HASH['7']}", "v", 10, 10, 4)
    spec = flat_spec([(0, 0, 24)], flat_track("v0", HASH["7"]))
    b.api.refuse["commit"] = 1000
    b.start().give("flatten", spec)
    path = os.path.join(b.data, FLAT)
    b.wait(lambda: os.path.exists(path), "the file")
    killed(b)
    before = content(path)
    b.api.refuse["commit"] = 0
    b.start().give("flatten", spec, 2)
    assert b.told("commit")[0]["result"]["flat"]["sha256"] == hashlib.sha256(before).hexdigest()
    assert content(path) == before


sys.exit(main())
