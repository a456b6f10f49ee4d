"""instance.py - one running Sampan under test: `sampan up` on a directory and a port of its own."""
import atexit
import functools
import hashlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

# A test that is asked to end ends what it has started: every `finally` is done, every instance is stopped.
signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def descendants(pid):
    """All processes below pid: [(pid, name)], children before grandchildren."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                    line = stat.read()
            except OSError:
                continue
            name = line[line.index("(") + 1 : line.rindex(")")]
            fields = line[line.rindex(")") + 2 :].split()
            if fields[0] != "Z":
                parents.setdefault(int(fields[1]), []).append((int(entry), name))
    found, look = [], [pid]
    while look:
        for child in parents.get(look.pop(0), []):
            found.append(child)
            look.append(child[0])
    return found


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@functools.cache
def place_for_all():
    """A directory that every user can read, gone at the end."""
    place = tempfile.mkdtemp(prefix="sampan-programs-")
    os.chmod(place, 0o755)
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


def out_of_reach(path):
    """Does root run the tests in a place where www-data, as whom Sampan runs then, cannot go?"""
    above = os.path.dirname(os.path.realpath(path))
    return os.geteuid() == 0 and (not os.stat(above).st_mode & 1 or above != "/" and out_of_reach(above))


@functools.cache
def for_all(path):
    """A built file as www-data can use it: itself, or else a copy; of `sampan`, all that is installed with it."""
    path = os.path.abspath(path)
    if not out_of_reach(path):
        return path
    if os.path.basename(path) != "sampan":
        return shutil.copy(path, place_for_all())
    build = os.path.dirname(os.path.dirname(os.path.dirname(path)))
    subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", place_for_all()],
                   check=True, stdout=subprocess.DEVNULL)
    for top, _, names in os.walk(place_for_all()):
        if os.path.basename(top) == "bin" and "sampan" in names:
            return os.path.join(top, "sampan")
    raise RuntimeError(f"nothing called sampan was installed from {build}")


class Instance:
    def __init__(self, program, data, port, database=None, environment=None):
        self.program, self.data, self.port = program, data, port
        self.database, self.environment = database, environment or {}
        self.process = None

    def start(self):
        command = [self.program, "up", "--data", self.data, "--port", str(self.port)]
        if self.database:
            command += ["--database", self.database]
        atexit.register(self.stop)
        self.log = open(os.path.join(os.path.dirname(self.data), "up.log"), "ab")
        self.process = subprocess.Popen(
            command, env={**os.environ, **self.environment}, stdout=self.log, stderr=self.log,
            stdin=subprocess.DEVNULL,
        )
        self.wait(lambda: self.ready(), 60, "ready")

    def ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"sampan up ended with {self.process.returncode}")
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5).status == 200
        except (urllib.error.URLError, OSError):
            return False

    def wait(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.05)
        raise RuntimeError(f"not {what} after {seconds} s")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def kill_all(self):
        """SIGKILL of `sampan up`: nothing of it may be left."""
        below = descendants(self.process.pid)
        self.process.kill()
        self.process.wait()
        self.wait(lambda: not any(alive(pid) for pid, _ in below), 10, f"gone: {below}")

    def kill_one(self, name, rng, patience):
        """SIGKILL of one process below `sampan up` whose name begins so; False when there is none for so long."""
        end = time.monotonic() + patience
        while not (found := [pid for pid, comm in descendants(self.process.pid) if comm.startswith(name[:15])]):
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        try:
            os.kill(rng.choice(found), signal.SIGKILL)
        except ProcessLookupError:  # it ended in between
            return False
        return True

    def api(self, method, path, body=None, patience=60):
        """The API's answer; while it is away (killed, starting) the call is made again."""
        with open(os.path.join(self.data, "token"), encoding="utf-8") as token:
            headers = {"Authorization": "Bearer " + token.read().strip()}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
            headers["Idempotency-Key"] = secrets.token_hex(16)  # one a call: made again, it is the same
        end = time.monotonic() + patience
        while True:
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.port}{path}", data, headers, method=method)
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    text = answer.read()
                    return json.loads(text) if text else None
            except urllib.error.HTTPError as error:
                if error.code not in (502, 503, 504) or time.monotonic() > end:
                    raise RuntimeError(f"{method} {path}: {error.code} {error.read()[:500]!r}") from error
            except (urllib.error.URLError, OSError):
                if time.monotonic() > end:
                    raise
            time.sleep(0.1)

    def items(self, path):
        """Every item of a list, page after page."""
        out, cursor = [], ""
        while True:
            page = self.api("GET", path + (f"?cursor={cursor}" if cursor else ""))
            out += page["items"]
            cursor = page.get("next")
            if not cursor:
                return out

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return answer.read()

    def played(self, publication):
        """A hash over all that a player can fetch of a publication, by the playlists."""
        base = f"/v/{publication}/"
        whole = hashlib.sha256()
        seen, look = set(), ["main.m3u8", "main.mpd"]
        while look:
            name = look.pop(0)
            if name in seen:
                continue
            seen.add(name)
            body = self.get(base + name)
            whole.update(name.encode() + b"\0" + hashlib.sha256(body).digest())
            if name.endswith(".m3u8"):
                text = body.decode()
                names = re.findall(r'URI="([^"]+)"', text)
                names += [line for line in text.splitlines() if line and not line.startswith("#")]
                look += [os.path.normpath(os.path.join(os.path.dirname(name), n)) for n in names]
        return whole.hexdigest(), len(seen)


def tree(data, folder):
    """{path below data/folder: SHA-256}"""
    out = {}
    for path, _, names in os.walk(os.path.join(data, folder)):
        for name in names:
            whole = os.path.join(path, name)
            with open(whole, "rb") as file:
                out[os.path.relpath(whole, data)] = hashlib.sha256(file.read()).hexdigest()
    return out
