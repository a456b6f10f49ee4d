#!/usr/bin/env python3
"""worker_test.py WORKER WRITE_TRACKS - the worker against an API and a sampan-media that are made of paper.

Each test has a data directory, a fake API on its socket and a worker of its own. Prints TAP.
"""
import hashlib
import http.server
import json
import os
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import traceback

WORKER = os.path.abspath(sys.argv[1])
WRITE_TRACKS = os.path.abspath(sys.argv[2])
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../scenario/control"))
from control import sound_lengths
HASH = {c: c * 64 for c in "0123456789abcdef"}
JOB = "job_" + "0" * 25


class Api(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Hands out the jobs it was given and writes down all that it is told."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, path):
        self.jobs, self.calls, self.lost = [], [], set()
        self.refuse = {}  # verb -> how often it answers 503
        self.lock = threading.Lock()
        self.connections = []
        super().__init__(path, Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def process_request(self, request, address):
        self.connections.append(request)
        super().process_request(request, address)

    def go(self):
        """As a server that died: no answer any more on any connection."""
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def handle_error(self, request, address):
        pass  # the worker hung up, as some tests make it

    def told(self, verb):
        with self.lock:
            return [body for name, job, body in self.calls if name == verb]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "worker"

    def log_message(self, *_):
        pass

    def answer(self, status, body=None):
        text = json.dumps(body).encode() if body is not None else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status < 400 else "application/problem+json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_POST(self):
        api = self.server
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.headers.get("Authorization") != "Bearer sesame":
            return self.answer(401, {"status": 401, "detail": "who are you"})
        if self.path == "/api/v1/work/claim":
            end = time.monotonic() + min(body["wait_s"], 1)
            while True:
                with api.lock:
                    if api.jobs and api.jobs[0]["memory_mb"] <= body["memory_mb"]:
                        api.calls.append(("claim", None, body))
                        return self.answer(200, api.jobs.pop(0))
                if time.monotonic() > end:
                    return self.answer(204)
                time.sleep(0.02)
        _, _, _, _, job, verb = self.path.split("/")
        with api.lock:
            if api.refuse.get(verb, 0) > 0:
                api.refuse[verb] -= 1
                return self.answer(503, {"status": 503, "detail": "not now"})
            api.calls.append((verb, job, body))
            if job in api.lost:
                return self.answer(409, {"status": 409, "detail": "the lease went to another"})
        return self.answer(200, {"lease_s": 60})


class Bench:
    """A data directory, an API, a worker."""

    def __init__(self, *arguments):
        self.dir = tempfile.mkdtemp(prefix="sampan-worker-")
        self.data = os.path.join(self.dir, "data")
        self.libexec = os.path.join(self.dir, "libexec")
        for name in ("run", "tmp", "source/11", "track"):
            os.makedirs(os.path.join(self.data, name))
        os.makedirs(self.libexec)
        os.symlink(os.path.join(HERE, "fake_media.py"), os.path.join(self.libexec, "sampan-media"))
        self.write("worker-token", "sesame\n")
        self.write("source/11/" + HASH["1"], "the source")
        self.write("source/11/" + HASH["1"] + ".index", "its packets")
        self.socket = os.path.join(self.data, "run/control.sock")
        self.api = Api(self.socket)
        self.arguments = arguments
        self.process = None

    def write(self, name, text):
        path = os.path.join(self.data, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def read(self, name):
        with open(os.path.join(self.data, name), encoding="utf-8") as file:
            return file.read()

    def exists(self, name):
        return os.path.exists(os.path.join(self.data, name))

    def start(self):
        self.log = open(os.path.join(self.dir, "log"), "ab")
        self.process = subprocess.Popen(
            [WORKER, "--data", self.data, *self.arguments],
            env={**os.environ, "SAMPAN_LIBEXEC": self.libexec, "FAKE_DIR": self.dir},
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        return self

    def give(self, kind, spec, number=1, memory_mb=100, lease_s=60):
        job = JOB + str(number)
        with self.api.lock:
            self.api.jobs.append({"id": job, "kind": kind, "fence": 7, "lease_s": lease_s,
                                  "memory_mb": memory_mb, "spec": spec})
        return job

    def chunk(self, fake="", number=1, **options):
        return self.give("chunk", {
            "asset": HASH["a"], "chunk": number, "conform": {"rate": [25, 1]},
            "source": {"hash": HASH["1"], "name": "ep01.mkv", "size": 10, "link": None},
            "plan": {"fake": fake, "chunks": 2, "video": [{"id": "v0", "name": HASH["b"]}, {"id": "v1", "name": HASH["c"]}]},
        }, number, **options)

    def wait(self, condition, what, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            if self.process.poll() is not None and not condition():
                break
            time.sleep(0.02)
        raise AssertionError(f"{what} did not happen; calls {self.api.calls[-5:]}; log {self.said()[-2000:]}")

    def told(self, verb, count=1):
        return self.wait(lambda: len(self.api.told(verb)) >= count and self.api.told(verb), verb)

    def said(self):
        with open(os.path.join(self.dir, "log"), encoding="utf-8", errors="replace") as log:
            return log.read()

    def children(self):
        out = []
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/children", encoding="ascii") as file:
                out += [int(pid) for pid in file.read().split()]
        return out

    def scratch(self):
        top = os.path.join(self.data, "tmp/worker")
        return [os.path.join(d, f) for d in os.listdir(top) for f in os.listdir(os.path.join(top, d))]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
        return self.process.returncode if self.process else None

    def finish(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.api.go()
        shutil.rmtree(self.dir)


tests = []


def test(name, *arguments):
    def add(function):
        tests.append((name, arguments, function))
        return function
    return add


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


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


# ---- bridges: tests/unit/track/write_tracks.c draws them, at 5 frames a second ----


def compat(which):
    return subprocess.run([WRITE_TRACKS, "compat", which], check=True, capture_output=True, text=True).stdout.strip()


def drawn(b, name, which, *lengths):
    path = b.write(name, "")
    subprocess.run([WRITE_TRACKS, path, which, *map(str, lengths)], check=True)
    return path


def content(path):
    with open(path, "rb") as file:
        return file.read()


def cut_asset(**more):
    return {"asset": HASH["a"], "conform": {"rate": [5, 1]}, "tracks": {"v0": HASH["8"], "v1": HASH["9"]},
            "plan": {"chunk_memory_mb": 100, "video": [{"id": "v0", "name": HASH["8"]}]},
            "source": {"hash": HASH["1"], "name": "ep01.mkv", "size": 10, "link": None}, **more}


def stretch(*rungs, **more):
    """A bridge of 13 frames in fragments of 6 and 7; rungs: (id, name, compat_id, file)."""
    return {"cut": "cut_x", "stretch": 3,
            "bridge": {"rate": [5, 1], "gop": 10, "start": 0, "sequence": 1, "frames": 13, "fragments": 2},
            "assets": [cut_asset()], "parts": [{"asset": 0, "from": 4, "to": 17}],
            "outputs": [{"id": i, "name": name, "compat_id": c, "rung": {"file": file}} for i, name, c, file in rungs],
            **more}


def sound(b, output, **more):
    """A cut of three clips at 5 frames a second, from two assets."""
    track = drawn(b, f"track/77/{HASH['7']}", "a", 94, 94, 37)
    b.write("track/66/" + HASH["6"], "")
    with open(track, "rb") as file, open(os.path.join(b.data, "track/66", HASH["6"]), "wb") as copy:
        copy.write(file.read())
    return {"cut": "cut_x", "sound": {"rate": [5, 1], "gop": 10, "sample_rate": 48000, "slots": 1, "fragments": 1},
            "assets": [cut_asset(frames=24, track=HASH["7"], audio=5,
                                 plan={"audio": [{"name": HASH["0"]}, {"name": HASH["7"]}]}),
                       cut_asset(asset=HASH["b"], frames=24, track=HASH["6"], audio=0, plan={"audio": [{"name": HASH["6"]}]})],
            "clips": [{"asset": 0, "in": 0, "out": 11}, {"asset": 1, "in": 3, "out": 4}, {"asset": 0, "in": 3, "out": 24}],
            "output": output, **more}


def made(b, name):
    return os.path.join(b.data, "bridge", name[:2], name)


# ---- a cut as one MP4 ----


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


def main():
    only = sys.argv[3:]
    chosen = [t for t in tests if not only or any(word in t[0] for word in only)]
    print(f"1..{len(chosen)}", flush=True)
    failed = 0
    for number, (name, arguments, function) in enumerate(chosen, 1):
        bench = Bench(*arguments)
        try:
            function(bench)
            code = bench.stop()
            if "AddressSanitizer" in bench.said() or "runtime error" in bench.said():
                raise AssertionError(bench.said()[-4000:])
            if code not in (0, None):
                raise AssertionError(f"the worker ended with {code}: {bench.said()[-2000:]}")
            print(f"ok {number} - {name}", flush=True)
        except Exception:  # a test's own failure, whatever it is
            failed += 1
            text = traceback.format_exc().replace("\n", "\n# ")
            print(f"not ok {number} - {name}\n# {text}", flush=True)
        finally:
            bench.finish()
    return 1 if failed else 0


sys.exit(main())
