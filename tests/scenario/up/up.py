"""up.py - a `sampan up` of a test's own, and the tests that are given one. Each has a data directory of its
own and the port below; run by root, the directory is given to www-data, as whom everything then runs.

A file of tests is run as FILE SAMPAN SAMPLE [WORD…]: with words, only tests that have one in their name.
"""
import json
import os
import pwd
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from instance import descendants, for_all

SAMPAN, SAMPLE = for_all(sys.argv[1]), os.path.abspath(sys.argv[2])
PORT = int(os.environ.get("SAMPAN_TEST_PORT", "18410"))
ROOT = os.geteuid() == 0


class Up:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="sampan-up-")
        os.chmod(self.dir, 0o755)
        self.data = os.path.join(self.dir, "data")
        os.mkdir(self.data, 0o750)
        if ROOT:
            user = pwd.getpwnam("www-data")
            os.chown(self.data, user.pw_uid, user.pw_gid)
        self.process = None

    def path(self, name, text=None):
        path = os.path.join(self.dir, name)
        if text is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(path, 0o644)
        return path

    def begin(self, *arguments, data=None):
        self.out = open(self.path("out"), "w+b")
        self.process = subprocess.Popen(
            [SAMPAN, "up", "--data", data or self.data, "--port", str(PORT), *arguments],
            stdin=subprocess.DEVNULL, stdout=self.out, stderr=subprocess.STDOUT)
        return self

    def said(self):
        with open(self.path("out"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def logs(self):
        out = ""
        for name in sorted(os.listdir(os.path.join(self.data, "log"))):
            with open(os.path.join(self.data, "log", name), encoding="utf-8", errors="replace") as file:
                out += f"== {name}\n{file.read()[-3000:]}\n"
        return out

    def start(self, *arguments):
        self.begin(*arguments)
        self.wait(lambda: "ready " in self.said(), "ready")
        return self

    def wait(self, condition, what, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.05)
        raise AssertionError(f"{what} did not happen; {self.said()} {self.logs() if os.path.isdir(self.data + '/log') else ''}")

    def ended(self, seconds=30):
        return self.process.wait(seconds)

    def run(self, *arguments, code=0, data=None, seconds=300):
        done = subprocess.run([SAMPAN, *arguments, "--data", data or self.data], capture_output=True,
                              text=True, timeout=seconds, cwd=self.dir, check=False)
        assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        return done

    def parts(self):
        """{name: pid} of the three parts."""
        return {name: pid for pid, name in reversed(descendants(self.process.pid))
                if name in ("sampan-control", "sampan-worker", "nginx")}

    def get(self, path, scheme="http"):
        context = ssl._create_unverified_context() if scheme == "https" else None
        try:
            with urllib.request.urlopen(f"{scheme}://localhost:{PORT}{path}", timeout=20, context=context) as answer:
                return answer.status, answer.read(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read(), dict(error.headers)
        except (OSError, urllib.error.URLError):
            return 0, b"", {}

    def token(self):
        with open(self.data + "/token", encoding="ascii") as file:
            return file.read().strip()

    def api(self, method, path, body=None, headers=None):
        """(status, JSON or None, headers) of a call as the owner, through nginx."""
        request = urllib.request.Request(
            f"http://localhost:{PORT}{path}", None if body is None else json.dumps(body).encode(),
            {"Authorization": "Bearer " + self.token(), "Content-Type": "application/json", **(headers or {})},
            method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text, status, headers = answer.read(), answer.status, dict(answer.headers)
        except urllib.error.HTTPError as error:
            text, status, headers = error.read(), error.code, dict(error.headers)
        return status, json.loads(text) if text else None, headers

    def film(self, name="film.mp4", frames=150, size="128x96", *more):
        path = self.path(name)
        subprocess.run([SAMPLE, "one", "--out", path, "--size", size, "--rate", "25", "--frames", str(frames),
                        *(more or ("--audio", "none"))], check=True, stdout=subprocess.DEVNULL)
        os.chmod(path, 0o644)
        return path

    def finish(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
        shutil.rmtree(self.dir)


tests = []


def test(name):
    def add(function):
        tests.append((name, function))
        return function
    return add


def main():
    """Run the chosen tests, print TAP, exit."""
    chosen = [t for t in tests if len(sys.argv) < 4 or any(word in t[0] for word in sys.argv[3:])]
    print(f"1..{len(chosen)}", flush=True)
    failed = 0
    for number, (name, function) in enumerate(chosen, 1):
        up = Up()
        try:
            function(up)
            print(f"ok {number} - {name}", flush=True)
        except Exception:  # a test's own failure, whatever it is
            failed += 1
            text = traceback.format_exc().replace("\n", "\n# ")
            print(f"not ok {number} - {name}\n# {text}", flush=True)
        finally:
            up.finish()
    sys.exit(1 if failed else 0)
