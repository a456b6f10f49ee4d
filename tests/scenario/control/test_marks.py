#!/usr/bin/env python3
"""test_marks.py - what lies beside the frames of a cut: source timecodes, markers, chapters; from lists in, through
revisions, to lists out and to viewers. And a list that is wrong in every way at once. Assets come from a worker
with canned files. Prints TAP."""
import argparse
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from control import Control, Worker
from report import report, run, same

arguments = argparse.ArgumentParser()
for name in ("--control", "--tracks", "--answer", "--sampan", "--document"):
    arguments.add_argument(name, required=True)
arguments.add_argument("--database")
options = arguments.parse_args()

films = tempfile.mkdtemp(prefix="sampan-films.")
subprocess.run([options.tracks, films], check=True)
control = Control(options.control, options.document, options.database)
worker = Worker(control, films, options.tracks)
worker.board = True
call = control.call
assets = {}  # name -> hash


def asset(name, **more):
    """24 frames at 5 a second, unless more says another rate; what more says goes into its probe."""
    path = os.path.join(films, name)
    with open(path, "wb") as file:
        file.write(name.encode())
    worker.more = more
    ingest = call("POST", "/api/v1/ingests", {"path": path}).headers["Location"]
    worker.all(beat=False)
    worker.more = {}
    assets[name] = call("GET", ingest).json["asset"]


def event(number, reel, *times):
    return f"{number:03}  {reel:8} V     C        {' '.join(times)}\n"


def listed(text, **more):
    return call("POST", "/api/v1/cuts", {"list": text, "file": "film.edl", **more})


def cut_of(answer):
    return call("GET", answer.headers["Location"]).json


def faults_of(answer):
    return [(remark["line"], remark["text"]) for remark in (answer.json.get("remarks") or []) if remark["kind"] == "fault"]


def exported(cut, form):
    return call("GET", f"/api/v1/cuts/{cut['id']}/export?format={form}").body.decode()


def clips_of(cut):
    return [(c["name"], c["in"], c["out"]) for c in cut["clips"]]


def timecodes():
    ntsc = [30000, 1001]
    asset("drop.mov", rate=ntsc, timecode="01:00:00;00", timecode_rate=ntsc)
    asset("plain.mov", rate=ntsc, timecode="01:00:00:00", timecode_rate=ntsc)
    asset("late.mov", rate=[25, 1], timecode="23:59:59:20", timecode_rate=[25, 1])
    asset("fields.mov", rate=[50, 1], timecode="01:00:00:02", timecode_rate=[25, 1])
    asset("none.mov", rate=[25, 1])
    same("an asset shows the timecode of its source", call("GET", f"/api/v1/assets/{assets['drop.mov']}").json["probe"]["timecode"],
         "01:00:00;00")
    cut = cut_of(listed("TITLE: d\nFCM: DROP FRAME\n" +
                        event(1, "DROP", "01:00:00;05", "01:00:00;15", "00:00:58;00", "00:00:58;10") +
                        event(2, "PLAIN", "01:00:00:00", "01:00:00:20", "00:00:58;10", "00:00:59;00")))
    same("each source is counted as it counts, less its first frame", clips_of(cut), [("drop.mov", 5, 15), ("plain.mov", 0, 20)])
    same("and so it is shown", (cut["clips"][0]["in_timecode"], cut["clips"][1]["timecode"]), ("01:00:00;05", "00:00:00;10"))
    back = listed(exported(cut, "edl"))
    same("written and read again it is the same edit", (back.status, back.json.get("edit")), (201, cut["edit"]))
    report("01:00:00;05 01:00:00;15" in exported(cut, "edl"), "a list that is written counts from the source's timecode", exported(cut, "edl"))
    cut = cut_of(listed("TITLE: p\nFCM: NON-DROP FRAME\n" + event(1, "DROP", "01:00:00;05", "01:00:00;15", "00:00:58:00", "00:00:58:10")))
    same("a programme counts as its record side does, not as its sources",
         (cut["clips"][0]["in_timecode"], cut["clips"][0]["timecode"]), ("01:00:00;05", "00:00:00:00"))
    back = exported(cut, "edl")
    report("FCM: NON-DROP FRAME" in back and "01:00:00;05 01:00:00;15 00:00:00:00 00:00:00:10" in back,
           "and so it is written", back)
    wrong = listed(event(1, "DROP", "01:00:00;05", "01:00:00:15", "00:00:00:00", "00:00:00:10"))
    same("an event that counts both ways is refused by its line",
         [line for line, text in faults_of(wrong) if "drop.mov" in text or "its source in" in text], [1])
    same("a list of numbers counts as its source does",
         cut_of(call("POST", "/api/v1/cuts", {"clips": [{"asset": "drop", "in": 5, "out": 9}]}))["clips"][0]["in_timecode"], "01:00:00;05")
    wrong = listed(event(1, "DROP", "01:00:00:05", "01:00:00:15", "00:00:00:00", "00:00:00:10"))
    report(wrong.status == 422 and [line for line, text in faults_of(wrong) if "non-drop" in text and "drop.mov" in text] == [1],
           "non-drop timecode of a source that drops frames names other frames, and is refused", wrong.body)
    cut = cut_of(listed(event(1, "LATE", "23:59:59:22", "00:00:00:03", "00:00:00:00", "00:00:00:06") +
                        event(2, "LATE", "00:00:00:03", "00:00:00:10", "00:00:00:06", "00:00:00:13")))
    same("a source runs through midnight", clips_of(cut), [("late.mov", 2, 15)])
    cut = cut_of(listed(event(1, "FIELDS", "01:00:00:06", "01:00:00:10", "00:00:00:00", "00:00:00:04")))
    same("where fields became frames, the source's timecode is doubled", clips_of(cut), [("fields.mov", 2, 6)])
    wrong = listed(event(1, "NONE", "01:00:00:00", "01:00:00:10", "00:00:00:00", "00:00:00:10"))
    report(wrong.status == 422 and "--start 01:00:00:00" in faults_of(wrong)[0][1], "where nobody knows, nothing is guessed", wrong.body)


def markers():
    asset("a.mkv")
    asset("b.mkv")
    lists = {
        "edl": "TITLE: m\n" + event(1, "A", "00:00:00:00", "00:00:02:00", "01:00:00:00", "01:00:02:00") +
               "* LOC: 01:00:01:00 RED     look here\n" + event(2, "B", "00:00:01:00", "00:00:03:00", "01:00:02:00", "01:00:04:00") +
               "* LOC: 01:00:02:03 GREEN\n* LOC: 02:00:00:00 CYAN    elsewhere\n",
        "fcpxml": """<fcpxml version="1.10"><resources><format id="f" frameDuration="1/5s"/><asset id="a" name="a.mkv" start="0s" format="f"/>
<asset id="b" name="b.mkv" start="0s" format="f"/></resources><project name="m"><sequence format="f"><spine>
<asset-clip ref="a" name="a" offset="0s" start="0s" duration="2s"><marker start="1s" value="look here"/></asset-clip>
<asset-clip ref="b" name="b" offset="2s" start="1s" duration="2s"><chapter-marker start="8/5s" value="第二章"/></asset-clip>
</spine></sequence></project></fcpxml>"""}
    cut = cut_of(listed(lists["edl"]))
    same("markers of CMX3600 are kept, in their places", [(m["frame"], m["name"], m["color"], m["chapter"]) for m in cut["markers"]],
         [(5, "look here", "RED", False), (13, "", "GREEN", False)])
    same("with their timecodes", [m["timecode"] for m in cut["markers"]], ["00:00:01:00", "00:00:02:03"])
    plain = cut_of(listed("\n".join(line for line in lists["edl"].splitlines() if "LOC" not in line) + "\n"))
    same("they name no edit", (plain["edit"], plain["markers"]), (cut["edit"], []))
    cut = cut_of(listed(lists["fcpxml"]))
    want = [(5, "look here", False), (13, "第二章", True)]
    same("and those of Final Cut, chapters among them", [(m["frame"], m["name"], m["chapter"]) for m in cut["markers"]], want)
    same("a chapter goes on to the end", [(c["frame"], c["end"], c["title"]) for c in cut["chapters"]], [(13, 20, "第二章")])
    for form in ("otio", "edl", "cpl"):
        back = cut_of(listed(exported(cut, form)))
        same(f"they come back from {form}", ([(m["frame"], m["name"], m["chapter"]) for m in back["markers"]], back["edit"]), (want, cut["edit"]))
    clips = [{"asset": "a", "in": 0, "out": 10}, {"asset": "b", "in": 5, "out": 15}]
    told = [{"frame": 12, "name": "later"}, {"frame": 0, "name": "Opening", "chapter": True, "color": "red"}]
    child = call("POST", "/api/v1/cuts", {"clips": clips, "markers": told, "parent": cut["id"], "author": "阿", "note": "why"})
    same("a request may say them; a change is a revision with its parent, author and note",
         (child.status, cut_of(child)["parent"], cut_of(child)["author"], cut_of(child)["note"]), (201, cut["id"], "阿", "why"))
    same("in the order of time", [(m["frame"], m["name"], m["color"], m["chapter"]) for m in cut_of(child)["markers"]],
         [(0, "Opening", "RED", True), (12, "later", "", False)])
    same("the parent is as it was", call("GET", f"/api/v1/cuts/{cut['id']}").json, cut)
    for bad, why in (([{"frame": 20}], "past the end"), ([{"frame": -1}], "before the start"), ([{"name": "x"}], "nowhere"),
                     (["x"], "no object"), ([{"frame": 1, "x": 1}], "of another member")):
        same(f"a marker that is {why} is refused", call("POST", "/api/v1/cuts", {"clips": clips, "markers": bad}).status, 400)
    shown = subprocess.run([options.sampan, "cut", "show", cut["id"], "--data", control.data], capture_output=True, text=True, check=False)
    report("markers" in shown.stdout and "look here" in shown.stdout and "第二章" in shown.stdout, "`sampan cut show` shows them", shown.stdout + shown.stderr)


def vtt_of(publication, name="chapters.vtt"):
    run = subprocess.run([options.answer, control.data, f"/v/{publication}/{name}"], capture_output=True, check=False)
    return run.stdout.decode() if run.returncode == 0 else None


def watched(publication):
    return [p["chapters"] for p in call("GET", "/api/v1/watch", token=None).json["publications"] if p["id"] == publication]


def published(cut):
    call("POST", f"/api/v1/cuts/{cut['id']}/build")
    worker.all()
    return call("POST", "/api/v1/publications", {"cut": cut["id"]}).json["id"]


def chapters():
    asset("c.mkv", chapters=[{"frame": 0, "end": 10, "title": "Opening"}, {"frame": 10, "end": 20, "title": "<b> & co"},
                             {"frame": 20, "end": 24, "title": ""}])
    asset("d.mkv", chapters=[{"frame": 2, "end": 12, "title": "Opening"}])
    asset("e.mkv")
    whole = call("POST", "/api/v1/publications", {"asset": assets["c.mkv"]}).json["id"]
    same("an asset's chapters are published with it", vtt_of(whole),
         "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nOpening\n\n00:00:02.000 --> 00:00:04.000\n&lt;b&gt; &amp; co\n\n"
         "00:00:04.000 --> 00:00:04.800\n3\n\n")
    same("of which the start page knows", watched(whole), [f"/v/{whole}/chapters.vtt"])
    none = call("POST", "/api/v1/publications", {"asset": assets["e.mkv"]}).json["id"]
    same("one without has none", (vtt_of(none), watched(none)), (None, [None]))
    clips = [{"asset": "c", "in": 5, "out": 10}, {"asset": "d", "in": 4, "out": 14}, {"asset": "c", "in": 18, "out": 24}]
    cut = cut_of(call("POST", "/api/v1/cuts", {"clips": clips}))
    same("they are carried through a cut, and go on over a join", [(c["frame"], c["end"], c["title"]) for c in cut["chapters"]],
         [(0, 13, "Opening"), (15, 17, "<b> & co"), (17, 21, "")])
    same("to its viewers", vtt_of(published(cut)),
         "WEBVTT\n\n00:00:00.000 --> 00:00:02.600\nOpening\n\n00:00:03.000 --> 00:00:03.400\n&lt;b&gt; &amp; co\n\n"
         "00:00:03.400 --> 00:00:04.200\n3\n\n")
    own = cut_of(call("POST", "/api/v1/cuts", {"clips": clips, "markers": [
        {"frame": 3, "name": "Eins", "chapter": True}, {"frame": 3, "name": "Zwei", "chapter": True}, {"frame": 9, "name": "x"},
        {"frame": 10, "name": "Drei", "chapter": True}]}))
    same("an editor's own take their place", [(c["frame"], c["end"], c["title"]) for c in own["chapters"]], [(3, 10, "Zwei"), (10, 21, "Drei")])
    same("for viewers too", vtt_of(published(own)), "WEBVTT\n\n00:00:00.600 --> 00:00:02.000\nZwei\n\n00:00:02.000 --> 00:00:04.200\nDrei\n\n")
    bad = "TITLE: all\n" + "".join((
        event(1, "E", "00:00:00:00", "00:00:09:00", "00:00:00:00", "00:00:09:00"),   # 2: outside of the asset
        event(2, "E", "00:00:02:00", "00:00:01:00", "00:00:09:00", "00:00:10:00"),   # 3: out before in
        event(3, "NOBODY", "00:00:00:00", "00:00:01:00", "00:00:10:00", "00:00:11:00"),  # 4: an unknown reel
        event(4, "E", "00:00:00:00", "00:00:01:00", "00:00:10:03", "00:00:11:03"),   # 5: over the one before
        event(5, "E", "00:00:00:00", "00:00:01:00", "00:00:12:00", "00:00:13:00"),   # 6: a gap
        event(6, "E", "00:00:00:00", "00:00:00:00", "00:00:13:00", "00:00:13:00"),   # 7: no frames
        event(7, "E", "00:00:00:00", "00:00:00:09", "00:00:13:00", "00:00:14:00"),   # 8: no timecode at 5
        event(8, "E", "99999:00:00:00", "00:00:01:00", "00:00:14:00", "00:00:15:00"),  # 9: a number that overflows
        event(9, "E", "00:00:00:00", "00:00:01:00", "00:00:15:00", "00:00:16:00").replace(" C  ", " D 010"),  # 10: a dissolve
        event(10, "E", "00:00:00:00", "00:00:01:00", "00:00:16:00", "00:00:17:00"), "M2 E 000.0 00:00:00:00\n"))  # 12: a freeze
    before = call("GET", "/api/v1/cuts?limit=200").json
    answer = listed(bad)
    same("all that is wrong with a list is told at once, by its lines", (answer.status, sorted({line for line, _ in faults_of(answer)})),
         (422, [2, 3, 4, 5, 6, 7, 8, 9, 10, 12]))
    same("in their order", [line for line, _ in faults_of(answer)], sorted(line for line, _ in faults_of(answer)))
    same("and changes nothing", call("GET", "/api/v1/cuts?limit=200").json, before)
    gone = cut_of(call("POST", "/api/v1/cuts", {"clips": [{"asset": "e", "in": 0, "out": 10}, {"asset": "c", "in": 0, "out": 10}]}))
    same("a cut is checked", call("POST", f"/api/v1/cuts/{gone['id']}/check").status, 200)
    call("DELETE", f"/api/v1/publications/{none}")
    same("an asset of it is removed before it is built", call("DELETE", f"/api/v1/assets/{assets['e.mkv']}").status, 204)
    answer = call("POST", f"/api/v1/cuts/{gone['id']}/build")
    report(answer.status == 409 and "e.mkv" in answer.json["detail"], "which the build tells", answer.body)
    same("the cut and its chapters can still be seen", [(c["frame"], c["title"]) for c in call("GET", f"/api/v1/cuts/{gone['id']}").json["chapters"]],
         [(10, "Opening")])


def storyboards():
    """A tile every 8 frames; a film of clips in every position, some shorter than a tile stands."""
    boards = {}  # what its tiles begin with -> the asset
    for name in ("s1.mkv", "s2.mkv", "s3.mkv"):
        asset(name)
        boards[call("GET", f"/api/v1/assets/{assets[name]}").json["plan"]["storyboard"]["name"][:8]] = assets[name]
    clips = [("s1", 3, 20), ("s2", 9, 12), ("s3", 0, 24), ("s1", 23, 24), ("s2", 15, 18), ("s2", 4, 21), ("s3", 17, 19), ("s1", 7, 9)]
    film = cut_of(call("POST", "/api/v1/cuts", {"clips": [{"asset": a, "in": i, "out": o} for a, i, o in clips]}))
    publication = published(film)
    cues = vtt_of(publication, "storyboard.vtt").split("\n\n")[1:-1]
    same("a film has a thumbnail for every moment of it", len(cues), -(-film["frames"] // 8))
    wrong = []
    for number, cue in enumerate(cues):
        at = number * 8
        clip = [c for c in film["clips"] if c["frame"] <= at][-1]
        frame = clip["in"] + at - clip["frame"]
        board, _, tile = vtt_of(publication, f"sheet/{number + 1}.jpg").strip().partition(".")
        near = [k for k in range(3) if abs(8 * k - frame) < 8]
        inside = [k for k in near if clip["in"] <= 8 * k < clip["out"]]
        if f"sheet/{number + 1}.jpg#xywh=0,0,160,90" not in cue:
            wrong.append(f"cue {number} is {cue!r}")
        if boards.get(board) != clip["asset"] or int(tile) not in (inside or near):
            wrong.append(f"tile {number} is {board}.{tile}, not one of {inside or near} of {clip['name']}")
    same("each is the nearest one of the asset that is shown then, of its clip where there is one", wrong, [])


def rest():
    same("it ends well", control.stop(), 0)


run(control, (storyboards, timecodes, markers, chapters), rest, films)
