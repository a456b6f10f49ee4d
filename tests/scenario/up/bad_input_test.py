#!/usr/bin/env python3
"""bad_input_test.py SAMPAN SAMPLE [WORD…] - what is delivered is not always a film. Prints TAP.

One row, one file: it goes in by the command, and over the API as an upload (a path where there is nothing to
upload). What cannot be shown is refused in one sentence, the same both times, and leaves nothing; what can be
shown is shown whole, and what was changed is told. One instance takes all of it.
"""
import base64
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
import traceback

from up import PORT, ROOT, SAMPAN, SAMPLE, Up

FFMPEG = ["ffmpeg", "-nostdin", "-v", "error", "-y"]
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]


def ffmpeg(*arguments):
    subprocess.run([*FFMPEG, *map(str, arguments)], check=True)


def picture(size="128x96", rate="25", seconds=1):
    return ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}"]


SOUND = ["-f", "lavfi", "-i", "sine=d=1"]


def bytes_changed(path, change):
    with open(path, "rb") as file:
        content = bytearray(file.read())
    change(content)
    with open(path, "wb") as file:
        file.write(content)


# ---- how the files are made; each is given the path to make ----

def empty(path):
    open(path, "wb").close()


def unreadable(path):
    ffmpeg(*picture(), *X264, path)
    os.chmod(path, 0)
    return "keep the mode"


def noise(path):
    with open(path, "wb") as file:
        file.write(os.urandom(100000))


def no_picture(path):
    ffmpeg(*SOUND, "-c:a", "aac", path)


def unknown_codec(path):
    ffmpeg(*picture(), "-c:v", "mpeg4", path)
    bytes_changed(path, lambda b: b.__setitem__(slice(b.index(b"V_MPEG4/ISO/ASP"), None),
                                                b[b.index(b"V_MPEG4/ISO/ASP"):].replace(b"V_MPEG4", b"V_NONE4", 1)))


def box_grow(content, name, more):
    """Append more to the innermost box of that name, and lengthen what it is in."""
    chain, at, end = [], 0, len(content)
    steps = {b"moov": 8, b"trak": 8, b"mdia": 8, b"minf": 8, b"stbl": 8, b"stsd": 16, b"hvc1": 86}
    while at < end:
        size, kind = int.from_bytes(content[at:at + 4], "big"), bytes(content[at + 4:at + 8])
        if kind == name:
            for box in chain + [at]:
                length = int.from_bytes(content[box:box + 4], "big") + len(more)
                content[box:box + 4] = length.to_bytes(4, "big")
            content[at + size:at + size] = more
            return
        if kind in steps:
            chain.append(at)
            at, end = at + steps[kind], at + size
        else:
            at += size
    raise ValueError(name)


def dolby_vision(path):
    """HEVC whose sample entry says Dolby Vision profile 5: no base layer that anything else could show."""
    ffmpeg(*picture(), "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-tag:v", "hvc1",
           path)  # moov is behind the samples, whose places stay as they are
    profile, level = 5, 1
    record = bytes([1, 0]) + (profile << 9 | level << 3 | 0b101).to_bytes(2, "big") + bytes(20)
    bytes_changed(path, lambda b: box_grow(b, b"hvc1", (8 + len(record)).to_bytes(4, "big") + b"dvcC" + record))


def one(path, *more, frames=50, size="128x96", audio="none"):
    subprocess.run([SAMPLE, "one", "--out", path, "--size", size, "--rate", "25", "--frames", str(frames), "--source",
                    "7", "--audio", audio, *more], check=True, stdout=subprocess.DEVNULL)


def one_frame(path):
    one(path, frames=1)


def with_sound(path):
    one(path, audio="zh,en")


def lying_mp4(path):
    """mvhd, tkhd and mdhd say a thousand times as long as it is."""
    one(path)

    def lie(content):
        for name, at in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
            box = content.index(name)
            length = int.from_bytes(content[box + at:box + at + 4], "big") * 1000
            content[box + at:box + at + 4] = length.to_bytes(4, "big")
    bytes_changed(path, lie)


def lying_mkv(path):
    """Duration, a float of eight bytes, says ten hours."""
    import struct
    one(path)

    def lie(content):
        at = content.index(b"\x44\x89\x88")
        content[at + 3:at + 11] = struct.pack(">d", 36000000.0)
    bytes_changed(path, lie)


def no_timestamps(path):
    film = path + ".mp4"
    one(film)
    ffmpeg("-i", film, "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264", path)
    os.remove(film)


def two_pictures(path):
    film = path + ".mp4"
    one(film)
    ffmpeg(*picture("64x48", "10", 2), "-i", film, "-map", "0", "-map", "1", "-c:v:0", "libx264", "-c:v:1", "copy",
           path)
    os.remove(film)


def odd_sizes(path):
    ffmpeg(*picture("97x65"), "-c:v", "ffv1", path)


def turned_in_the_middle(path):
    """Its second half says, in a message of each picture, that it is to be turned by 90 degrees."""
    film, half, turned = (path + end for end in (".mp4", ".1.ts", ".2.ts"))
    one(film, frames=50)
    ffmpeg("-i", film, *X264, "-g", "25", "-bf", "0", "-f", "mpegts", half)
    ffmpeg("-ss", "1", "-i", film, *X264, "-g", "25", "-bf", "0", "-bsf:v",
           "h264_metadata=display_orientation=insert:rotate=90", "-output_ts_offset", "1", "-f", "mpegts", turned)
    ffmpeg("-t", "1", "-i", film, *X264, "-g", "25", "-bf", "0", "-f", "mpegts", half)
    with open(path, "wb") as out:
        for part in (half, turned):
            with open(part, "rb") as file:
                out.write(file.read())
            os.remove(part)
    os.remove(film)


def gap(path):
    """A recording that nothing came in for 15 seconds of."""
    film, early, late = (path + end for end in (".mp4", ".1.ts", ".2.ts"))
    one(film, frames=50)
    ffmpeg("-t", "1", "-i", film, *X264, "-g", "25", "-bf", "0", "-f", "mpegts", early)
    ffmpeg("-ss", "1", "-i", film, *X264, "-g", "25", "-bf", "0", "-output_ts_offset", "16", "-f", "mpegts", late)
    with open(path, "wb") as out:
        for part in (early, late):
            with open(part, "rb") as file:
                out.write(file.read())
            os.remove(part)
    os.remove(film)


def ten_hours(path):
    """36,000 frames, one a second."""
    part = path + ".part.mkv"
    ffmpeg(*picture("32x32", "1", 600), *X264, "-g", "2", part)
    ffmpeg("-stream_loop", "59", "-i", part, "-c", "copy", path)
    os.remove(part)


REFUSED = [  # name, file, how it is made (None: by nobody), code, words of the sentence
    ("an empty file", "empty.mp4", empty, "bad_format", "empty.mp4 is empty"),
    ("a directory", "folder.mp4", os.mkdir, "bad_format", "folder.mp4 is a directory"),
    ("a file that may not be read", "closed.mp4", unreadable, "forbidden", "closed.mp4"),
    ("a file that is not there", "nowhere.mp4", None, "not_found", "there is no file"),
    ("noise", "noise.mp4", noise, "bad_format", "is not a video file"),
    ("no picture", "sound.mp4", no_picture, "unsupported", "has no picture: only sound is in it"),
    ("a codec that is not known", "codec.mkv", unknown_codec, "unsupported", "in a codec that is not known"),
    ("Dolby Vision without a base layer", "dolby.mp4", dolby_vision, "unsupported",
     "is Dolby Vision profile 5, whose colours cannot be shown"),
]
SHOWN = [  # name, file, how, frames, rate, words of what was noted or changed, is the code in it?
    ("no sound", "silent.mp4", one, 50, [25, 1], "", True),
    ("two languages of sound", "sound.mkv", with_sound, 50, [25, 1], "", True),
    ("one frame", "frame.mp4", one_frame, 1, [25, 1], "", True),
    ("an MP4 that lies about its length", "lies.mp4", lying_mp4, 50, [25, 1], "", True),
    ("a Matroska file that lies about its length", "lies.mkv", lying_mkv, 50, [25, 1], "", True),
    ("no timestamps", "raw.h264", no_timestamps, 50, [25, 1], "no timestamps", True),
    ("two pictures", "two.mkv", two_pictures, 50, [25, 1], "is a second picture and was not taken", True),
    ("odd sizes", "odd.mkv", odd_sizes, 25, [25, 1], "", False),
    ("a picture that says to be turned in the middle", "turned.ts", turned_in_the_middle, 50, [25, 1], "", True),
    ("15 seconds that are missing in a recording", "gap.ts", gap, 50, [25, 1], "the parts were joined without a gap", True),
]


def upload(up, path):
    """A tus upload in two parts: its id."""
    with open(path, "rb") as file:
        content = file.read()
    name = base64.b64encode(os.path.basename(path).encode()).decode()
    connection = http.client.HTTPConnection("localhost", PORT, timeout=60)
    common = {"Authorization": "Bearer " + up.token(), "Tus-Resumable": "1.0.0"}

    def call(method, where, body, headers):
        connection.request(method, where, body, {**common, **headers})
        answer = connection.getresponse()
        answer.read()
        assert answer.status in (201, 204), (method, where, answer.status)
        return answer

    where = call("POST", "/api/v1/uploads", None,
                 {"Upload-Length": str(len(content)), "Upload-Metadata": "filename " + name}).headers["Location"]
    half = len(content) // 2
    for start, end in ((0, half), (half, len(content))):
        if end > start:
            call("PATCH", where, content[start:end],
                 {"Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"})
    connection.close()
    return where.split("/")[-1]


def over_api(up, path, seconds=300):
    """The ingest of a file over the API, once it has ended."""
    named = {"title": "Nobody's", "name": os.path.basename(path)}
    if os.path.isfile(path) and os.access(path, os.R_OK) and os.stat(path).st_mode & 0o444:
        asked = {"upload": upload(up, path), **named}
    else:
        asked = {"path": path, **named}
    status, ingest, _ = up.api("POST", "/api/v1/ingests", asked)
    assert status == 202, (status, ingest)
    end = time.monotonic() + seconds
    while ingest["state"] in ("examining", "encoding") and time.monotonic() < end:
        time.sleep(0.1)
        ingest = up.api("GET", f"/api/v1/ingests/{ingest['id']}")[1]
    return ingest


def items(up, what):
    return up.api("GET", f"/api/v1/{what}")[1]["items"]


def refused(up, name, file, make, code, words):
    path = os.path.join(up.dir, file)
    if make and make(path) is None:
        os.chmod(path, 0o755 if os.path.isdir(path) else 0o644)
    by_api = over_api(up, path)
    done = up.run("ingest", path, "--title", "Nobody's", "--publish", "--json", code=1)
    by_command = json.loads(done.stdout)
    assert by_api["state"] == "refused", by_api
    assert by_api["error"]["code"] == by_command["error"]["code"] == code, (by_api["error"], by_command["error"])
    assert by_api["error"]["text"] == by_command["error"]["text"], (by_api["error"], by_command["error"])
    text = by_command["error"]["text"]
    assert words in text and file in text, text
    assert "\n" not in text and not text.endswith("."), text
    assert done.stderr == f"sampan ingest: {text}\n", done.stderr
    for what in ("titles", "assets", "publications"):
        assert items(up, what) == [], f"{what} were left"


def notes_of(asset):
    return asset["changes"] + asset["probe"].get("notes", [])


def shown(up, name, file, make, frames, rate, words, coded):
    path = os.path.join(up.dir, file)
    make(path)
    os.chmod(path, 0o644)
    by_api = over_api(up, path)
    assert by_api["state"] == "ready", by_api
    done = json.loads(up.run("ingest", path, "--publish", "--wait", "--json").stdout)
    assert done["asset"] == by_api["asset"], (done, by_api)
    asset = up.api("GET", f"/api/v1/assets/{done['asset']}")[1]
    assert asset["frames"] == frames and asset["rate"] == rate, (asset["frames"], asset["rate"], asset["changes"])
    assert not words or any(words in note for note in notes_of(asset)), notes_of(asset)
    assert up.get(f"/v/{done['publication']}/main.m3u8")[0] == 200
    for rendition in asset["renditions"]:
        if rendition["media"] == "video":
            track = os.path.join(up.data, "track", rendition["name"][:2], rendition["name"])
            if coded:
                expect = subprocess.run([SAMPLE, "expect", track, "--source", "7", "--frames", str(frames)],
                                        capture_output=True, text=True, check=False)
                assert expect.returncode == 0, expect.stdout[-2000:] + expect.stderr[-2000:]
    up.run("unpublish", done["publication"])
    return asset


def ten_hours_go_in(up):
    """900 chunks; all of them are made only where SAMPAN_TEST_LONG is set, which takes minutes."""
    path = os.path.join(up.dir, "long.mkv")
    ten_hours(path)
    ingest = json.loads(up.run("ingest", path, "--title", "Long", "--publish", "--json").stdout)["ingest"]

    def look():
        return up.api("GET", f"/api/v1/ingests/{ingest}")[1]

    asset = up.api("GET", f"/api/v1/assets/{look()['asset']}")[1]
    assert asset["frames"] == 36000 and asset["rate"] == [1, 1], asset["frames"]
    assert asset["plan"]["chunks"] == 900, asset["plan"]["chunks"]
    if os.environ.get("SAMPAN_TEST_LONG"):
        up.run("watch", ingest, seconds=3600)
        playlist = up.get(f"/v/{look()['publication']['id']}/v0/media.m3u8")[1].decode()
        assert sum(float(line[8:].split(",")[0]) for line in playlist.splitlines() if line.startswith("#EXTINF:")) == 36000
        up.run("unpublish", look()["publication"]["id"])
    else:
        up.wait(lambda: look()["progress"]["jobs_done"] >= 5, "five chunks of it")
        assert up.api("DELETE", f"/api/v1/ingests/{ingest}")[0] == 204
        assert asset["hash"] not in [a["hash"] for a in items(up, "assets")], "the asset stays"
        assert not any(t["names"].get("und") == "Long" for t in items(up, "titles")), "the title stays"


# ---- a disk that fills up ----

def free_bytes(path):
    disk = os.statvfs(path)
    return disk.f_bavail * disk.f_frsize


def disk_full(up, left):
    """On a small disk of its own, which somebody else fills in mid-encode but for some bytes."""
    film = up.film(frames=8000, size="320x180")  # eight chunks: some are still to be made when the first is done
    filler = os.path.join(up.data, "tmp", "filler")
    up.start("--lease-s", "5")
    ingest = json.loads(up.run("ingest", film, "--json").stdout)["ingest"]

    def look():
        return up.api("GET", f"/api/v1/ingests/{ingest}")[1]

    up.wait(lambda: (look()["progress"] or {}).get("done", 0) > 0, "a frame")
    told = up.path("told", "")
    with open(told, "w", encoding="utf-8") as out:
        watch = subprocess.Popen([SAMPAN, "watch", ingest, "--data", up.data], stdout=subprocess.DEVNULL, stderr=out)
    with open(filler, "wb", buffering=0) as file:
        file.write(bytes(free_bytes(up.data) - left))
    if left:  # a row can be written: the job itself is paused
        up.wait(lambda: items(up, "jobs?state=paused"), "a paused job", 120)

    def words():
        with open(told, encoding="utf-8") as file:
            return file.read()

    up.wait(lambda: "film.mp4: paused, the disk is full" in words(), "word of the pause", 120)
    assert look()["progress"]["paused"], look()
    note = look()["progress"]["note"]
    assert "make room" in note and ("full" in note or "No space left" in note), note
    os.remove(filler)
    up.wait(lambda: look()["state"] not in ("examining", "encoding"), "the end", 300)
    ended = look()
    assert ended["state"] == "ready" and watch.wait(60) == 0, (ended, words())
    asset = up.api("GET", f"/api/v1/assets/{ended['asset']}")[1]
    track = asset["renditions"][0]["name"]
    expect = subprocess.run([SAMPLE, "expect", os.path.join(up.data, "track", track[:2], track), "--source", "1",
                             "--frames", "8000"], capture_output=True, text=True, check=False)
    assert expect.returncode == 0, expect.stdout[-2000:]


def with_small_disk(report, name, left):
    if not report.wants(name):
        return
    up = Up()
    mounted = ROOT and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size=64m,uid={os.stat(up.data).st_uid},mode=0750", "none", up.data],
        check=False, capture_output=True).returncode == 0
    try:
        if not mounted:
            report(name, None, "only root, and not in every container, can mount a small disk")
        else:
            report(name, lambda: disk_full(up, left))
    finally:
        if up.process and up.process.poll() is None:
            up.process.terminate()
            up.process.wait(60)
        if mounted:
            subprocess.run(["umount", "-l", up.data], check=False)
        up.finish()


def main():
    chosen = sys.argv[3:]
    count = failed = 0

    def wants(name):
        return not chosen or any(word in name for word in chosen)

    def report(name, run, skip=""):
        nonlocal count, failed
        if not wants(name):
            return
        count += 1
        if run is None:
            print(f"ok {count} - {name} # SKIP {skip}", flush=True)
            return
        try:
            run()
            print(f"ok {count} - {name}", flush=True)
        except Exception:  # a row's own failure, whatever it is
            failed += 1
            text = traceback.format_exc().replace("\n", "\n# ")
            print(f"not ok {count} - {name}\n# {text}", flush=True)

    report.wants = wants
    up = Up()
    try:
        up.start()
        for row in REFUSED:
            report(row[0] + " is refused, in one sentence, and nothing is left", lambda row=row: refused(up, *row))
        for row in SHOWN:
            report(row[0] + ": it is shown whole", lambda row=row: shown(up, *row))
        report("ten hours of tiny frames go in, chunk after chunk, and out again", lambda: ten_hours_go_in(up))
    finally:
        up.finish()
    pauses = "in mid-encode: the job pauses, says so, and goes on when there is room"
    with_small_disk(report, "a disk that has room for rows alone " + pauses, 1100000)
    with_small_disk(report, "a disk that is full to the last byte " + pauses, 0)
    print(f"1..{count}")
    return 1 if failed else 0


if shutil.which("ffmpeg") is None:
    sys.exit("ffmpeg is not installed: script/bootstrap --test")
sys.exit(main())
