#!/usr/bin/env python3
"""test_cuts.py - compositions through the API: lists in, everything that is wrong with them, lists out,
what changed between two; what may not be used. Assets come from a worker with canned files. Prints TAP."""
import argparse
import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from control import Control, Worker, name_of
from report import operations, report, run, same

arguments = argparse.ArgumentParser()
arguments.add_argument("--control", required=True)
arguments.add_argument("--tracks", required=True, help="the program that writes track files")
arguments.add_argument("--answer", required=True, help="the program that prints what delivery answers")
arguments.add_argument("--sampan", required=True)
arguments.add_argument("--document", required=True)
arguments.add_argument("--database")
options = arguments.parse_args()

films = tempfile.mkdtemp(prefix="sampan-films.")
subprocess.run([options.tracks, films], check=True)
control = Control(options.control, options.document, options.database)
worker = Worker(control, films, options.tracks)
call = control.call
worker.board = True
assets = {}  # name -> hash


def asset(name, title=None, **more):
    """An asset of 24 frames at 5 a second; more changes what it is made like."""
    path = os.path.join(films, name)
    with open(path, "wb") as file:
        file.write(name.encode())
    worker.more = more
    ingest = call("POST", "/api/v1/ingests", {"path": path, "title": title, **(
        {"subtitles": [{"path": path, "language": "zh-Hans"}]} if more.get("text", True) else {})}).headers["Location"]
    worker.all(beat=False)
    worker.more = {}
    assets[name] = call("GET", ingest).json["asset"]
    return assets[name]


def make(*clips, **more):
    return call("POST", "/api/v1/cuts", {"clips": [{"asset": a, "in": i, "out": o} for a, i, o in clips], **more})


def edl(*events, title="A cut"):
    """events: reel, in, out (frames at 5 a second); the record side follows."""
    def tc(frame):
        return f"{frame // 18000:02}:{frame // 300 % 60:02}:{frame // 5 % 60:02}:{frame % 5:02}"
    lines, at = [f"TITLE: {title}"], 0
    for n, (reel, begin, end) in enumerate(events, 1):
        lines.append(f"{n:03}  {reel:8} V     C        {tc(begin)} {tc(end)} {tc(at)} {tc(at + end - begin)}")
        at += end - begin
    return "\n".join(lines) + "\n"


def listed(text, **more):
    return call("POST", "/api/v1/cuts", {"list": text, "file": "film.edl", **more})


def faults_of(answer):
    return [(remark["line"], remark["text"]) for remark in (answer.json.get("remarks") or []) if remark["kind"] == "fault"]


def fault(name, answer, line, *words):
    found = faults_of(answer)
    report(answer.status == 422 and any(at == line and all(word in text for word in words) for at, text in found),
           name, f"{answer.status} {found}")


def made():
    first = make((assets["ep01.mkv"], 0, 20), ("ep02", 3, 17), ("第三集", 0, 24), name="film", author="who", note="why")
    same("clips by hash, by file name without its ending, by title", first.status, 201)
    cut = call("GET", first.headers["Location"]).json
    same("it has its clips", [(c["name"], c["in"], c["out"], c["frame"]) for c in cut["clips"]],
         [("ep01.mkv", 0, 20, 0), ("ep02.mkv", 3, 17, 20), ("ep03.mkv", 0, 24, 34)])
    same("and words", (cut["name"], cut["author"], cut["note"], cut["rate"], cut["frames"], cut["duration_ms"], cut["state"]),
         ("film", "who", "why", [5, 1], 58, 11600, "draft"))
    same("what would be bridged is between whole GOPs", [(b["frame"], b["frames"]) for b in cut["bridges"]], [(20, 14)])
    again = make((assets["ep01.mkv"], 0, 11), (assets["ep01.mkv"], 11, 20), ("ep02", 3, 17), ("ep03", 0, 24))
    same("the same cut in other words is the same edit", again.json["edit"], cut["edit"])
    other = make(("ep01", 0, 19), ("ep02", 3, 17), ("ep03", 0, 24), parent=cut["id"])
    report(other.json["edit"] != cut["edit"], "a frame less is another")
    same("which knows its parent", other.json["parent"], cut["id"])
    diff = call("GET", f"/api/v1/cuts/{cut['id']}/diff/{other.json['id']}").json
    same("what left is told", [(c["name"], c["in"], c["out"], c["frame"], c["timecode"]) for c in diff["left"]],
         [("ep01.mkv", 19, 20, 19, "00:00:03:04")])
    same("nothing came", (diff["came"], diff["kept_frames"]), ([], 57))
    moved = make(("ep02", 3, 17), ("ep01", 0, 20), ("ep03", 0, 24)).json
    diff = call("GET", f"/api/v1/cuts/{cut['id']}/diff/{moved['id']}").json
    same("what moved left here and came there", [(c["name"], c["frame"]) for c in diff["left"] + diff["came"]],
         [("ep02.mkv", 20), ("ep02.mkv", 0)])
    same("cuts are listed", [c["id"] for c in call("GET", "/api/v1/cuts?limit=1").json["items"]], [moved["id"]])
    same("by state", call("GET", "/api/v1/cuts?state=ready").json["items"], [])
    same("a cut is forgotten", (call("DELETE", f"/api/v1/cuts/{moved['id']}").status,
                                call("GET", f"/api/v1/cuts/{moved['id']}").status), (204, 404))
    return cut


def lists(cut):
    for form in ("otio", "edl", "cpl"):
        written = call("GET", f"/api/v1/cuts/{cut['id']}/export?format={form}")
        back = listed(written.body.decode(), name="back")
        same(f"what is written as {form} is read back to the same edit", (back.status, back.json.get("edit")), (201, cut["edit"]))
    same("a format that is none is refused", call("GET", f"/api/v1/cuts/{cut['id']}/export?format=aaf").status, 400)
    text = edl(("EP01", 0, 10), ("EP02", 5, 10))
    answer = listed(text)
    same("reels are found whatever their case, and the rate from the assets", (answer.status, answer.json.get("rate")), (201, [5, 1]))
    same("a list names itself", answer.json["name"], "A cut")
    same("a list in base64", call("POST", "/api/v1/cuts", {"list_base64": base64.b64encode(text.encode()).decode()}).json["edit"],
         answer.json["edit"])
    same("an unknown reel is said to be an asset", listed(edl(("TAPE7", 0, 10), ("EP02", 5, 10)), reels={"TAPE7": "ep01.mkv"}).json["edit"],
         answer.json["edit"])
    hour = edl(("EP01", 18000, 18010), ("EP02", 18005, 18010))
    fault("an hour is not guessed away, but named", listed(hour), 2, "24 frames", "--start 01:00:00:00")
    same("and taken where it is said", listed(hour, start="01:00:00:00").json.get("edit"), answer.json["edit"])
    same("a source's own timecode counts", listed(edl(("TC01", 18000, 18010))).status, 201)
    fault("its frames before that are not there", listed(edl(("TC01", 0, 10))), 2, "24 frames")


def refusals():
    fault("a range that ends too late", make(("ep01", 0, 20), ("ep01", 5, 25)), 2, "frame 5 to 25", "has 24 frames")
    fault("out before in", make(("ep01", 5, 4)), 1, "ends before it begins")
    fault("a clip of no frames", make(("ep01", 5, 5)), 1, "no frames")
    fault("an unknown reel", listed(edl(("NOBODY", 0, 10))), 2, "NOBODY", "--reel")
    fault("a reel said to be what is not there", listed(edl(("X", 0, 10)), reels={"X": "ep99"}), 2, "ep99")
    asset("ep01.mov")
    fault("a name of two", make(("ep01", 0, 5)), 1, "2 assets", "ep01")
    same("is no question by its hash", make((assets["ep01.mkv"], 0, 5)).status, 201)
    lines = edl(("EP02", 0, 10), ("EP03", 0, 10)).splitlines()
    gap = "\n".join(lines[:2] + [lines[2].replace("00:00:02:00 00:00:04:00", "00:00:03:00 00:00:05:00")])
    fault("a gap", listed(gap), 3, "gap of 5 frames")
    over = "\n".join(lines[:2] + [lines[2].replace("00:00:02:00 00:00:04:00", "00:00:01:00 00:00:03:00")])
    fault("an overlap", listed(over), 3, "before the end")
    fault("another rate asked for", listed(edl(("EP02", 0, 10)), rate="25"), 2, "25/1", "5/1", "never mixed")
    asset("slow.mkv", rate=[4, 1])
    fault("assets of different rates", make(("ep02", 0, 5), ("slow", 0, 5)), None, "different rates", "never mixed")
    fault("a dissolve", listed(edl(("EP02", 0, 10)).replace(" C  ", " D 005")), 2, "dissolve")
    many = faults_of(make(("ep02", 0, 99), ("nobody", 0, 1), ("ep03", 7, 7), ("ep03", 9, 3)))
    same("all faults at once", [line for line, _ in sorted(many)], [1, 2, 3, 4])
    bad = base64.b64encode(b"TITLE: x\n001  EP02     V     C        00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00\n"
                           b"* FROM CLIP NAME: \xff\xfe\n").decode()
    fault("a name that is not UTF-8", call("POST", "/api/v1/cuts", {"list_base64": bad}), 3, "UTF-8")
    fault("numbers that are too large", make(("ep02", 0, 2 ** 62)), 1, "24 frames")
    same("numbers that overflow", make(("ep02", 0, 2 ** 64)).status, 400)
    fault("numbers below nothing", make(("ep02", -1, 4)), 1, "from 0")
    same("no clips", make().status, 422)
    same("an empty list", listed(" \n").status, 422)
    deep = '{"OTIO_SCHEMA":"Timeline.1","tracks":' + '{"OTIO_SCHEMA":"Stack.1","children":[' * 500 + "]}" * 500 + "}"
    same("a list that is too deep", listed(deep).status, 422)
    same("too many clips", make(*[("ep02", 0, 1)] * 100001).status, 413)
    text = "TITLE: x\n" + "001  EP02     V     C        00:00:00:00 00:00:00:01 00:00:00:00 00:00:00:01\n" * 120000
    long = listed(text)
    report(long.status == 422 and any("more than 100000 events" in text for _, text in faults_of(long)), "too many events",
           f"{long.status} {faults_of(long)[:2]}")
    same("nothing at all", call("POST", "/api/v1/cuts", {}).status, 400)
    same("two lists", call("POST", "/api/v1/cuts", {"list": "x", "clips": []}).status, 400)
    same("a member that is none", make(("ep02", 0, 1), clip=1).status, 400)
    same("a rate that is none", make(("ep02", 0, 1), rate="fast").status, 400)
    same("a parent that is none", make(("ep02", 0, 1), parent="cut_" + "0" * 26).status, 404)
    same("a title that is none", make(("ep02", 0, 1), title="title_" + "0" * 26).status, 404)
    same("a cut that is none", call("GET", "/api/v1/cuts/cut_" + "0" * 26).status, 404)
    before = len(call("GET", "/api/v1/cuts?limit=200").json["items"])
    make(("ep02", 0, 99))
    same("what was refused changed nothing", len(call("GET", "/api/v1/cuts?limit=200").json["items"]), before)


def restricted():
    path = f"/api/v1/assets/{assets['ep02.mkv']}/restricted"
    same("nothing is restricted", call("GET", path).json, {"ranges": []})
    ranges = [{"in": 3, "out": 8, "reason": "a song", "territories": ["US", "CA"]}, {"in": 20, "out": 24, "reason": "a logo", "territories": []}]
    same("ranges are said", call("PUT", path, {"ranges": ranges}).json["ranges"], ranges)
    for body, why in (([{"in": 3, "out": 25, "reason": "x"}], "outside"), ([{"in": 3, "out": 3, "reason": "x"}], "empty"),
                      ([{"in": 3, "out": 5}], "no reason"), ([{"in": 3, "out": 5, "reason": "x", "territories": ["USA"]}], "no territory")):
        same(f"refused: {why}", call("PUT", path, {"ranges": body}).status, 400)
    same("what was refused changed nothing", call("GET", path).json["ranges"], ranges)
    same("nothing is restricted again", (call("DELETE", path).status, call("GET", path).json["ranges"]), (204, []))
    same("an asset that is none", call("GET", f"/api/v1/assets/{'0' * 64}/restricted").status, 404)


def checks():
    asset("hd.mkv", compat={"v0": "other"})
    asset("mute.mkv", compat={"a0": "other"}, text=False)
    cut = make(("ep02", 3, 17), ("ep03", 0, 20), ("ep02", 18, 24)).json["id"]
    ranges = [{"in": 0, "out": 5, "reason": "a song", "territories": ["US"]}, {"in": 17, "out": 18, "reason": "a logo", "territories": []}]
    call("PUT", f"/api/v1/assets/{assets['ep02.mkv']}/restricted", {"ranges": ranges})
    told = call("POST", f"/api/v1/cuts/{cut}/check").json
    same("what would be encoded", (told["frames"], told["bridges"], told["bridged_frames"], told["least_frames"]), (40, 2, 16, 16))
    same("its price, in each rung", [(r["id"], r["frames"], r["bytes"]) for r in told["renditions"]], [("v0", 16, 16 * 80000 // 5 // 8)])
    joins = told["sound"][0]["joins"]
    same("sound is off by what rounding to packets leaves", [(j["frame"], j["error_us"]) for j in joins], [(0, 2667), (14, -5333), (34, 0)])
    report(all(abs(j["error_us"]) <= 10667 for j in joins), "never more than half a packet")
    same("cues that were cut are told", [(t["language"], t["cues"], t["damaged"]) for t in told["text"]], [("zh-Hans", 2, 1)])
    same("and which", [(c["clip"], c["start_ms"], c["end_ms"], c["head_cut"], c["tail_cut"]) for c in told["text"][0]["damaged_cues"]],
         [(0, 0, 1400, True, False)])
    same("what must not be used is told", [(r["clip"], r["in"], r["out"], r["frame"], r["timecode"], r["territories"]) for r in told["restricted"]],
         [(0, 3, 5, 0, "00:00:00:00", ["US"])])
    same("nothing drops out", (told["dropped"], told["incompatible"]), ([], []))
    cut = make(("ep02", 0, 10), ("mute", 0, 10)).json["id"]
    told = call("POST", f"/api/v1/cuts/{cut}/check").json
    same("what one clip lacks drops out", [(d["media"], d["id"], d["language"], d["asset"]) for d in told["dropped"]],
         [("audio", "a0", "zh", assets["mute.mkv"]), ("text", "t0", "zh-Hans", assets["mute.mkv"])])
    cut = make(("mute", 0, 10), ("ep02", 0, 10), ("ep03", 0, 10)).json["id"]
    told = call("POST", f"/api/v1/cuts/{cut}/check").json
    same("what the first clip lacks too, once", [(d["media"], d["language"], d["asset"]) for d in told["dropped"]],
         [("audio", "zh", assets["ep02.mkv"]), ("text", "zh-Hans", assets["mute.mkv"])])
    cut = make(("ep02", 0, 10), ("hd", 0, 7), ("hd", 9, 14)).json["id"]
    told = call("POST", f"/api/v1/cuts/{cut}/check").json
    same("what cannot be joined is told with its price", [(i["name"], i["clips"], i["frames"]) for i in told["incompatible"]],
         [("hd.mkv", [1, 2], 12)])
    same("clip by clip, and the asset that all would be like", ([(c["clip"], c["frame"], c["frames"], c["renditions"], c["bytes"])
         for c in told["convert"]], told["like"]), ([(1, 10, 7, ["v0"], 14000), (2, 17, 5, ["v0"], 10000)], assets["ep02.mkv"]))
    told = call("POST", f"/api/v1/cuts/{cut}/check", {"convert": True, "audio": "exact"}).json
    same("what is converted is encoded", (told["bridges"], told["bridged_frames"], told["incompatible"]), (1, 12, []))
    same("and sound that is exact", [(s["bridged_packets"], s["worst_error_us"]) for s in told["sound"]], [(206, 0)])
    told = call("POST", f"/api/v1/cuts/{cut}/check", {"convert": True, "like": assets["hd.mkv"]}).json
    same("or the others are made like it", ([(c["clip"], c["frames"]) for c in told["convert"]], told["bridged_frames"], told["like"]),
         ([(0, 10)], 22, assets["hd.mkv"]))
    for body in {"audio": "loud"}, {"like": "0" * 64}, {"like": "hd.mkv"}, {"convert": 1}, {"quality": 2}:
        same(f"{body} is refused", call("POST", f"/api/v1/cuts/{cut}/check", body).status, 400)
    cut = make(("gone", 0, 10)).json["id"] if asset("gone.mkv") else None
    same("a draft does not keep an asset", call("DELETE", f"/api/v1/assets/{assets['gone.mkv']}").status, 204)
    answer = call("POST", f"/api/v1/cuts/{cut}/check")
    report(answer.status == 409 and "gone.mkv" in answer.json["detail"], "an asset that went is named", answer.body)
    same("the cut can still be seen", call("GET", f"/api/v1/cuts/{cut}").json["clips"][0]["name"], "gone.mkv")


def answer_of(publication, name):
    return subprocess.run([options.answer, control.data, f"/v/{publication}/{name}"], check=True, capture_output=True).stdout


def fragments_of(data):
    """(sequence number, decode time, samples) of every fragment."""
    at, out = 0, []
    while at < len(data):
        size, kind = int.from_bytes(data[at:at + 4], "big"), data[at + 4:at + 8]
        if kind == b"moof":
            out.append((int.from_bytes(data[at + 20:at + 24], "big"), int.from_bytes(data[at + 72:at + 80], "big"),
                        int.from_bytes(data[at + 92:at + 96], "big")))
        at += size
    return out


def played(publication, rendition, ticks):
    """Seconds by the playlist, and fragments by the segments; where the timeline is broken, why."""
    playlist = answer_of(publication, f"{rendition}/media.m3u8").decode()
    names = [line for line in playlist.splitlines() if line and not line.startswith("#")]
    seconds = sum(float(line[8:].split(",")[0]) for line in playlist.splitlines() if line.startswith("#EXTINF:"))
    data = b"".join(answer_of(publication, f"{rendition}/{os.path.basename(name)}") for name in names)
    found, at, why = fragments_of(data), 0, ""
    for n, (sequence, decode, samples) in enumerate(found, 1):
        if (sequence, decode) != (n, at):
            why = f"fragment {n} says {sequence} at {decode}, not {at}"
        at += samples * ticks
    if "DISCONTINUITY" in playlist:
        why = "a discontinuity"
    return round(seconds, 3), [samples for _, _, samples in found], why


def converts(cut):
    """ep02's first GOP, and seven frames of what is decoded otherwise."""
    path = f"/api/v1/cuts/{cut}"
    edit = call("GET", path).json["edit"]
    answer = call("POST", path + "/build", {"convert": True})
    same("unless it is converted", (answer.status, answer.json["state"], answer.json["progress"]["total"]), (202, "building", 2))
    job = worker.claim(kinds=["bridge"])
    spec = job["spec"]
    same("a clip that is converted is bridge from its source on", ([(p["asset"], p["from"], p["to"]) for p in spec["parts"]],
         [(a["asset"], a.get("fit")) for a in spec["assets"]]), ([(0, 0, 7)], [(assets["hd.mkv"], True)]))
    ours = call("GET", f"/api/v1/assets/{assets['ep02.mkv']}").json["plan"]["video"][0]
    same("in the renditions of the first", [(o["id"], o["rung"]) for o in spec["outputs"]], [("v0", ours)])
    same("it is committed", worker.say(job, "commit", result=worker.do(job)).status, 200)
    worker.all()
    now = call("GET", path).json
    same("then it is ready, the same edit, and says how it was built", (now["state"], now["edit"], now["choice"]),
         ("ready", edit, {"convert": True, "audio": "grid", "like": None}))
    made = call("POST", "/api/v1/publications", {"cut": cut})
    same("and plays as one", played(made.json["id"], "v0", 1) if made.status == 201 else made.body, (3.4, [10, 7], ""))
    same("it is not built otherwise", call("POST", path + "/build", {"convert": True, "audio": "exact"}).status, 409)
    same("but asked for anyhow it is there", call("POST", path + "/build").status, 202)


def exacts():
    cut = make(("ep02", 0, 10), ("ep03", 11, 24)).json["id"]
    path = f"/api/v1/cuts/{cut}"
    same("before it is built, any language's sound is told", [(s["id"], s["worst_error_us"]) for s in call("GET", path).json["sound"]], [(None, 8000)])
    answer = call("POST", path + "/build", {"audio": "exact"})
    same("exact sound is one job a language", (answer.status, sorted(j["kind"] for j in call("GET", "/api/v1/jobs?state=ready").json["items"])),
         (202, ["bridge", "sound_bridge"]))
    job = worker.claim(kinds=["sound_bridge"])
    same("that copies nothing", ([a.get("encode") for a in job["spec"]["assets"]], job["spec"]["sound"]["slots"]), ([True, True], 216))
    worker.say(job, "commit", result=worker.do(job))
    worker.all()
    now = call("GET", path).json
    same("what it is off by was kept", ([(s["id"], s["worst_error_us"], [j["error_samples"] for j in s["joins"]]) for s in now["sound"]], now["state"]),
         ([("a0", 0, [[0, 5], [0, 5]])], "ready"))
    made = call("POST", "/api/v1/publications", {"cut": cut})
    seconds, packets, why = played(made.json["id"], "a0", 1024)
    same("all of it is played", (sum(packets), why), (216, ""))


def otherwise():
    """A build that failed leaves nothing behind in one that is made otherwise."""
    cut = make(("ep02", 0, 10), ("hd", 0, 10), ("ep02", 10, 20)).json["id"]
    path = f"/api/v1/cuts/{cut}"
    call("POST", path + "/build", {"convert": True, "like": assets["hd.mkv"]})
    for _ in range(2):
        job = worker.claim(kinds=["bridge"])
        worker.say(job, "commit", result=worker.do(job))
    job = worker.claim(kinds=["sound_bridge"])
    worker.say(job, "fail", code="bad_format", text="it could not be")
    same("two clips are like the one between them", (call("GET", path).json["state"], len(call("GET", path).json["bridges"])), ("failed", 2))
    call("POST", path + "/build", {"convert": True})
    worker.all()
    now = call("GET", path).json
    same("or that one is like them, and no bridge of before is counted", (now["state"], [(b["frame"], b["frames"]) for b in now["bridges"]],
         now["stored"]["files"]), ("ready", [(10, 10)], 2))


def builds():
    cut = make(("ep02", 3, 17), ("ep03", 0, 20), ("ep02", 18, 24), name="a film").json["id"]
    path = f"/api/v1/cuts/{cut}"
    draft = call("POST", "/api/v1/publications", {"cut": cut})
    report(draft.status == 409 and "draft" in draft.json["detail"], "a draft is not published", draft.body)
    answer = call("POST", path + "/build")
    same("a build begins", (answer.status, answer.json["state"], answer.json["progress"]["total"]), (202, "building", 3))
    same("it is seen in the making", [m for m in call("GET", "/api/v1/watch", token=None).json["making"] if m["state"] == "building"],
         [{"name": "a film", "state": "building", "done": 0, "total": 3}])
    same("asked again it goes on", call("POST", path + "/build").json["progress"]["total"], 3)
    same("its assets stay", call("DELETE", f"/api/v1/assets/{assets['ep03.mkv']}").status, 409)
    same("and so does it", call("DELETE", path).status, 409)
    jobs = call("GET", "/api/v1/jobs?state=ready").json["items"]
    same("its jobs are seen", sorted((j["kind"], j["place"], j["cut"]) for j in jobs),
         [("bridge", 0, cut), ("bridge", 1, cut), ("sound_bridge", 0, cut)])
    job = worker.claim(kinds=["bridge"])
    same("a stretch says what it is made of", ([(p["asset"], p["from"], p["to"]) for p in job["spec"]["parts"]],
         [a["asset"] for a in job["spec"]["assets"]], job["spec"]["bridge"]["frames"], job["spec"]["bridge"]["fragments"]),
         ([(0, 3, 17)], [assets["ep02.mkv"]], 14, 2))
    result = worker.do(job)
    lie = {"bridges": [{**result["bridges"][0], "bytes": 1}]}
    same("a bridge that is not there does not count", worker.say(job, "commit", result=lie).status, 409)
    wrong = {"bridges": [{**result["bridges"][0], "name": "0" * 64}]}
    report(worker.say(job, "commit", result=wrong).status in (400, 409), "nor one that nobody asked for")
    same("a bridge is committed", worker.say(job, "commit", result=result).status, 200)
    same("the others too", worker.all(), 2)
    now = call("GET", path).json
    same("then it is ready", (now["state"], now["progress"]["done"]), ("ready", 3))
    kept = [os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(os.path.join(control.data, "bridge")) for name in names]
    same("and says what was stored for it", now["stored"], {"files": 3, "bytes": sum(kept)})
    made = call("POST", "/api/v1/publications", {"cut": cut})
    same("and can be published", (made.status, made.json["state"] if made.status == 201 else made.json, made.json.get("cut")), (201, "live", cut))
    same("under its name", made.json["name"], "a film")
    shown = [p for p in call("GET", "/api/v1/watch", token=None).json["publications"] if p["id"] == made.json["id"]]
    same("it is on the start page, as long as it is", [(p["duration_ms"], p["cut"]) for p in shown], [(8000, cut)])
    same("its assets stay", call("DELETE", f"/api/v1/assets/{assets['ep03.mkv']}").status, 409)
    same("and so does it", call("DELETE", path).status, 409)
    same("its picture plays as one: a bridge of 14, two whole GOPs, a bridge of 2, a GOP of 4",
         played(made.json["id"], "v0", 1), (8.0, [7, 7, 10, 10, 2, 4], ""))
    seconds, packets, why = played(made.json["id"], "a0", 1024)
    same("its sound is as long, to the packet", (sum(packets), why), (375, ""))
    same("its text is cut", answer_of(made.json["id"], "t0/all.vtt").decode().count("-->"), 2)
    report("00:00:00.000 --> 00:00:01.400" in answer_of(made.json["id"], "t0/all.vtt").decode(), "and timed anew")
    sheet = answer_of(made.json["id"], "sheet/3.jpg")
    board = name_of(hashlib.sha256(b"ep03.mkv").hexdigest(), "board")
    same("its storyboard shows its clips' tiles where they lie", sheet, f"{board[:8]}.0 ".encode())
    again = make(("ep02", 3, 17), ("ep03", 0, 20), ("ep02", 18, 24), parent=cut).json
    answer = call("POST", f"/api/v1/cuts/{again['id']}/build").json
    same("the same stretches are not made again", (answer["state"], answer["progress"]["total"]), ("ready", 0))
    other = make(("ep02", 3, 17), ("ep03", 0, 20)).json["id"]
    same("a stretch that another cut has is not made again, the sound is", call("POST", f"/api/v1/cuts/{other}/build").json["progress"]["total"], 1)
    job = worker.claim(kinds=["sound_bridge"])
    worker.say(job, "fail", code="bad_format", text="it could not be")
    now = call("GET", f"/api/v1/cuts/{other}").json
    same("a job that fails fails the cut", (now["state"], now["error"]["text"]), ("failed", "it could not be"))
    same("which can be built again", call("POST", f"/api/v1/cuts/{other}/build").json["state"], "building")
    worker.more = {"lengths": [3, 3]}
    worker.all()
    worker.more = {}
    same("bridges of the wrong length are made", call("GET", f"/api/v1/cuts/{other}").json["state"], "ready")
    bad = call("POST", "/api/v1/publications", {"cut": other})
    report(bad.status == 409 and "bridge" in bad.json["detail"], "and are not published", bad.body)
    whole = make(("ep02", 0, 10), ("ep03", 10, 24)).json["id"]
    call("POST", f"/api/v1/cuts/{whole}/build")
    same("a join on a border needs no picture", [j["kind"] for j in call("GET", "/api/v1/jobs?state=ready").json["items"]], ["sound_bridge"])
    worker.all()
    made2 = call("POST", "/api/v1/publications", {"cut": whole}).json
    same("and is published", played(made2["id"], "v0", 1), (4.8, [10, 10, 4], ""))
    hd = make(("ep02", 0, 10), ("hd", 0, 7)).json["id"]
    answer = call("POST", f"/api/v1/cuts/{hd}/build")
    report(answer.status == 422 and "hd.mkv" in answer.json["detail"] and "--convert" in answer.json["detail"],
           "what has no picture in common is not built, by name", answer.body)
    converts(hd)
    exacts()
    otherwise()
    asset("lost.mkv")
    lost = make(("lost", 0, 10), ("ep02", 0, 10)).json["id"]
    call("DELETE", f"/api/v1/assets/{assets['lost.mkv']}")
    answer = call("POST", f"/api/v1/cuts/{lost}/build")
    report(answer.status == 409 and "lost.mkv" in answer.json["detail"], "nor is what lost an asset since it was checked", answer.body)
    same("which changed nothing", call("GET", f"/api/v1/cuts/{lost}").json["state"], "draft")
    same("a publication and its cut go", (call("DELETE", f"/api/v1/publications/{made.json['id']}").status,
                                          call("DELETE", path).status, call("GET", path).status), (204, 204, 404))
    same("an asset or a cut, not both", call("POST", "/api/v1/publications", {"cut": whole, "asset": assets["ep02.mkv"]}).status, 400)
    same("what nobody verified is not verified", call("GET", f"/api/v1/cuts/{whole}/verification").json["state"], "none")
    answer = call("POST", f"/api/v1/cuts/{whole}/verify")
    same("a built cut can be verified", (answer.status, answer.json["state"], answer.json["progress"]["unit"]), (202, "running", "frames"))
    same("a draft cannot", call("POST", f"/api/v1/cuts/{lost}/verify").status, 409)


def flattens():
    cut = make(("ep02", 0, 10), ("ep03", 4, 24), name="长安").json["id"]
    path = f"/api/v1/cuts/{cut}"
    same("a draft is not flattened", call("POST", path + "/flatten", {}).status, 409)
    call("POST", path + "/build")
    worker.all()
    same("nobody asked for it yet", call("GET", path + "/flat/v0").status, 404)
    same("a member that is not known is refused", call("POST", path + "/flatten", {"rungs": "v0"}).status, 400)
    same("and a rung that it does not have", call("POST", path + "/flatten", {"rung": "v1"}).status, 400)
    asked = call("POST", path + "/flatten", {"rung": "v0"})
    same("what is asked for is made", (asked.status, asked.json["state"], asked.json["file"], asked.json["file_name"]),
         (202, "making", None, "长安.mp4"))
    same("and its size is guessed", asked.json["estimate"] > 0, True)
    same("there are no bytes before it is", call("GET", path + "/flat/v0/file").status, 409)
    job = worker.claim(kinds=["flatten"])
    tracks = job["spec"]["tracks"]
    same("of the picture and of all sound", [(t["id"], t["language"], t["group"], t["enabled"], t["role"]) for t in tracks],
         [("v0", "und", 0, True, "main"), ("a0", "zh", 1, True, "main")])
    same("from what viewers are sent", [(len(t["tracks"]), len(t["bridges"]), len(t["assets"])) for t in tracks],
         [(2, 1, 2), (2, 1, 2)])
    worker.say(job, "beat", done=10, total=20, unit="bytes")
    seen = call("GET", path + "/flat/v0").json["progress"]
    same("how far it is is told", (seen["done"], seen["total"], seen["unit"], seen["paused"]), (10, 20, "bytes", False))
    same("it is committed", worker.say(job, "commit", result=worker.do(job)).status, 200)
    now = call("POST", path + "/flatten", {})
    same("asked for again it is there", (now.status, now.json["state"], now.json["file"], worker.claim(kinds=["flatten"])),
         (200, "ready", path + "/flat/v0/file", None))
    whole = b"an ordinary MP4 of " + cut.encode()
    etag = f'"{hashlib.sha256(whole).hexdigest()}"'
    answer = call("GET", now.json["file"])
    same("its bytes are served", (answer.status, answer.body, answer.headers["ETag"]), (200, whole, etag))
    part = call("GET", now.json["file"], headers={"Range": "bytes=3-10", "If-Range": etag})
    same("in ranges", (part.status, part.body, part.headers["Content-Range"]), (206, whole[3:11], f"bytes 3-10/{len(whole)}"))
    past = call("GET", now.json["file"], headers={"Range": f"bytes={len(whole)}-"})
    same("that are in it", (past.status, past.headers["Content-Range"]), (416, f"bytes */{len(whole)}"))
    answers = [call("GET", now.json["file"], headers={name: value}).status
               for name, value in (("If-None-Match", etag), ("If-Match", etag), ("If-Match", f"W/{etag}"), ("If-Match", '"x"'))]
    same("and as it is asked for", answers, [304, 200, 412, 412])
    head = call("HEAD", now.json["file"])
    same("HEAD has no bytes", (head.status, head.body, head.headers["Content-Length"]), (200, b"", str(len(whole))))
    redirect = call("GET", now.json["file"], headers={"X-Sampan-Files": "/.files/"})
    report(redirect.body == b"" and redirect.headers["X-Accel-Redirect"].startswith("/.files/flat/") and
           redirect.headers["ETag"] == etag, "a proxy that can send it is told where it is", str(redirect.headers))
    same("a worker's token is not for it", call("GET", now.json["file"], token="worker").status, 403)
    same("nothing is at a rung that is none", [call("GET", f"{path}/flat/{rung}/file").status for rung in ("a0", "v", "v123")],
         [404, 404, 404])


def commands():
    def run(*words):
        return subprocess.run([options.sampan, *words, "--data", control.data], capture_output=True, text=True, check=False)
    path = os.path.join(films, "list.edl")
    with open(path, "w", encoding="utf-8") as file:
        file.write(edl(("TAPE1", 0, 13), ("EP02", 6, 24)))
    refused = run("cut", "import", path)
    report(refused.returncode == 1 and f"{path}:2: " in refused.stderr and "TAPE1" in refused.stderr,
           "a fault is told with file and line", refused.stderr)
    refused = run("cut", "import", path, "--json")
    same("and as JSON", [r["line"] for r in json.loads(refused.stdout)["error"]["remarks"]], [2])
    made = run("cut", "import", path, "--reel", "TAPE1=ep03.mkv", "--name", "typed", "--json")
    report(made.returncode == 0, "a list is imported", made.stderr)
    cut = json.loads(made.stdout)["id"]
    report("typed" in run("ls", "cuts").stdout, "cuts are listed")
    shown = run("cut", "show", cut)
    report("ep03.mkv" in shown.stdout and "00:00:02:03" in shown.stdout, "its clips are shown", shown.stdout + shown.stderr)
    checked = run("cut", "check", cut)
    report("7 of 31 frames would be encoded (22.58 %; the least possible is 7), in 1 bridges" in checked.stdout, "what it takes is said", checked.stdout + checked.stderr)
    for form, word in (("otio", "OTIO_SCHEMA"), ("edl", "FROM CLIP NAME"), ("cpl", "CompositionPlaylist")):
        report(word in run("cut", "export", cut, "--format", form).stdout, f"it is written as {form}")
    latin = os.path.join(films, "latin.edl")
    with open(latin, "wb") as file:
        file.write(edl(("EP02", 0, 10)).encode() + b"* FROM CLIP NAME: caf\xe9\n")
    report(":3: " in run("cut", "import", latin).stderr, "a list that is not UTF-8 is sent as it is, and its line told")
    other = json.loads(run("cut", "import", path, "--reel", "TAPE1=ep02.mkv", "--json").stdout)["id"]
    diff = json.loads(run("cut", "diff", cut, other, "--json").stdout)
    same("two are compared", (diff["left_frames"], diff["came_frames"], diff["kept_frames"]), (13, 13, 18))
    same("one is built", run("cut", "build", cut).stdout, f"{cut} is building\n")
    worker.all()
    waited = run("cut", "build", cut, "--wait", "--json")
    same("until it is ready", json.loads(waited.stdout)["state"], "ready")
    published = run("publish", cut)
    report("main.m3u8" in published.stdout, "and published", published.stderr)
    same("what is shown is not removed", run("cut", "rm", cut).returncode, 1)
    same("another is", run("cut", "rm", other).returncode, 0)
    same("a name that is none is written wrongly", run("cut", "show", "cut_x").returncode, 1)
    same("a verb that is none", run("cut", "paste", cut).returncode, 1)


def main():
    asset("ep01.mkv")
    asset("ep02.mkv")
    asset("ep03.mkv", title="第三集")
    asset("tc01.mkv", timecode="01:00:00:00")
    cut = made()
    lists(cut)
    refusals()
    restricted()
    checks()
    builds()
    flattens()
    commands()


def rest():
    same("every operation of cuts was used", operations(control, True) - control.used, set())
    same("it ends well", control.stop(), 0)


run(control, [main], rest, films)
