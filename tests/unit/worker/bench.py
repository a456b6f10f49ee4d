"""bench.py - the worker against an API and a sampan-media that are made of paper: what its tests have in common.

A test's file is called with WORKER WRITE_TRACKS [WORD…], words of the names of the tests to run. Each test has a data
directory, a fake API on its socket and a worker of its own.
"""
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


# ---- tracks: tests/unit/track/write_tracks.c draws them, at 5 frames a second ----


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
