#!/usr/bin/env python3
"""progress_test.py SAMPAN SAMPLE [WORD…] - an ingest on its way, as events through nginx and in the terminal.
Prints TAP."""
import http.client
import http.server
import json
import os
import pty
import re
import signal
import socketserver
import subprocess
import threading
import urllib.error
import urllib.request

from up import PORT, SAMPAN, main, test


class Stream:
    """Server-sent events of an ingest, read through nginx as they come."""

    def __init__(self, up, ingest, last=None):
        self.connection = http.client.HTTPConnection("localhost", PORT, timeout=60)
        headers = {"Authorization": "Bearer " + up.token(), "Accept": "text/event-stream"}
        if last:
            headers["Last-Event-ID"] = last
        self.connection.request("GET", f"/api/v1/ingests/{ingest}/events", headers=headers)
        self.answer = self.connection.getresponse()

    def events(self):
        """(id, ingest), each as soon as its last line is there."""
        fields = {}
        for line in self.answer:
            name, _, value = line.decode().rstrip("\r\n").partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                yield fields["id"], json.loads(fields["data"])
                fields = {}
            else:
                fields = {}

    def close(self):
        self.connection.close()


def begun(up, frames=4000):
    """An ingest that takes a while: its id."""
    up.start()
    return json.loads(up.run("ingest", up.film(frames=frames, size="320x180"), "--json").stdout)["ingest"]


def progress_of(ingest):
    return ingest["progress"] and (ingest["progress"]["done"], ingest["progress"]["total"])


@test("events come through nginx while the job runs, with frames, rate and time left")
def _(up):
    ingest = begun(up, 12000)  # a dozen chunks: however fast they are, not all end between two events
    stream, seen = Stream(up, ingest), []
    assert stream.answer.headers["Content-Type"] == "text/event-stream"
    for _, event in stream.events():
        now = up.api("GET", f"/api/v1/ingests/{ingest}")[1]
        if now["state"] == "encoding":  # the event was here before the work was done
            assert event["progress"]["unit"] == "frames" and event["progress"]["total"] == 12000, event
            seen.append(event["progress"])
        last = event
    assert last["state"] == "ready", last
    counts = {p["done"] for p in seen}
    assert len([n for n in counts if 0 < n < 12000]) >= 2, seen
    known = [p for p in seen if p["per_second"]]
    assert known and all(p["seconds_left"] >= 0 for p in known), seen


@test("a single event is passed on at once, and not kept until a buffer is full")
def _(up):
    up.start("--workers", "0")
    ingest = up.api("POST", "/api/v1/ingests", {"path": up.film()})[1]["id"]
    events = Stream(up, ingest).events()
    assert next(events)[1]["state"] == "examining"  # and nothing more happens
    assert up.api("DELETE", f"/api/v1/ingests/{ingest}")[0] == 204
    assert [event["state"] for _, event in events] == ["canceled"]


@test("a stream that broke goes on after the event that was seen last, and is not begun again when it has ended")
def _(up):
    ingest = begun(up, 1500)
    stream = Stream(up, ingest)
    last, first = next(stream.events())
    stream.close()
    assert first["state"] == "encoding"
    again = list(Stream(up, ingest, last).events())
    assert again[0][0] != last and again[-1][1]["state"] == "ready", again
    assert len({event for event, _ in again}) == len(again), "no event comes twice"
    ended = Stream(up, ingest, again[-1][0])
    assert ended.answer.status == 204 and ended.answer.read() == b""
    late = list(Stream(up, ingest).events())
    assert [event["state"] for _, event in late] == ["ready"], late


def asked(up, ingest):
    """How often nginx was asked for the ingest and for its events."""
    looks = streams = 0
    with open(up.data + "/log/access.log", encoding="utf-8") as file:
        for line in file:
            msg = json.loads(line)["msg"]
            looks += msg == f"GET /api/v1/ingests/{ingest}"
            streams += msg == f"GET /api/v1/ingests/{ingest}/events"
    return looks, streams


@test("--wait listens to the events and does not ask again and again")
def _(up):
    up.start()
    film = up.film(frames=2500, size="320x180")
    done = json.loads(up.run("ingest", film, "--wait", "--json", "--api", f"http://localhost:{PORT}").stdout)
    assert done["state"] == "ready", done
    up.process.send_signal(signal.SIGTERM)  # nginx writes its log
    up.ended()
    assert asked(up, done["ingest"]) == (0, 1), asked(up, done["ingest"])


@test("--wait goes on when the API is killed meanwhile")
def _(up):
    up.start("--lease-s", "2")
    film = up.film(frames=2500, size="320x180")
    wait = subprocess.Popen([SAMPAN, "ingest", film, "--wait", "--json", "--data", up.data], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    up.wait(lambda: any(i["state"] == "encoding" for i in up.api("GET", "/api/v1/ingests")[1]["items"]), "encoding")
    os.kill(up.parts()["sampan-control"], signal.SIGKILL)
    out, err = wait.communicate(timeout=300)
    assert wait.returncode == 0 and json.loads(out)["state"] == "ready", (wait.returncode, out, err)


class WithoutStreams(http.server.BaseHTTPRequestHandler):
    """What stands between and lets no stream through."""

    def forward(self):
        if self.path.endswith("/events"):
            self.server.streams += 1
            self.send_error(502)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = urllib.request.Request(f"http://localhost:{PORT}{self.path}", body or None,
                                         {k: v for k, v in self.headers.items() if k != "Host"}, method=self.command)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
            self.send_response(answer.status)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = forward

    def log_message(self, *arguments):
        pass


@test("where no stream comes through --wait looks from time to time")
def _(up):
    up.start()
    film = up.film(frames=200)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), WithoutStreams) as between:
        between.streams = 0
        threading.Thread(target=between.serve_forever, daemon=True).start()
        done = json.loads(up.run("ingest", film, "--wait", "--json", "--api",
                                 f"http://127.0.0.1:{between.server_address[1]}").stdout)
        between.shutdown()
    assert done["state"] == "ready" and between.streams >= 1, done


@test("the bar in the terminal has frames, their rate and the time left")
def _(up):
    up.start()
    film = up.film(frames=4000, size="320x180")
    here, there = pty.openpty()
    wait = subprocess.Popen([SAMPAN, "ingest", film, "--wait", "--data", up.data], stdout=subprocess.DEVNULL, stderr=there)
    os.close(there)
    said = b""
    try:
        while part := os.read(here, 4096):
            said += part
    except OSError:  # EIO: the other end is closed
        pass
    os.close(here)
    assert wait.wait(300) == 0, said
    lines = said.decode().replace("\033[K", "").split("\r")
    shown = [re.search(r"film.mp4: encoding \[[#.]{20}\] \d+% (\d+)/4000 frames, (\d+)/s, (\d+):(\d\d) left", line)
             for line in lines]
    assert any(m and int(m[1]) > 0 and int(m[2]) > 0 for m in shown), lines


main()
