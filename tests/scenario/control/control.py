"""control.py - a sampan-control under test, spoken to over its socket, every answer held against the
OpenAPI document; and a worker that plays docs/formats/jobs.md with canned files."""
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from schema import faults


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.json = json.loads(body) if body and "json" in (headers.get("Content-Type") or "") else None


class Control:
    def __init__(self, program, document, database=None):
        self.program, self.database = program, database
        with open(document, encoding="utf-8") as file:
            self.document = json.load(file)
        self.top = tempfile.mkdtemp(prefix="sampan-api.")
        self.data = os.path.join(self.top, "data")
        self.process, self.said, self.faults, self.used = None, None, [], set()

    def command(self, *words):
        flags = ["--data", self.data] + (["--database", self.database] if self.database else [])
        return [self.program, *words, *flags]

    def start(self, *flags):
        self.said = open(os.path.join(self.top, "log"), "ab")
        self.process = subprocess.Popen(self.command(*flags), stdout=self.said, stderr=self.said)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"sampan-control ended with {self.process.returncode}: {self.log()}")
            try:
                if self.call("GET", "/readyz", token=None).status == 200:
                    break
            except OSError:
                time.sleep(0.02)
        with open(os.path.join(self.data, "token"), encoding="ascii") as file:
            self.owner = file.read().strip()
        with open(os.path.join(self.data, "worker-token"), encoding="ascii") as file:
            self.worker = file.read().strip()

    def log(self):
        with open(os.path.join(self.top, "log"), encoding="utf-8") as file:
            return file.read()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        self.said.close()
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.wait()

    def remove(self):
        shutil.rmtree(self.top, ignore_errors=True)

    def operation(self, method, path):
        for pattern, methods in self.document["paths"].items():
            regex = "^" + re.sub(r"\{[a-z]+\}", "[a-z0-9_]+", pattern.replace(".", r"\.")) + "$"
            if re.match(regex, path) and method.lower() in methods:
                return methods[method.lower()]
        return None

    def hold(self, method, path, answer):
        """Is the answer what the document says?"""
        operation = self.operation(method, path.split("?")[0])
        if operation is None:
            return
        self.used.add(operation["operationId"])
        told = operation["responses"].get(str(answer.status))
        if told is None:
            if answer.status < 400:
                self.faults.append(f"{method} {path}: {answer.status} is not in the document")
                return
            told = self.document["components"]["responses"]["Problem"]
        media, contents = answer.headers.get("Content-Type"), told.get("content", {})
        if contents and media not in contents:
            self.faults.append(f"{method} {path}: {media}, not {list(contents)}")
        elif contents and "json" in media and method != "HEAD":
            self.faults += [f"{method} {path} {answer.status}: {fault}"
                            for fault in faults(self.document, contents[media]["schema"], answer.json)]
        if not told.get("content") and answer.body:
            self.faults.append(f"{method} {path}: a body where none is told of")
        for name in told.get("headers", {}):
            if name not in answer.headers:
                self.faults.append(f"{method} {path}: no header {name}")

    def call(self, method, path, body=None, token="owner", headers=None, raw=None):
        connection = Connection(os.path.join(self.data, "run", "control.sock"))
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = "Bearer " + {"owner": lambda: self.owner,
                                                 "worker": lambda: self.worker}.get(token, lambda: token)()
        if body is not None:
            raw = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, raw, sent)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
        self.hold(method, path, answer)
        return answer

    def stream(self, path):
        """Open a stream of events: (connection, response)."""
        connection = Connection(os.path.join(self.data, "run", "control.sock"))
        connection.request("GET", path, headers={"Authorization": "Bearer " + self.owner})
        return connection, connection.getresponse()


def name_of(*parts):
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()


def divided(units, count):
    return [units * (i + 1) // count - units * i // count for i in range(count)]


def sound_lengths(spec):
    """Packets of each fragment of bridge: a slow, plain model of where sound is put together anew."""
    num, den = spec["sound"]["rate"]
    rate, gop = spec["sound"]["sample_rate"], spec["sound"]["gop"]

    def packet(frame):
        return (frame * den * rate * 2 + 1024 * num) // (2 * 1024 * num)
    most, out, at, start = packet(gop) + 1, [], 0, 0
    clips = spec["clips"]
    total = packet(sum(clip["out"] - clip["in"] for clip in clips))
    for i, clip in enumerate(clips):
        frames = spec["assets"][clip["asset"]]["frames"]
        first, end = packet(start), packet(start + clip["out"] - clip["in"])
        shift = packet(clip["in"] - start)
        start += clip["out"] - clip["in"]
        begin, stop = first + 3 * (i > 0), end - 3 * (i + 1 < len(clips))
        begin, stop = max(begin, -shift), min(stop, packet(frames) - shift)
        for fragment in range((frames + gop - 1) // gop):
            head = packet(fragment * gop) - shift
            tail = packet(min((fragment + 1) * gop, frames)) - shift
            if head >= begin and tail <= stop and not spec["assets"][clip["asset"]].get("encode"):
                if head > at:
                    out += divided(head - at, -(-(head - at) // most))
                at = tail
    if total > at:
        out += divided(total - at, -(-(total - at) // most))
    return out


class Worker:
    """Claims and does jobs with canned files. tracks: a folder with v0 and a0, real track files; writer:
    the program that makes bridges."""

    def __init__(self, control, tracks, writer=None):
        self.control, self.tracks, self.writer = control, tracks, writer
        self.board = False  # do films have storyboards?
        self.more = {}  # what the next films are made like, beside the usual

    def put(self, folder, name, content, suffix=""):
        path = os.path.join(self.control.data, folder, name[:2], name + suffix)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)

    def track(self, which):
        with open(os.path.join(self.tracks, which), "rb") as file:
            return file.read()

    def claim(self, wait=0, kinds=("examine", "chunk", "audio", "text", "assemble", "storyboard", "bridge", "sound_bridge",
                                    "flatten")):
        answer = self.control.call("POST", "/api/v1/work/claim", {
            "worker": "canned", "kinds": list(kinds), "memory_mb": 4000, "wait_s": wait}, "worker")
        return answer.json if answer.status == 200 else None

    def say(self, job, verb, **more):
        return self.control.call("POST", f"/api/v1/work/{job['id']}/{verb}",
                                 {"fence": job["fence"], **more}, "worker")

    def do(self, job):
        """The result of job, its files made."""
        spec, kind = job["spec"], job["kind"]
        if kind == "examine":
            with open(spec["path"], "rb") as file:
                content = file.read()
            source = hashlib.sha256(content).hexdigest()
            self.put("source", source, content)
            self.put("source", source, b"index", ".index")
            text = [{"id": f"t{i}", "name": name_of(source, "t", i, s["path"]), "file": i,
                     "language": s["language"]} for i, s in enumerate(spec["subtitles"])]
            probe = {"container": "canned", **{key: self.more[key] for key in ("timecode", "timecode_rate", "chapters")
                                               if key in self.more}}
            return {"probe": probe, "conform": {"version": 1}, "changes": ["nothing"],
                    "asset": name_of(source, "conform"),
                    "source": {"hash": source, "size": len(content), "kept": spec["keep"]},
                    "plan": {"version": 1, "frames": 24, "rate": self.more.get("rate", [5, 1]), "gop": 10, "chunk_frames": 12,
                             "chunks": 2, "chunk_memory_mb": 600,
                             "video": [{"id": "v0", "name": name_of(source, "v0"), "codec": "h264"}],
                             "audio": [{"id": "a0", "name": name_of(source, "a0"), "language": "zh",
                                        "default": True}],
                             "storyboard": {"name": name_of(source, "board"), "interval_frames": 8, "width": 160,
                                            "height": 90, "columns": 2, "rows": 2} if self.board else None,
                             "text": text}}
        if kind in ("bridge", "sound_bridge"):
            return self.bridge(spec, kind)
        if kind == "flatten":
            content = b"an ordinary MP4 of " + spec["cut"].encode()
            self.put("flat", spec["name"], content, ".mp4")
            return {"flat": {"name": spec["name"], "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}}
        plan = spec["plan"]
        if kind == "chunk":
            folder = os.path.join(self.control.data, "tmp", "asset", spec["asset"])
            os.makedirs(folder, exist_ok=True)
            for what in ("v0", "tiles"):
                with open(os.path.join(folder, f"{what}.{spec['chunk']}"), "wb") as file:
                    file.write(b"piece")
            return {"frames": 12, "pieces": [{"id": "v0", "bytes": 5}], "tiles": []}
        if kind == "storyboard":
            name, tiles = plan["storyboard"]["name"], [f"{plan['storyboard']['name'][:8]}.{i} ".encode() for i in range(3)]
            self.put("track", name, b"".join(tiles), ".tiles")
            self.put("track", name, b"sheet", ".sheets")
            at = [sum(map(len, tiles[:i])) for i in range(3)]
            return {"storyboard": {"name": name, "tiles": [{"offset": o, "size": len(t)} for o, t in zip(at, tiles)],
                                   "sheets": [{"offset": 0, "size": 5}]}}
        if kind == "text":
            name, vtt = plan["text"][spec["text"]]["name"], b"WEBVTT\n\n00:00.000 --> 00:02.000\n\xe4\xbd\xa0\xe5\xa5\xbd\n"
            self.put("track", name, vtt, ".vtt")
            return {"text": {"name": name, "bytes": len(vtt)}}
        which = "v0" if kind == "assemble" else "a0"
        name, content = plan[{"v0": "video", "a0": "audio"}[which]][0]["name"], self.track(which)
        self.put("track", name, content)
        compat = self.more.get("compat", {}).get(which, which)
        return {"track": {"name": name, "bytes": len(content), "compat_id": name_of(compat),
                          "average_bandwidth": 80000}}

    def bridge(self, spec, kind):
        """Bridges of the lengths that are asked for; the sound's by the rules of sampan/composition.h."""
        if kind == "bridge":
            frames, count = spec["bridge"]["frames"], spec["bridge"]["fragments"]
            assert frames == sum(part["to"] - part["from"] for part in spec["parts"])
            lengths, outputs = divided(frames, count), spec["outputs"]
        else:
            lengths, outputs = sound_lengths(spec), [spec["output"]]
        for asset in spec["assets"]:
            assert {"asset", "source", "conform", "plan"} <= set(asset), asset.keys()
        made = []
        for output in outputs:
            path = os.path.join(self.tracks, "bridge")
            subprocess.run([self.writer, path, output["id"][0], *map(str, self.more.get("lengths", lengths))], check=True)
            with open(path, "rb") as file:
                content = file.read()
            self.put("bridge", output["name"], content)
            made.append({"id": output["id"], "name": output["name"], "bytes": len(content),
                         "compat_id": output["compat_id"], "fragments": len(lengths)})
        return {"bridges": made}

    def all(self, beat=True):
        count = 0
        while job := self.claim():
            if beat:
                assert self.say(job, "beat", done=1, total=2, unit="frames").status == 200
            answer = self.say(job, "commit", result=self.do(job))
            assert answer.status == 200, answer.body
            count += 1
        return count
