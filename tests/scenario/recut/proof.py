"""proof.py - `sampan cut verify`: a good cut passes, a spoilt one is found out, not published, and mended by building."""
import json
import os


def passes(bench, cut, name, report):
    """The command ends well, and says what it found in every rendition."""
    done = bench.run("cut", "verify", cut, "--json")
    told = json.loads(done.stdout)
    states = {one["id"]: one["state"] for one in told["renditions"]}
    faults = [fault["text"] for one in told["renditions"] for fault in one["faults"]]
    good = told["state"] == "passed" and set(states.values()) == {"passed"} and done.returncode == 0
    report([] if good else faults + [json.dumps(told)[:2000]],
           f"{name}: `cut verify` passes in {' '.join(states)}")
    return told


def fails(bench, cut):
    """What the command says of a cut that is not what its list says."""
    return json.loads(bench.command("cut", "verify", cut, "--json", status=1))


def find(told, check, words):
    texts = [fault["text"] for one in told["renditions"] for fault in one["faults"] if fault["check"] == check]
    return [] if any(words in text for text in texts) else [f"{check}: {words}: {json.dumps(told['renditions'])[:2000]}"]


def refused(bench, cut, words):
    """It is not published, and the sentence says why."""
    done = bench.run("publish", cut)
    return [] if done.returncode == 1 and words in done.stderr else [f"{done.returncode} {done.stderr}"]


def prove(bench, cut, report, same):
    """cut is built, and its bridges are its own."""
    told = passes(bench, cut, "a cut of two films", report)
    video = told["renditions"][0]["measured"]
    shown = bench.instance.api("GET", f"/api/v1/cuts/{cut}")
    same("a proof counts every frame", video["referenced"] + video["bridges"]["frames"], shown["frames"])
    same("a cut that is shown says how it was verified last", shown["verification"]["state"], "passed")
    before = bench.bridges()
    first = bench.made(cut)

    # the disk changes a byte of a picture
    path = bench.file("bridge", first["v0"][0])
    with open(path, "rb") as file:
        good = file.read()
    bad = bytearray(good)
    bad[-40] ^= 0x55
    with open(path, "wb") as file:
        file.write(bad)
    told = fails(bench, cut)
    report(find(told, "file.changed", "v0, join 1 at 00:00:00:00: the bytes of its bridge are not those that were made"),
           "a byte of a bridge that the disk changed is found out")
    report(refused(bench, cut, "is not what its list says"), "and then the cut is not published")
    same("and it says so where it is shown", bench.instance.api("GET", f"/api/v1/cuts/{cut}")["verification"]["state"], "failed")

    # build makes it anew under other names, and all is well
    built = json.loads(bench.command("cut", "build", cut, "--wait", "--json"))
    second = bench.made(cut)
    report([] if built["state"] == "ready" and not set(sum(second.values(), [])) & set(sum(first.values(), [])) else [json.dumps(built)],
           "building makes all of its bridges anew, under names of their own")
    same("what was made before stays as it is", before - bench.bridges(), set())
    passes(bench, cut, "what was built again", report)

    # one is not there
    gone = bench.file("bridge", second["v1"][-1])
    os.rename(gone, gone + ".away")
    told = fails(bench, cut)
    report(find(told, "bridge.there", "v1, join"), "a bridge that is not there is found out")
    os.rename(gone + ".away", gone)
    passes(bench, cut, "when it is back", report)

    # one of another rung in its place: other parameter sets
    other = bench.file("bridge", second["v0"][0])
    os.rename(gone, gone + ".away")
    os.link(other, gone)
    told = fails(bench, cut)
    report(find(told, "bridge.decoder", "is for another decoder configuration"), "a bridge of another rung is found out")
    os.unlink(gone)
    os.rename(gone + ".away", gone)

    # text
    track = bench.file("track", bench.made(cut, "track")["t0"][0], ".vtt")
    os.rename(track, track + ".away")
    told = fails(bench, cut)
    report(find(told, "text.there", "t0, join 1"), "text that is not there is found out")
    os.rename(track + ".away", track)
    passes(bench, cut, "at last", report)
    published = json.loads(bench.command("publish", cut, "--json"))
    report([] if published else ["nothing"], "and then it is published")
