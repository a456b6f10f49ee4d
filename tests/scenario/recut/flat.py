"""flat.py - `sampan cut flatten`: the MP4 of a cut against what a viewer of its publication gets, and how it is fetched."""
import hashlib
import http.client
import http.server
import json
import os
import struct
import subprocess
import threading
import urllib.parse

import film as checks
from boxes import fragments
from model import FRAME, RATE

# ---- the file, taken apart by hand ----


def children(data, begin, end):
    at = begin
    while at < end:
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        head = 8
        if size == 1:
            size, head = struct.unpack(">Q", data[at + 8:at + 16])[0], 16
        yield kind.decode("latin-1"), at + head, at + size
        at += size


def inside(data, begin, end, path):
    for name in path.split("/"):
        begin, end = next(((b, e) for kind, b, e in children(data, begin, end) if kind == name), (None, None))
        if begin is None:
            return None
    return begin, end


def table(data, span, form, skip=8):
    """The entries of a FullBox: version, flags and count stand before them."""
    if not span:
        return []
    size = struct.calcsize(form)
    count = struct.unpack(">I", data[span[0] + skip - 4:span[0] + skip])[0]
    return [struct.unpack(form, data[span[0] + skip + i * size:span[0] + skip + (i + 1) * size]) for i in range(count)]


class Track:
    def __init__(self, data, begin, end, timescale):
        self.timescale = timescale  # of the movie
        stbl = inside(data, begin, end, "mdia/minf/stbl")
        sizes = [size for size, in table(data, inside(data, *stbl, "stsz"), ">I", 12)]
        small = inside(data, *stbl, "stco")
        chunks = [at for at, in table(data, small or inside(data, *stbl, "co64"), ">I" if small else ">Q")]
        runs = table(data, inside(data, *stbl, "stsc"), ">III")
        ctts = inside(data, *stbl, "ctts")
        self.ctts_version = data[ctts[0]] if ctts else None
        offsets = [o for count, o in table(data, ctts, ">Ii") for _ in range(count)] or [0] * len(sizes)
        stss = inside(data, *stbl, "stss")
        syncs = {n for n, in table(data, stss, ">I")} if stss else set(range(1, len(sizes) + 1))
        self.steps = {step for _, step in table(data, inside(data, *stbl, "stts"), ">II")}
        self.boxes = [kind for kind, _, _ in children(data, *stbl)]
        self.bytes, self.offsets, self.syncs = [], offsets, [n + 1 in syncs for n in range(len(sizes))]
        self.ends = []
        for number, at in enumerate(chunks, 1):
            samples = [run for run in runs if run[0] <= number][-1][1]
            for _ in range(samples):
                size = sizes[len(self.bytes)]
                self.bytes.append(data[at:at + size])
                at += size
            self.ends.append(at)
        stsd = inside(data, *stbl, "stsd")
        self.entry = data[stsd[0]:stsd[1]]
        elst = inside(data, begin, end, "edts/elst")
        self.edits = table(data, elst, ">Iii") if elst else None
        tkhd = inside(data, begin, end, "tkhd")[0]
        self.flags = struct.unpack(">I", data[tkhd:tkhd + 4])[0] & 0xFFFFFF
        self.group = struct.unpack(">H", data[tkhd + 34:tkhd + 36])[0]


def tracks_of(path):
    with open(path, "rb") as file:
        data = file.read()
    order = [kind for kind, _, _ in children(data, 0, len(data))]
    moov = inside(data, 0, len(data), "moov")
    mvhd = inside(data, *moov, "mvhd")[0]
    timescale = struct.unpack(">I", data[mvhd + 12:mvhd + 16])[0]
    return order, [Track(data, b, e, timescale) for kind, b, e in children(data, *moov) if kind == "trak"]


def same_faults(track, rendition, name):
    """Sample after sample what the viewer gets: bytes, order, offsets, which are sync."""
    data = rendition.whole()
    want, offsets, syncs = [], [], []
    for f in fragments(data):
        want += [data[place:place + size] for place, size in zip(f.places, f.sizes)]
        offsets += f.offsets
        syncs += [not flags & 0x00010000 for flags in f.flags]
    out = []
    if track.bytes != want:
        out.append(f"{name}: {len(track.bytes)} samples, not the {len(want)} that a viewer gets")
    if track.offsets != offsets:
        out.append(f"{name}: composition offsets are others")
    if track.syncs != syncs:
        out.append(f"{name}: other samples are sync")
    begin, end = inside(rendition.init, 0, len(rendition.init), "moov/trak/mdia/minf/stbl/stsd")
    if track.entry != rendition.init[begin:end]:
        out.append(f"{name}: another sample entry")
    return out


def probe(path):
    done = subprocess.run(["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", path], check=True,
                          capture_output=True, stdin=subprocess.DEVNULL)
    if done.stderr:
        raise RuntimeError(done.stderr.decode())
    return json.loads(done.stdout)


def probe_faults(cut, path, languages):
    """What a tool that knows nothing of us sees: languages, which one plays, lengths, all of it from 0 on."""
    told, out = probe(path), []
    video, audio = [[s for s in told["streams"] if s["codec_type"] == kind] for kind in ("video", "audio")]
    seconds = cut.frames * cut.den / cut.num
    if len(video) != 1 or int(video[0]["nb_frames"]) != cut.frames:
        out.append(f"probe: {len(video)} pictures, {[v['nb_frames'] for v in video]} frames, not {cut.frames}")
    three = {"zh": "zho", "en": "eng"}
    have = [s.get("tags", {}).get("language") for s in audio]
    if have != [three[one.split("-")[0]] for one in languages]:
        out.append(f"probe: languages {have}, not {languages}")
    if [s["disposition"]["default"] for s in audio] != [1] + [0] * (len(audio) - 1):
        out.append("probe: not the first sound alone is the one that plays")
    for stream in told["streams"]:
        if float(stream["start_time"]) != 0:
            out.append(f"probe: {stream['codec_type']} begins at {stream['start_time']}")
        if abs(float(stream["duration"]) - seconds) > (0.0005 if stream["codec_type"] == "video" else FRAME / 2 / RATE + 0.0005):
            out.append(f"probe: {stream['codec_type']} lasts {stream['duration']}, not {seconds}")
    return out


def sound_length(cut):
    """Samples that are to be heard: sound ends with the picture. FFmpeg does not cut the last packet for that."""
    return min(cut.packets() * FRAME, cut.frames * cut.den * RATE // cut.num)


def holds(bench, sample, cut_id, cut, film, shown, sources, name, report, same):
    """Every rung of a built and published cut, flattened: the samples that a viewer gets, which are looked at and
    listened to elsewhere; of the rungs in shown, the file is too. shown[rung][asset]: MD5s of the asset's pictures."""
    for rung in film.video():
        path = bench.path(f"flat-{rung}.mp4")
        told = json.loads(bench.command("cut", "flatten", cut_id, "--rung", rung, "-o", path, "--force", "--json"))
        order, tracks = tracks_of(path)
        with open(path, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        same(f"{name} {rung}: flattened it is the file that is told of", (os.path.getsize(path), digest),
             (told["bytes"], told["sha256"]))
        same(f"{name} {rung}: an ordinary MP4 that can be played while it comes", order, ["ftyp", "moov", "mdat"])
        renditions = [rung] + film.audio()
        faults = [] if len(tracks) == len(renditions) else [f"{len(tracks)} tracks"]
        for track, one in zip(tracks, renditions):
            faults += same_faults(track, film.renditions[one], one)
        report(faults, f"{name} {rung}: its samples are those that a viewer gets, to the byte and in order")
        report([f"{t.flags} {t.group}" for t in tracks if t.group != (0 if t is tracks[0] else 1)] +
               [f"{t.flags}" for n, t in enumerate(tracks) if t.flags & 1 != (n < 2)] +
               [f"{t.edits}" for t in tracks[1:] if not t.edits or len(t.edits) != 1 or t.edits[0][1] != 0
                or t.edits[0][0] * RATE != sound_length(cut) * t.timescale] +
               [f"{t.edits}" for t in tracks[:1] if t.edits] + [f"{t.boxes}" for t in tracks if "btrt" in t.boxes] +
               [f"{t.steps}" for t, step in zip(tracks, [cut.den] + [FRAME] * 9) if t.steps != {step}],
               f"{name} {rung}: one step, one sound of several, an edit in sound alone, and none before 0")
        report(probe_faults(cut, path, [film.language(one) for one in film.audio()]),
               f"{name} {rung}: ffprobe sees languages and lengths, and all begins at 0")
        if rung not in shown:
            os.unlink(path)
            continue
        report(checks.step_faults(cut, path), f"{name} {rung} flattened: PTS and DTS go on at one step")
        report(checks.code_faults(sample, cut, path, sources), f"{name} {rung} flattened: every frame is the expected one")
        report(checks.decode_faults(cut, path, shown[rung]),
               f"{name} {rung} flattened: it decodes without a word, references bit by bit")
        for number, one in enumerate(film.audio()):
            faults, heard = checks.sound_faults(sample, cut, path, sources, film.language(one), bench.dir,
                                                stream=number)
            report(faults + ([] if len(heard) >= 6 else [f"only {heard}"]),
                   f"{name} {rung} flattened: sound {film.language(one)} is where it should be in {len(heard)} clips")
        os.unlink(path)


# ---- over HTTP ----


def ask(bench, path, method="GET", token=True, **headers):
    if token:
        with open(os.path.join(bench.data, "token"), encoding="utf-8") as file:
            headers["Authorization"] = "Bearer " + file.read().strip()
    connection = http.client.HTTPConnection("127.0.0.1", bench.instance.port, timeout=30)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


class Cutting(http.server.BaseHTTPRequestHandler):
    """Hands on what the API says, but of a file at most `piece` bytes: then it hangs up."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def hand_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        data = answer.read()
        self.server.asked.append((self.path, self.headers.get("Range")))
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in ("date", "server", "connection"):
                self.send_header(name, value)
        self.end_headers()
        cut = urllib.parse.urlsplit(self.path).path.endswith("/file") and len(data) > self.server.piece
        self.wfile.write(data[:self.server.piece] if cut else data)
        self.close_connection = cut
        if cut:
            self.wfile.flush()
            self.connection.shutdown(2)

    do_GET = do_POST = hand_on


def resumes(bench, cut_id, whole, report):
    """Through a connection that is cut again and again, it is one file in the end."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cutting)
    server.port, server.piece, server.asked = bench.instance.port, len(whole) // 3 - 7, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = bench.path("resumed.mp4")
    done = bench.run("cut", "flatten", cut_id, "-o", path, "--api", f"http://127.0.0.1:{server.server_address[1]}")
    server.shutdown()
    server.server_close()
    have = None
    if os.path.exists(path):
        with open(path, "rb") as file:
            have = file.read()
    ranges = [r for where, r in server.asked if where.endswith("/file")]
    want = [None] + [f"bytes={n * server.piece}-" for n in (1, 2, 3)]
    report([] if have == whole and ranges == want else [f"{done.returncode} {done.stderr} {ranges} not {want}"],
           "a fetch whose connection is cut off goes on where it ended, three times")


def http_holds(bench, cut_id, report, same):
    told = bench.instance.api("POST", f"/api/v1/cuts/{cut_id}/flatten", {})
    where, size, etag = told["file"], told["bytes"], f'"{told["sha256"]}"'
    status, headers, whole = ask(bench, where)
    same("its bytes are served", (status, hashlib.sha256(whole).hexdigest(), headers["Content-Type"], headers["ETag"]),
         (200, told["sha256"], "video/mp4", etag))
    same("a range is a range", ask(bench, where, Range="bytes=100-299")[::2], (206, whole[100:300]))
    status, headers, body = ask(bench, where, Range=f"bytes={size - 10}-", If_Range=etag)
    same("with If-Range too", (status, body, headers["Content-Range"], headers["ETag"]),
         (206, whole[-10:], f"bytes {size - 10}-{size - 1}/{size}", etag))
    same("of another file it is all of it", ask(bench, where, Range="bytes=5-", If_Range='"other"')[::2], (200, whole))
    status, headers, _ = ask(bench, where, Range=f"bytes={size}-")
    same("after its end there is nothing", (status, headers["Content-Range"]), (416, f"bytes */{size}"))
    status, headers, body = ask(bench, where, "HEAD")
    same("HEAD is the same without the bytes", (status, headers["Content-Length"], headers["ETag"], body), (200, str(size), etag, b""))
    same("who has it is told so", ask(bench, where, If_None_Match=etag)[::2], (304, b""))
    same("who wants another is told so", [ask(bench, where, If_Match=one)[0] for one in (etag, '"other"')], [200, 412])
    same("without a token there is nothing", ask(bench, where, token=False)[0], 401)
    same("the place that nginx sends it from is for nobody",
         ask(bench, f"/.files/flat/{told['sha256'][:2]}/{told['sha256']}.mp4")[0], 404)
    resumes(bench, cut_id, whole, report)
    return whole


def named(bench, cut, import_cut, whole, report, same):
    """A cut of a title: what its file is called, and what is done about files that are there."""
    title = bench.instance.api("POST", "/api/v1/titles", {"kind": "movie", "names": {"en": "Chang'an: Part 1", "zh-Hans": "长安：上"}})
    made = import_cut(bench, cut, "otio", "--title", title["id"])
    bench.command("cut", "build", made["id"], "--wait")
    jobs = len(bench.instance.items("/api/v1/jobs"))
    told = bench.instance.api("POST", f"/api/v1/cuts/{made['id']}/flatten?language=zh-Hant", {})
    same("the same film of another cut is there already", (told["state"], told["file_name"], len(bench.instance.items("/api/v1/jobs"))),
         ("ready", "长安：上.mp4", jobs))
    _, headers, _ = ask(bench, told["file"] + "?language=zh-Hans", "HEAD")
    same("its name is in the answer, for all who can read it", headers["Content-Disposition"],
         "attachment; filename=\"____.mp4\"; filename*=UTF-8''" + urllib.parse.quote("长安：上.mp4"))
    folder = bench.path("fetched")
    os.mkdir(folder)
    path = os.path.join(folder, "Chang'an_ Part 1.mp4")
    bench.command("cut", "flatten", made["id"], "--wait", cwd=folder)
    with open(path, "rb") as file:
        same("it is fetched under the title's name", (file.read(), os.listdir(folder)), (whole, [os.path.basename(path)]))
    with open(path, "wb") as file:
        file.write(b"mine")
    done = bench.run("cut", "flatten", made["id"], "-o", folder)
    with open(path, "rb") as file:
        report([] if done.returncode == 1 and "--force" in done.stderr and file.read() == b"mine" else [done.stderr],
               "a file that is there is not replaced")
    part = f"{path}.{told['sha256'][:12]}.part"
    with open(part, "wb") as file:
        file.write(bytes(1000))
    done = bench.run("cut", "flatten", made["id"], "-o", path, "--force")
    report([] if done.returncode == 1 and "SHA-256" in done.stderr and not os.path.exists(part) else [done.stderr],
           "bytes that are not those that were made are not taken")
    with open(part, "wb") as file:
        file.write(whole[:1000])
    bench.command("cut", "flatten", made["id"], "-o", path, "--force")
    with open(path, "rb") as file:
        same("but with --force it is", (file.read(), os.listdir(folder)), (whole, [os.path.basename(path)]))
    done = bench.run("cut", "flatten", made["id"], "--rung", "v7")
    report([] if done.returncode == 1 and "v0 (256x144), v1 (" in done.stderr else [done.stderr], "a rung that is not there is refused, and which are")


def chaptered(bench, cut, whole, report, same):
    """The same film with chapters: another file, of the same samples."""
    names = {0: "开场", 33: "Part <2>", cut.frames - 1: "尾"}
    made = bench.instance.api("POST", "/api/v1/cuts", {
        "name": "chapters", "clips": [{"asset": cut.assets[asset][0], "in": begin, "out": end} for asset, begin, end in cut.clips],
        "markers": [{"frame": frame, "name": name, "chapter": True} for frame, name in names.items()]})
    bench.command("cut", "build", made["id"], "--wait")
    path = bench.path("chapters.mp4")
    bench.command("cut", "flatten", made["id"], "-o", path)
    told = subprocess.run(["ffprobe", "-v", "error", "-show_chapters", "-of", "json", path], check=True, capture_output=True,
                          stdin=subprocess.DEVNULL)
    same("chapters of a cut are in its MP4, to 100 ns", [(c["start"], c["time_base"], c["tags"]["title"]) for c in
                                                         json.loads(told.stdout)["chapters"]],
         [((frame * cut.den * 2 * 10**7 + cut.num) // (2 * cut.num), "1/10000000", name) for frame, name in names.items()])
    with open(path, "rb") as file:
        data = file.read()
    begin, end = inside(data, 0, len(data), "mdat")
    other, last = inside(whole, 0, len(whole), "mdat")
    report([] if data[begin:end] == whole[other:last] and len(data) > len(whole) else ["other samples"],
           "and all else is as without them")


def refused(bench, cut, import_cut, report):
    made = import_cut(bench, cut, "otio")
    done = bench.run("cut", "flatten", made["id"])
    report([] if done.returncode == 1 and "is draft; it can be flattened when it is built" in done.stderr else [done.stderr],
           "a cut that is not built is not flattened")
