#!/usr/bin/env python3
"""worker_test.py WORKER WRITE_TRACKS - what the worker does with jobs, and what becomes of them. Prints TAP."""
import hashlib
import json
import os
import sys
import time

from bench import HASH, JOB, Api, alive, main, test


@test("a chunk's pieces and tiles are there when it is committed")
def _(b):
    b.start().chunk()
    commit = b.told("commit")[0]
    assert commit["fence"] == 7 and commit["result"]["frames"] == 10, commit
    assert b.read(f"tmp/asset/{HASH['a']}/v0.1") == "piece v0.1"
    assert b.read(f"tmp/asset/{HASH['a']}/v1.1") == "piece v1.1"
    assert b.read(f"tmp/asset/{HASH['a']}/tiles.1") == "tiles"
    assert "event" not in commit["result"]
    assert not b.scratch()


@test("the claim says who, which kinds and how much memory", "--worker-memory-mb", "700")
def _(b):
    b.start().chunk()
    claim = b.told("claim")[0]
    assert claim["memory_mb"] == 700, claim
    assert sorted(claim["kinds"]) == ["assemble", "audio", "bridge", "chunk", "examine", "flatten", "sound_bridge", "storyboard",
                                       "text", "verify"]
    assert claim["worker"].endswith(f"-{b.process.pid}")


@test("examine copies the source and its packet index under the hash of its bytes")
def _(b):
    path = b.write("../in/film.mkv", "a film")
    b.start().give("examine", {"ingest": "i", "path": path, "keep": "copy", "name": "film.mkv",
                               "subtitles": [], "options": {"fields": True}})
    result = b.told("commit")[0]["result"]
    name = hashlib.sha256(b"a film").hexdigest()
    assert result["source"] == {"hash": name, "size": 6, "kept": "copy"}, result
    assert b.read(f"source/{name[:2]}/{name}") == "a film"
    assert b.read(f"source/{name[:2]}/{name}.index") == "the packets of a film"
    assert result["probe"]["request"]["options"] == {"fields": True}
    assert result["probe"]["request"]["source"]["hash"] == name
    assert os.path.exists(path)


@test("examine of a linked source keeps its index and no copy")
def _(b):
    path, name = b.write("../in/film.mkv", "a film"), hashlib.sha256(b"a film").hexdigest()
    b.start().give("examine", {"ingest": "i", "path": path, "keep": "link", "name": "film.mkv"})
    assert b.told("commit")[0]["result"]["source"]["kept"] == "link"
    assert b.exists(f"source/{name[:2]}/{name}.index") and not b.exists(f"source/{name[:2]}/{name}")


@test("subtitles beside the source are handed over with their names and languages")
def _(b):
    path, srt = b.write("../in/film.mkv", "a film"), b.write("../in/film.zh.srt", "1\n")
    b.start().give("examine", {"ingest": "i", "path": path, "keep": "copy", "name": "film.mkv",
                               "subtitles": [{"path": srt, "name": "film.zh.srt", "language": "zh-Hans"}]})
    request = b.told("commit")[0]["result"]["probe"]["request"]
    assert [(s["name"], s["language"]) for s in request["subtitles"]] == [("film.zh.srt", "zh-Hans")], request


@test("subtitles that are a directory are refused by their name")
def _(b):
    path = b.write("../in/film.mkv", "a film")
    b.start().give("examine", {"ingest": "i", "path": path, "keep": "copy", "name": "film.mkv",
                               "subtitles": [{"path": os.path.dirname(path), "name": "folder", "language": "zh"}]})
    fail = b.told("fail")[0]
    assert fail["code"] == "invalid" and "the subtitles folder are not a file, but a directory" in fail["text"], fail


def refusal(b, path, code, words, keep="copy"):
    b.start().give("examine", {"ingest": "i", "path": path, "keep": keep, "name": os.path.basename(path)})
    fail = b.told("fail")[0]
    assert fail["code"] == code and words in fail["text"], fail
    assert not b.api.told("commit")
    assert not [f for _, _, names in os.walk(os.path.join(b.data, "source")) for f in names if HASH["1"] not in f]
    assert not b.scratch()


@test("an empty file is refused")
def _(b):
    refusal(b, b.write("../in/film.mkv", ""), "bad_format", "film.mkv is empty")


@test("a directory is refused")
def _(b):
    refusal(b, b.dir, "bad_format", "is a directory")


@test("a file that is not there is refused")
def _(b):
    refusal(b, b.dir + "/nothing", "not_found", "there is no file " + b.dir + "/nothing")


@test("a named pipe is refused and not waited for")
def _(b):
    os.mkfifo(b.dir + "/pipe")
    refusal(b, b.dir + "/pipe", "bad_format", "pipe is not a file")


@test("what sampan-media refuses is told in its words, and nothing of the source is kept")
def _(b):
    refusal(b, b.write("../in/refused", "x"), "unsupported", "the picture is of a codec that nobody knows")


@test("a linked source that was changed is refused")
def _(b):
    path = b.write("../in/film.mkv", "another film")
    job = b.give("chunk", {"asset": HASH["a"], "chunk": 1, "conform": {}, "plan": {"video": [{"id": "v0"}]},
                           "source": {"hash": HASH["1"], "name": "film.mkv", "size": 6, "link": path}})
    b.start()
    fail = b.told("fail")[0]
    assert fail["code"] == "mismatch" and "changed after it was ingested" in fail["text"], (job, fail)


def failure(b, fake, code, words):
    b.start().chunk(fake)
    fail = b.told("fail")[0]
    assert fail["code"] == code and words in fail["text"], fail
    assert fail["fence"] == 7
    assert not b.api.told("commit") and not b.exists(f"tmp/asset/{HASH['a']}")
    assert not b.scratch()
    assert b.children() == []
    return fail


@test("a crash is told with its signal")
def _(b):
    failure(b, "crash", "crash", "was ended by SIGSEGV (it read memory that is not its own) while it worked on "
            "chunk 1 of ep01.mkv")


@test("a child that hangs is ended and told", "--media-idle-s", "1")
def _(b):
    failure(b, "hang", "io", "said nothing for 1 s while it worked on chunk 1 of ep01.mkv")


@test("a child that closes its streams and stays is ended", "--media-idle-s", "1")
def _(b):
    failure(b, "hang-closed", "io", "said nothing for 1 s")


@test("an answer that is no JSON ends the child")
def _(b):
    failure(b, "garbage", "crash", "answered what is not in the protocol")


@test("a line without end ends the child")
def _(b):
    failure(b, "endless", "crash", "answered a line that is too long")


@test("two results end the child")
def _(b):
    failure(b, "twice", "crash", "answered twice")


@test("a result before a crash is no result")
def _(b):
    failure(b, "result-then-crash", "crash", "was ended by SIGABRT")


@test("an end without a result is a crash")
def _(b):
    failure(b, "mute", "crash", "ended with 0 and no result")


@test("an exit status nobody agreed on is a crash")
def _(b):
    failure(b, "odd-exit", "crash", "ended with 3 and no error")


@test("an error with a code that is none is a crash")
def _(b):
    failure(b, "unknown-code", "crash", "gave an error that is none")


@test("a full disk is told as one, so that the job is paused")
def _(b):
    failure(b, "full", "disk_full", "the disk is full")


@test("the child has the named descriptors and no other")
def _(b):
    failure(b, "descriptors", "unsupported", "fds 0 1 2 3 4 5 6 7")


@test("FFmpeg's words are logged up to a limit, with the job")
def _(b):
    b.start().chunk("chatty")
    b.told("commit")
    lines = [json.loads(line) for line in b.said().splitlines() if line.startswith("{")]
    words = [line for line in lines if line["msg"] == "sampan-media says"]
    assert len(words) == 50 and words[0]["job"] == JOB + "1", (len(words), words[:1])
    assert any(line["msg"] == "sampan-media said more" and line["lines"] == 450 for line in lines)


@test("sound that is no track is refused by the rule it breaks or by its box")
def _(b):
    b.start().give("audio", {"asset": HASH["a"], "audio": 0, "conform": {},
                             "source": {"hash": HASH["1"], "name": "ep01.mkv", "size": 10, "link": None},
                             "plan": {"audio": [{"id": "a0", "name": HASH["d"]}]}})
    fail = b.told("fail")[0]
    assert fail["code"] == "bad_format", fail
    assert not b.exists("track/dd/" + HASH["d"])


@test("text is committed under its name with the hash of its bytes")
def _(b):
    srt = b.write("../in/x.srt", "1\n")
    b.start().give("text", {"asset": HASH["a"], "text": 0, "conform": {}, "subtitle": {"path": srt, "name": "x.srt"},
                            "plan": {"text": [{"id": "t0", "name": HASH["e"]}]}})
    text = b.told("commit")[0]["result"]["text"]
    assert text == {"name": HASH["e"], "bytes": 7, "sha256": hashlib.sha256(b"WEBVTT\n").hexdigest()}, text
    assert b.read(f"track/ee/{HASH['e']}.vtt") == "WEBVTT\n"


@test("the storyboard is made of the tiles of all chunks in order")
def _(b):
    b.write(f"tmp/asset/{HASH['a']}/tiles.0", "aabb")
    b.write(f"tmp/asset/{HASH['a']}/tiles.1", "cc")
    b.start().give("storyboard", {"asset": HASH["a"], "plan": {"storyboard": {"name": HASH["f"]}}, "tiles": [
        {"chunk": 0, "index": 0, "offset": 0, "size": 2}, {"chunk": 0, "index": 1, "offset": 2, "size": 2},
        {"chunk": 1, "index": 2, "offset": 0, "size": 2}]})
    result = b.told("commit")[0]["result"]["storyboard"]
    assert b.read(f"track/ff/{HASH['f']}.tiles") == "aabbcc" == b.read(f"track/ff/{HASH['f']}.sheets")
    assert result == {"name": HASH["f"], "tiles": [{"offset": 0, "size": 6}], "sheets": [{"offset": 0, "size": 6}]}


@test("a name in a plan that is no hash is not made a path of")
def _(b):
    b.start().give("text", {"asset": HASH["a"], "text": 0, "plan": {"text": [{"name": "../../x"}]}})
    assert "is no hash" in b.told("fail")[0]["text"]


@test("a rendition's id that is none is not made a path of")
def _(b):
    b.start().give("chunk", {"asset": HASH["a"], "chunk": 1, "conform": {}, "plan": {"video": [{"id": "../x"}]},
                             "source": {"hash": HASH["1"], "name": "n", "size": 10, "link": None}})
    assert "rendition of the plan is called" in b.told("fail")[0]["text"]


@test("a kind that the worker does not know is told")
def _(b):
    b.start().give("dream", {})
    fail = b.told("fail")[0]
    assert fail["code"] == "unsupported" and "jobs of kind dream" in fail["text"]


@test("progress is told while the child works", "--workers", "1")
def _(b):
    b.start().chunk("slow")
    beats = b.told("beat", 2)
    assert beats[1]["done"] > beats[0]["done"] and beats[0]["total"] == 600 and beats[0]["unit"] == "frames", beats


@test("a lost job's child is killed, its files removed and nothing told of it")
def _(b):
    b.start().chunk("slow")
    b.wait(b.children, "a child")
    child = b.children()[0]
    b.api.lost.add(JOB + "1")
    b.wait(lambda: not alive(child), "the end of the child")
    b.wait(lambda: not b.scratch(), "an empty scratch")
    b.chunk("", 2)
    b.told("commit")
    assert not b.api.told("fail") and not b.api.told("release")
    assert not b.exists(f"tmp/asset/{HASH['a']}/v0.1")


@test("a commit waits for an API that is away")
def _(b):
    b.api.refuse["commit"] = 4
    b.start().chunk()
    b.told("commit")
    assert b.api.refuse["commit"] == 0


@test("an API that goes away and comes back finds the worker at work")
def _(b):
    b.start().chunk("short")
    b.wait(b.children, "a child")
    b.api.go()
    os.unlink(b.socket)
    time.sleep(2)
    b.api = Api(b.socket)
    b.told("commit")
    b.chunk("", 2)
    b.told("commit", 2)


@test("at SIGTERM a job that is soon done is committed")
def _(b):
    b.start().chunk("short")
    b.wait(b.children, "a child")
    assert b.stop() == 0
    assert len(b.api.told("commit")) == 1 and not b.api.told("release")


@test("at SIGTERM a long job is handed back and its child ended")
def _(b):
    b.start().chunk("slow")
    b.wait(b.children, "a child")
    child = b.children()[0]
    assert b.stop() == 0
    assert b.api.told("release") == [{"fence": 7}], b.api.calls
    assert not alive(child) and not b.api.told("commit") and not b.api.told("fail")
    assert os.listdir(os.path.join(b.data, "tmp/worker")) == []


@test("at SIGTERM an idle worker ends although it waits for a job")
def _(b):
    b.start()
    b.wait(lambda: "works" in b.said(), "the start")
    assert b.stop() == 0


@test("the end of the worker is the end of its children")
def _(b):
    b.start().chunk("slow")
    b.wait(b.children, "a child")
    child = b.children()[0]
    b.process.kill()
    b.process.wait()
    end = time.monotonic() + 5
    while alive(child) and time.monotonic() < end:
        time.sleep(0.02)
    assert not alive(child)
    assert b.scratch()
    b.start()  # and the next one clears what it left
    b.wait(lambda: not b.scratch(), "an empty scratch")


@test("the scratch of a living worker is left alone")
def _(b):
    b.start().chunk("slow")
    b.wait(lambda: os.path.isdir(b.data + "/tmp/worker") and b.scratch(), "files")
    first, files = b.process, b.scratch()
    b.start()
    b.wait(lambda: b.said().count("\"works\"") == 2, "the second worker")
    assert set(files) <= set(b.scratch())
    first.kill()
    first.wait()


@test("as many jobs at a time as there are slots", "--workers", "2")
def _(b):
    for number in range(1, 4):
        b.chunk("slow", number)
    b.start()
    b.wait(lambda: len(b.children()) == 2, "two children")
    time.sleep(0.5)
    assert len(b.children()) == 2 and len(b.api.told("claim")) == 2


@test("as many jobs at a time as there is memory for", "--workers", "4", "--worker-memory-mb", "250")
def _(b):
    for number in range(1, 5):
        b.chunk("slow", number)
    b.start()
    b.wait(lambda: len(b.children()) == 2, "two children")
    time.sleep(0.5)
    assert len(b.children()) == 2 and len(b.api.told("claim")) == 2


@test("a chunk of more memory than usual may take its double")
def _(b):
    b.start().chunk("", memory_mb=4000)
    assert b.told("commit")[0]["result"]["limits"] == {"memory_mb": 8000}


@test("a token that is refused is told, and the worker goes on asking")
def _(b):
    b.write("worker-token", "wrong\n")
    b.start()
    b.wait(lambda: "who are you" in b.said(), "the sentence")
    assert b.process.poll() is None


sys.exit(main())
