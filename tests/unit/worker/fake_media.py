#!/usr/bin/env python3
"""fake_media.py - stands in for sampan-media in the tests of the worker.

What it does is said by plan.fake (of a cut, by that of its first asset; for examine, by the name of the source), a
word below. It keeps the protocol of docs/formats/jobs.md except where the word says otherwise.
"""
import hashlib
import json
import os
import resource
import signal
import sys
import time

request = json.load(sys.stdin)
operation = sys.argv[1]
first = (request.get("assets") or [{}])[0]
word = (request.get("plan", {}).get("fake") or first.get("picture", first).get("plan", {}).get("fake") or
        request.get("source", {}).get("name", ""))


def say(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def write(fd, text):
    os.write(fd, text.encode())


say(event="progress", done=1, total=10, unit="frames")
if word == "crash":
    for output in request.get("outputs", []):
        write(output["fd"], "half ")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.kill(os.getpid(), signal.SIGSEGV)
if word == "hang":
    time.sleep(1000)
if word == "hang-closed":
    os.close(1)
    os.close(2)
    time.sleep(1000)
if word == "slow":
    for done in range(600):
        say(event="progress", done=done, total=600, unit="frames")
        time.sleep(0.1)
if word == "short":
    time.sleep(1.5)
if word == "garbage":
    print("this is no JSON", flush=True)
    time.sleep(1000)
if word == "endless":
    while True:
        sys.stdout.write("x" * 65536)
if word == "mute":
    sys.exit(0)
if word == "odd-exit":
    sys.exit(3)
if word == "twice":
    say(event="result")
    say(event="result")
    time.sleep(1000)
if word == "result-then-crash":
    say(event="result")
    os.kill(os.getpid(), signal.SIGABRT)
if word == "refused":
    say(event="error", code="unsupported", text="the picture is of a codec that nobody knows")
    sys.exit(1)
if word == "full":
    say(event="error", code="disk_full", text="the disk is full")
    sys.exit(1)
if word == "unknown-code":
    say(event="error", code="nonsense", text="what")
    sys.exit(1)
if word == "chatty":
    for line in range(500):
        print(f"[h264] line {line}", file=sys.stderr)
if word == "descriptors":
    say(event="error", code="unsupported", text="fds " + " ".join(sorted(os.listdir("/proc/self/fd"), key=int)[:-1]))
    sys.exit(1)

if operation == "examine":
    write(request["index_fd"], "the packets of " + os.pread(request["source"]["fd"], 100, 0).decode())
    say(event="result", asset="a" * 64, probe={"request": request}, plan={"version": 1})
elif operation == "chunk":
    os.pread(request["source"]["fd"], 1, 0)
    for output in request["outputs"]:
        write(output["fd"], f"piece {output['id']}.{request['chunk']}")
    write(request["tiles_fd"], "tiles")
    say(event="result", frames=10, pieces=[], tiles=[], limits=request.get("limits"))
elif operation == "text":
    write(request["output_fd"], "WEBVTT\n")
    say(event="result", cues=0, request=request)
elif operation == "storyboard":
    tiles = b"".join(os.pread(t["fd"], t["size"], t["offset"]) for t in request["tiles"])
    os.write(request["tiles_fd"], tiles)
    os.write(request["sheets_fd"], tiles)
    say(event="result", tiles=[{"offset": 0, "size": len(tiles)}], sheets=[{"offset": 0, "size": len(tiles)}])
elif operation in ("bridge", "sound_bridge"):
    # what is written is the file that the rung names; "lie" is told instead of its hash
    pieces = []
    for output in request.get("outputs") or [request["output"]]:
        rung = output.get("rung") or output["audio"]
        with open(rung["file"], "rb") as file:
            data = file.read()
        os.write(output["fd"], data)
        pieces.append({"id": output.get("id"), "bytes": len(data),
                       "sha256": rung.get("lie") or hashlib.sha256(data).hexdigest(), "crf": 19})
    if operation == "bridge":
        say(event="result", frames=1, pieces=pieces, request=request)
    else:
        say(event="result", packets=1, seams={"moved": 0, "unmatched": 0}, request=request, **pieces[0])
elif operation == "verify":
    # the film as it was given, in hex; a fault where the word says so
    film = os.pread(request["film"]["fd"], 1 << 20, 0)
    faults = [{"check": "bridge.frame", "rendition": "v0", "join": 0, "frame": 3, "text": "v0: off by one"}]
    faults = faults if word == "fault" else []
    say(event="result", frames=21, fault_count=len(faults), faults=faults, measured={}, film=film.hex(), request=request)
elif operation == "audio":
    write(request["output_fd"], "no track at all")
    say(event="result", packets=1)
