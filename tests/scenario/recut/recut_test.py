#!/usr/bin/env python3
"""recut_test.py SAMPAN SAMPLE [--keep] [KIND…] - cuts from lists to a viewer, with nothing left to believe.

Coded films of every rate and codec are ingested, cut by an EDL and by an OTIO list, checked, built and published;
then every segment of every rendition is fetched by HLS and by DASH and held against model.py, a slow and plain
model that shares no code with Sampan. Prints TAP. --keep leaves the directory.
"""
import json
import os
import pwd
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import film as checks
import flat
import proof
from boxes import fragments
from film import Film, Rendition
from instance import Instance, for_all
from model import Cut, of_kind, webvtt

SAMPAN, SAMPLE = for_all(sys.argv[1]), os.path.abspath(sys.argv[2])
PORT = int(os.environ.get("SAMPAN_TEST_PORT", "18430"))
PRESETS = {  # of each kind: see model.of_kind()
    "h264-24000-1001": "fast", "h264-24": "fast", "h264-25": "medium", "h264-30000-1001": "fast", "h264-50": "veryfast",
    "h264-60000-1001": "veryfast", "hevc-25": "superfast", "av1-24000-1001": "12",
}
count = failed = 0


def report(faults, name):
    global count, failed
    count += 1
    failed += bool(faults)
    print(f"{'not ok' if faults else 'ok'} {count} - {name}", flush=True)
    for fault in list(faults)[:5] if not isinstance(faults, str) else [faults]:
        print(f"#   {fault}", flush=True)


def same(name, got, want):
    report([] if got == want else [f"{got!r}, not {want!r}"], name)


def clips_of(gop):
    """Every kind of join. Asset 0 has four GOPs and seven frames, asset 1 three GOPs."""
    return [
        (0, gop // 3, 2 * gop + 5),         # a head, a GOP, a tail
        (1, 0, gop),                        # a GOP exactly, joined on its borders
        (0, 2 * gop, 3 * gop),              # so is this: no bridge between them
        (1, gop - 1, gop),                  # one frame, the last of a GOP
        (1, 7, 8),                          # one frame, out of order
        (0, gop // 3, gop // 2),            # a GOP that was cut already …
        (0, gop // 2 + 3, gop - 2),         # … and once more
        (0, 3 * gop, 4 * gop + 7),          # to the last frame: a short GOP, referenced
        (1, 3 * gop - 1, 3 * gop),          # the last frame alone
        (0, 0, 1),                          # the first frame alone
        (1, 1, 2 * gop - 1),                # almost two GOPs: all bridge
        (0, gop - 1, 2 * gop + 1),          # a frame, a GOP, a frame
        (0, 2 * gop, 3 * gop),              # a clip used twice
    ]


class Bench:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="sampan-recut-")
        os.chmod(self.dir, 0o755)
        self.data = os.path.join(self.dir, "data")
        os.mkdir(self.data, 0o750)
        if os.geteuid() == 0:
            user = pwd.getpwnam("www-data")
            os.chown(self.data, user.pw_uid, user.pw_gid)
        self.instance = Instance(SAMPAN, self.data, PORT)
        self.films = {}  # kind -> [(name, frames, source number, hash)]
        self.ingests = {}

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def run(self, *words, cwd=None):
        return subprocess.run([SAMPAN, *words, "--data", self.data, "--port", str(PORT)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False, cwd=cwd)

    def command(self, *words, status=0, cwd=None):
        done = self.run(*words, cwd=cwd)
        if done.returncode != status:
            raise RuntimeError(f"sampan {' '.join(words)}: {done.returncode} {done.stderr}")
        return done.stdout

    def draw(self, kind, number):
        """Two films of a kind, and their ingests."""
        (num, den, codec), preset = of_kind(kind), PRESETS[kind]
        gop = Cut(num, den, [], []).gop
        ladder = {"version": 1, "rungs": [{"codec": codec, "height": 144, "preset": preset},
                                          {"codec": codec, "height": 96, "preset": preset}]}
        self.films[kind], self.ingests[kind] = [], []
        for place, frames in enumerate((4 * gop + 7, 3 * gop)):
            name, source = f"{kind[0]}{number}{'ab'[place]}.mkv", 10 * number + place
            subprocess.run([SAMPLE, "one", "--out", self.path(name), "--size", "256x144", "--rate", f"{num}/{den}",
                            "--frames", str(frames), "--source", str(source), "--audio", "zh,en", "--text", "zh-Hans,en",
                            "--no-timecode", "--", "-c:v", "libx264", "-qp", "12", "-preset", "ultrafast",
                            "-c:a", "pcm_s16le"],  # Matroska rounds the delay of AAC to milliseconds
                           check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            made = self.instance.api("POST", "/api/v1/ingests", {
                "path": self.path(name), "keep": "link" if kind == "h264-25" else "copy", "options": {"ladder": ladder}})
            self.ingests[kind].append(made["id"])
            self.films[kind].append((name, frames, source))

    def ready(self, kind, seconds=300):
        """The assets of a kind: their documents."""
        out, end = [], time.monotonic() + seconds
        for ingest in self.ingests[kind]:
            while (state := self.instance.api("GET", f"/api/v1/ingests/{ingest}"))["state"] != "ready":
                if state["state"] in ("failed", "refused") or time.monotonic() > end:
                    raise RuntimeError(f"{kind}: {json.dumps(state)}")
                time.sleep(0.1)
            out.append(self.instance.api("GET", f"/api/v1/assets/{state['asset']}"))
        return out

    def file(self, folder, name, suffix=""):
        return os.path.join(self.data, folder, name[:2], name + suffix)

    def read(self, folder, name, suffix=""):
        with open(self.file(folder, name, suffix), "rb") as file:
            return file.read()

    def made(self, cut, *kinds):
        """Names of the files of a cut, by rendition, each in its order."""
        found = {}
        with sqlite3.connect(f"file:{self.data}/db/sampan.db?mode=ro", uri=True) as db:
            for rendition, name in db.execute(
                    f"SELECT rendition, name FROM cut_file WHERE cut = ? AND kind IN ({','.join('?' * len(kinds or 'bs'))})"
                    " ORDER BY rendition, place", (cut, *(kinds or ("bridge", "sound_bridge")))):
                found.setdefault(rendition, []).append(name)
        return found

    def bridges(self):
        return {name for _, _, names in os.walk(os.path.join(self.data, "bridge")) for name in names}

    def finish(self, keep):
        self.instance.stop()
        if not keep:
            shutil.rmtree(self.dir, ignore_errors=True)


def import_cut(bench, cut, form, *options):
    path = bench.path(f"list.{form}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(getattr(cut, form)())
    return json.loads(bench.command("cut", "import", path, "--rate", f"{cut.num}/{cut.den}", *options, "--json"))


def build_and_publish(bench, cut, *options):
    told = json.loads(bench.command("cut", "check", cut, *options, "--json"))
    built = json.loads(bench.command("cut", "build", cut, *options, "--wait", "--json"))
    if built["state"] != "ready":
        raise RuntimeError(json.dumps(built))
    published = json.loads(bench.command("publish", cut, "--json"))
    return told, Film(bench.instance.get, published.get("id") or published["publication"]["id"])


def recut(bench, kind):
    num, den, codec = of_kind(kind)
    assets = bench.ready(kind)
    names = bench.films[kind]
    cut = Cut(num, den, [(name, frames) for name, frames, _ in names], [])
    cut = Cut(num, den, cut.assets, clips_of(cut.gop))
    sources = [source for _, _, source in names]
    before = bench.bridges()
    first, second = import_cut(bench, cut, "edl"), import_cut(bench, cut, "otio")
    same(f"{kind}: an EDL and an OTIO list of it are one edit", (first["edit"], second["edit"]), (first["edit"],) * 2)
    told, film = build_and_publish(bench, first["id"])
    proof.passes(bench, first["id"], kind, report)
    stretches = cut.stretches()
    same(f"{kind}: the check told what is bridged", (told["frames"], told["bridges"], told["bridged_frames"]),
         (cut.frames, len(stretches), sum(stretches)))
    new = bench.bridges() - before
    same(f"{kind}: a file for each stretch and rung and for each language's sound, and no more", len(new),
         2 * len(stretches) + 2)
    same(f"{kind}: every rung, language and text is there", (film.video(), film.audio(), film.text()),
         (["v0", "v1"], ["a0", "a1"], ["t0", "t1"]))
    shown_by = {}  # of the first rung
    for n, name in enumerate(film.video()):
        tracks = [a["plan"]["video"][n]["name"] for a in assets]
        data = [bench.read("track", track) for track in tracks]
        rendition = film.renditions[name]
        path = rendition.write(bench.dir)
        report(checks.hls_faults(film.lists[name], rendition), f"{kind} {name}: HLS has one init and true durations")
        report(checks.dash_faults(film.mpd, name, rendition, film.get), f"{kind} {name}: DASH has one period and the same bytes")
        report(checks.box_faults(rendition, codec, den, cut.fragments()), f"{kind} {name}: its boxes are one track")
        report(checks.reference_faults(cut, rendition, data), f"{kind} {name}: whole GOPs are those of the assets to the byte")
        report(checks.step_faults(cut, path), f"{kind} {name}: PTS and DTS go on at one step")
        report(checks.code_faults(SAMPLE, cut, path, sources), f"{kind} {name}: every frame is the expected one")
        shown = [checks.md5s(bench.file("track", track))[0] for track in tracks]
        shown_by = shown_by or {name: shown}
        report(checks.decode_faults(cut, path, shown), f"{kind} {name}: it decodes without a word, references bit by bit")
    for n, name in enumerate(film.audio()):
        rendition = film.renditions[name]
        lengths = [len(f.sizes) for f in fragments(rendition.whole())]
        report(checks.hls_faults(film.lists[name], rendition), f"{kind} {name}: HLS has one init and true durations")
        report(checks.dash_faults(film.mpd, name, rendition, film.get), f"{kind} {name}: DASH has one period and the same bytes")
        report(checks.box_faults(rendition, "aac", 1024, lengths), f"{kind} {name}: its boxes are one track")
        errors = {join["clip"]: join["error_us"] for join in told["sound"][n]["joins"]}
        faults, heard = checks.sound_faults(SAMPLE, cut, rendition.write(bench.dir), sources, film.language(name), bench.dir,
                                            errors)
        report(faults, f"{kind} {name}: sound is where it should be in {len(heard)} clips")
        report([] if len(heard) >= 6 else [f"only {heard}"], f"{kind} {name}: enough clips were listened to")
    for n, name in enumerate(film.text()):
        cues = [webvtt(bench.read("track", a["plan"]["text"][n]["name"], ".vtt").decode()) for a in assets]
        report(checks.cue_faults(cut, film, name, cues), f"{kind} {name}: cues have their exact new times")
    flat.holds(bench, SAMPLE, first["id"], cut, film, shown_by, sources, kind, report, same)
    return cut, film, assets, sources, first["id"]


def flattened(bench, cut, cut_id):
    """How the MP4 of a cut is asked for, answered and fetched."""
    whole = flat.http_holds(bench, cut_id, report, same)
    flat.named(bench, cut, import_cut, whole, report, same)
    flat.chaptered(bench, cut, whole, report, same)
    flat.refused(bench, cut, import_cut, report)


# ---- the checks are checked ----


def spoil(rendition, change):
    segments = list(rendition.segments)
    change(segments)
    return Rendition(rendition.name + "-spoilt", rendition.init, segments)


def patch(segments, number, at, value):
    data = bytearray(segments[number])
    data[at] ^= value
    segments[number] = bytes(data)


def sabotage(bench, cut, film, assets, sources):
    """What is spoilt must be found by the check that is there for it."""
    v, a = film.renditions["v0"], film.renditions["a0"]
    lengths = cut.fragments()
    packets = [len(f.sizes) for f in fragments(a.whole())]
    data = [bench.read("track", x["plan"]["video"][0]["name"]) for x in assets]
    shown = [checks.md5s(bench.file("track", x["plan"]["video"][0]["name"]))[0] for x in assets]
    cues = [webvtt(bench.read("track", x["plan"]["text"][0]["name"], ".vtt").decode()) for x in assets]

    def boxes(rendition):
        return checks.box_faults(rendition, "h264", cut.den, lengths)

    def decode(rendition):
        return checks.decode_faults(cut, rendition.write(bench.dir), shown)

    def codes(rendition, of=cut):
        return checks.code_faults(SAMPLE, of, rendition.write(bench.dir), sources)

    def sound(rendition, of=cut, told=None):
        return checks.sound_faults(SAMPLE, of, rendition.write(bench.dir), sources, film.language("a0"), bench.dir, told)[0]

    def heard(change):
        path = os.path.join(bench.dir, "spoilt.wav")
        with wave.open(path, "wb") as file:
            file.setparams((1, 2, 48000, 0, "NONE", ""))
            file.writeframes(change(checks.pcm_of(a.write(bench.dir))[0]))
        return checks.sound_faults(SAMPLE, cut, path, sources, film.language("a0"), bench.dir)[0]

    def other(number, by_in, by_out):
        """The cut with another in and out of one clip."""
        clips = list(cut.clips)
        asset, begin, end = clips[number]
        clips[number] = (asset, begin + by_in, end + by_out)
        return Cut(cut.num, cut.den, cut.assets, clips)

    def drop(segments):
        del segments[1]

    def swap(segments):
        segments[0], segments[1] = segments[1], segments[0]
    first = fragments(v.segments[0])
    later = spoil(v, lambda s: patch(s, 0, first[1].start + 79, 1))     # tfdt of the second fragment
    number = spoil(v, lambda s: patch(s, 0, first[1].start + 23, 1))    # its sequence number
    picture = spoil(v, lambda s: patch(s, 0, first[1].mdat + 300, 0x55))
    unsync = spoil(v, lambda s: patch(s, 0, s[0].index(b"trun") + 13, 1))
    two_inits = film.lists["v0"].replace("#EXTINF", '#EXT-X-MAP:URI="other.mp4"\n#EXTINF', 1)
    later_end = re.sub(r"#EXTINF:([0-9.]+)", lambda m: f"#EXTINF:{float(m[1]) + 0.001:.6f}", film.lists["v0"], count=1)
    shorter = Rendition("v0", v.init, v.segments[:-1])
    found = [
        ("a segment that is missing, by boxes", boxes(spoil(v, drop))),
        ("a segment that is missing, by the playlist", checks.hls_faults(film.lists["v0"], shorter)),
        ("a segment that is missing, by the MPD", checks.dash_faults(film.mpd, "v0", shorter, film.get)),
        ("a segment that is missing, by its frames", codes(spoil(v, drop))),
        ("a segment that is missing, by its sound", sound(spoil(a, drop))),
        ("a segment that is missing, by its packets", checks.box_faults(spoil(a, drop), "aac", 1024, packets)),
        ("segments in another order, by frames", codes(spoil(v, swap))),
        ("a decode time that is off by one tick", boxes(later)),
        ("a step that is not constant", checks.step_faults(cut, spoil(v, drop).write(bench.dir))),
        ("a sequence number that is off by one", boxes(number)),
        ("a first sample that is not marked sync", boxes(unsync)),
        ("a picture that is not the asset's, by bytes", checks.reference_faults(cut, picture, data)),
        ("a picture that is not the asset's, by decoding", decode(picture)),
        ("a decoder that complains", [f for f in decode(picture) if "ffmpeg says" in f]),
        ("a frame too few in the list", codes(v, other(7, 1, 0))),
        ("an in that is off by one frame", codes(v, other(7, -1, -1))),
        ("sound that is a packet late", heard(lambda pcm: bytes(2048) + pcm[:-2048])),
        ("a sample that comes twice", heard(lambda pcm: pcm[:100000] + pcm[99998:-2])),
        ("a sample too few", heard(lambda pcm: pcm[:-2])),
        ("sound whose errors were told wrongly", sound(a, told={n: 20000 for n in range(len(cut.clips))})),
        ("sound of another language", checks.sound_faults(SAMPLE, cut, a.write(bench.dir), sources, "fr", bench.dir)[0]),
        ("a discontinuity", checks.hls_faults(film.lists["v0"] + "#EXT-X-DISCONTINUITY\n", v)),
        ("a second init segment", checks.hls_faults(two_inits, v)),
        ("a duration that is off by a millisecond", checks.hls_faults(later_end, v)),
        ("cues of a clip that is a frame earlier", checks.cue_faults(other(0, 1, 1), film, "t0", cues)),
        ("cues of another language", checks.cue_faults(cut, film, "t1", cues)),
    ]
    for name, faults in found:
        report([] if faults else ["nobody noticed"], f"it is found out: {name}")


# ---- more cuts ----


def hundred(bench, kind):
    """A hundred joins: the error of the last is bounded like that of the first."""
    num, den, codec = of_kind(kind)
    bench.ready(kind)
    names = bench.films[kind]
    model = Cut(num, den, [(name, frames) for name, frames, _ in names], [])
    step, clips = -(-3 * num // (4 * den)), []
    for n in range(101):  # three quarters of a second each, from everywhere
        asset = n % 2
        begin = (n * 37) % (names[asset][1] - step)
        clips.append((asset, begin, begin + step))
    cut = Cut(num, den, model.assets, clips)
    made = import_cut(bench, cut, "edl")
    told, film = build_and_publish(bench, made["id"])
    errors = {join["clip"]: join["error_us"] for join in told["sound"][0]["joins"]}
    sources = [source for _, _, source in names]
    faults, heard = checks.sound_faults(SAMPLE, cut, film.renditions["a0"].write(bench.dir), sources, film.language("a0"),
                                        bench.dir, errors)
    report(faults, f"{kind}: sound is where it should be at a hundred joins")
    count_, mean = len(heard), sum(heard.values()) / max(1, len(heard))
    middle = sum(heard) / max(1, count_)
    slope = sum((n - middle) * (o - mean) for n, o in heard.items()) / max(1, sum((n - middle) ** 2 for n in heard))
    report([] if count_ == 101 and abs(slope * 100) < 256 else [f"{count_} clips, {slope * 100} samples over all"],
           f"{kind}: and its error has no trend")
    path = film.renditions["v0"].write(bench.dir)
    report(checks.code_faults(SAMPLE, cut, path, sources), f"{kind}: every frame of a hundred joins is the expected one")
    report(checks.box_faults(film.renditions["v0"], codec, den, cut.fragments()), f"{kind}: and its boxes are one track")


def gone(bench, kind):
    """A source that was linked and is not there any more: bridges come from the best rendition."""
    num, den, codec = of_kind(kind)
    names = bench.films[kind]
    assets = bench.ready(kind)
    os.unlink(bench.path(names[0][0]))
    model = Cut(num, den, [(name, frames) for name, frames, _ in names], [])
    cut = Cut(num, den, model.assets, [(0, 11, 2 * model.gop + 9), (1, 5, model.gop + 30), (0, 3 * model.gop - 4, 4 * model.gop + 2)])
    made = import_cut(bench, cut, "otio")
    _, film = build_and_publish(bench, made["id"])
    sources = [source for _, _, source in names]
    for n, name in enumerate(film.video()):
        shown = [checks.md5s(bench.file("track", a["plan"]["video"][n]["name"]))[0] for a in assets]
        path = film.renditions[name].write(bench.dir)
        report(checks.code_faults(SAMPLE, cut, path, sources) + checks.decode_faults(cut, path, shown) +
               checks.box_faults(film.renditions[name], codec, den, cut.fragments()),
               f"{kind} {name}: a cut of a source that is gone shows every frame")
    for name in film.audio():
        faults, _ = checks.sound_faults(SAMPLE, cut, film.renditions[name].write(bench.dir), sources, film.language(name), bench.dir)
        report(faults, f"{kind} {name}: and sounds as it should")
    with open(bench.path(names[1][0]), "ab") as file:
        file.write(b"changed")
    cut = Cut(num, den, model.assets, [(1, 3, 40), (1, 60, 90)])
    made = import_cut(bench, cut, "edl")
    bench.command("cut", "build", made["id"], "--wait", status=1)
    state = bench.instance.api("GET", f"/api/v1/cuts/{made['id']}")
    report([] if state["state"] == "failed" and "changed after it was ingested" in state["error"]["text"] else [json.dumps(state)],
           f"{kind}: a source that was changed is not used, and the cut says so")


def proven(bench, kind):
    """A cut of its own, verified, spoilt, mended."""
    num, den, _ = of_kind(kind)
    bench.ready(kind)
    names = bench.films[kind]
    model = Cut(num, den, [(name, frames) for name, frames, _ in names], [])
    cut = Cut(num, den, model.assets, [(0, 17, 2 * model.gop + 11), (1, 9, model.gop + 33), (0, 31, 3 * model.gop - 2)])
    made = import_cut(bench, cut, "edl")
    bench.command("cut", "build", made["id"], "--wait")
    proof.prove(bench, made["id"], report, same)


def border(bench, kind):
    """A join on a GOP's border stores no picture."""
    num, den, _ = of_kind(kind)
    names = bench.films[kind]
    model = Cut(num, den, [(name, frames) for name, frames, _ in names], [])
    cut = Cut(num, den, model.assets, [(1, 0, 2 * model.gop), (0, 3 * model.gop, 4 * model.gop + 7)])
    before = bench.bridges()
    made = import_cut(bench, cut, "edl")
    told, film = build_and_publish(bench, made["id"])
    same(f"{kind}: a join on the borders of GOPs stores sound alone", (told["bridged_frames"], len(bench.bridges() - before)), (0, 2))
    report(checks.code_faults(SAMPLE, cut, film.renditions["v0"].write(bench.dir), [source for _, _, source in names]),
           f"{kind}: and shows every frame")


def other_film(bench, kind):
    """A film of the same rate that is decoded otherwise: smaller, in other rungs, longer than a bridge may be."""
    (num, den, codec), preset = of_kind(kind), PRESETS[kind]
    name, frames, source = "other.mkv", 22 * Cut(num, den, [], []).gop, 99
    subprocess.run([SAMPLE, "one", "--out", bench.path(name), "--size", "128x72", "--rate", f"{num}/{den}",
                    "--frames", str(frames), "--source", str(source), "--audio", "zh,en", "--text", "zh-Hans,en",
                    "--no-timecode", "--", "-c:v", "libx264", "-qp", "12", "-preset", "ultrafast", "-c:a", "pcm_s16le"],
                   check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ladder = {"version": 1, "rungs": [{"codec": codec, "height": 72, "preset": preset},
                                      {"codec": codec, "height": 48, "preset": preset}]}
    made = bench.instance.api("POST", "/api/v1/ingests", {"path": bench.path(name), "keep": "copy",
                                                          "options": {"ladder": ladder}})
    bench.ingests["other"] = [made["id"]]
    return name, frames, source, bench.ready("other")[0]


def mixed(bench, kind):
    """Clips that are decoded otherwise: refused, priced, and encoded whole; and sound that is exact."""
    num, den, codec = of_kind(kind)
    names, assets = bench.films[kind], bench.ready(kind)
    name, frames, source, other = other_film(bench, kind)
    model = Cut(num, den, [(name, frames) for name, frames, _ in names] + [(name, frames)], [])
    gop = model.gop
    clips = [(0, 10, 2 * gop), (2, 20, 21 * gop + 7), (1, gop, 2 * gop), (2, 5, 6), (0, 3 * gop, 4 * gop)]
    cut = Cut(num, den, model.assets, clips, whole=(2,))
    sources = [source for _, _, source in names] + [source]
    before = bench.bridges()
    made = import_cut(bench, cut, "otio")
    told = json.loads(bench.command("cut", "check", made["id"], "--json"))
    same("mixed: the check says which clips cannot be joined, and the price of converting each",
         ([(a["name"], a["clips"]) for a in told["incompatible"]],
          [(c["clip"], c["frames"], c["renditions"]) for c in told["convert"]]),
         ([("other.mkv", [1, 3])], [(1, 21 * gop + 7 - 20, ["v0", "v1"]), (3, 1, ["v0", "v1"])]))
    report([f"{c}" for c in told["convert"] if not (c["bytes"] > 0 and c["encode_ms"] is not None)],
           "mixed: in bytes and in time")
    bench.command("cut", "build", made["id"], "--wait", status=1)
    state = bench.instance.api("GET", f"/api/v1/cuts/{made['id']}")["state"]
    same("mixed: without --convert it is refused, and nothing was changed", (state, bench.bridges()), ("draft", before))
    told, film = build_and_publish(bench, made["id"], "--convert")
    stretches = cut.stretches()
    same("mixed: with --convert the check counts it in",
         (told["bridges"], told["bridged_frames"], told["incompatible"]), (len(stretches), sum(stretches), []))
    shown = bench.instance.api("GET", f"/api/v1/cuts/{made['id']}")
    same("mixed: a long clip is several jobs, and the edit is what it was",
         (len(stretches) > 2, shown["progress"]["total"], shown["edit"]), (True, len(stretches) + 2, made["edit"]))
    for n, rung in enumerate(film.video()):
        rendition = film.renditions[rung]
        data = [bench.read("track", a["plan"]["video"][n]["name"]) for a in assets + [other]]
        path = rendition.write(bench.dir)
        report(checks.box_faults(rendition, codec, den, cut.fragments()), f"mixed {rung}: its boxes are one track")
        report(checks.reference_faults(cut, rendition, data), f"mixed {rung}: all other GOPs are referenced to the byte")
        report(checks.step_faults(cut, path), f"mixed {rung}: PTS and DTS go on at one step")
        report(checks.code_faults(SAMPLE, cut, path, sources), f"mixed {rung}: every frame is the expected one")
        shown = [checks.md5s(bench.file("track", a["plan"]["video"][n]["name"]))[0] for a in assets]
        report(checks.decode_faults(cut, path, shown), f"mixed {rung}: it decodes without a word, references bit by bit")
    flat.holds(bench, SAMPLE, made["id"], cut, film, {}, sources, "mixed", report, same)
    proof.passes(bench, made["id"], "mixed", report)
    bench.command("cut", "build", made["id"], "--audio", "exact", status=1)
    same("mixed: what is built so is not built otherwise",
         bench.instance.api("GET", f"/api/v1/cuts/{made['id']}")["choice"]["audio"], "grid")
    exact_sound(bench, Cut(num, den, model.assets, clips[:3:2] + [(1, 7, 9), (0, gop - 3, gop + 40)] * 3, exact=(0, 1, 2)),
                sources)


def at_rate(bench, kind, name, *options):
    """The asset of a film that the command line brings in."""
    (_, _, codec), preset = of_kind(kind), PRESETS[kind]
    with open(bench.path("ladder.json"), "w", encoding="utf-8") as file:
        json.dump({"version": 1, "rungs": [{"codec": codec, "height": 144, "preset": preset},
                                           {"codec": codec, "height": 96, "preset": preset}]}, file)
    made = json.loads(bench.command("ingest", bench.path(name), "--ladder", bench.path("ladder.json"), *options, "--wait",
                                    "--json"))
    return bench.instance.api("GET", f"/api/v1/assets/{made['asset']}")


def rates(bench, kind):
    """A film of another rate: refused by name; brought in at the cut's rate, openly, it is cut as any other."""
    num, den, _ = of_kind(kind)
    films, name, source, frames = bench.films[kind], "film24.mkv", 98, 200
    subprocess.run([SAMPLE, "one", "--out", bench.path(name), "--size", "256x144", "--rate", "24/1", "--frames", str(frames),
                    "--source", str(source), "--audio", "zh,en", "--text", "zh-Hans,en", "--no-timecode", "--", "-c:v",
                    "libx264", "-qp", "12", "-preset", "ultrafast", "-c:a", "pcm_s16le"],
                   check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    own = at_rate(bench, kind, name)
    gop = Cut(num, den, [], []).gop
    clips = [(0, 10, 2 * gop), (2, 20, 3 * gop + 7), (1, gop, 2 * gop)]
    cut = Cut(num, den, [(film, length) for film, length, _ in films] + [(name, own["frames"])], clips)
    path = bench.path("rates.edl")
    with open(path, "w", encoding="utf-8") as file:
        file.write(cut.edl())
    said = bench.run("cut", "import", path, "--rate", f"{num}/{den}")
    report([] if said.returncode and f"ingest it again with --rate {num}/{den}" in said.stderr else [said.stderr],
           "rates: a film of 24 is refused in a cut of 25, and what to do is said")
    asset = at_rate(bench, kind, name, "--rate", str(num))
    source_of = {}  # the place of every frame of the source in the asset: to the nearest, halves down
    for frame in range(frames):
        source_of.setdefault(-(-(2 * frame * num - 24) // 48), frame)
    shown = [source_of[max(p for p in source_of if p <= n)] for n in range(asset["frames"])]
    conform = asset["conform"]
    same("rates: it is another asset of the same source, and says what was repeated",
         (asset["hash"] != own["hash"], asset["source"]["hash"] == own["source"]["hash"], asset["frames"], conform["how"],
          conform["repeated"], conform["dropped"]),
         (True, True, -(-(2 * frames * num - 24) // 48), "asked", asset["frames"] - frames, 0))
    cut = Cut(num, den, cut.assets[:2] + [(asset["hash"], asset["frames"])], clips)
    made = import_cut(bench, cut, "otio")
    _, film = build_and_publish(bench, made["id"])
    coded = Cut(num, den, cut.assets, clips)
    coded.timeline = lambda: [(clip, which, shown[frame] if which == 2 else frame, whole)
                              for clip, which, frame, whole in cut.timeline()]
    for rung in film.video():
        path = film.renditions[rung].write(bench.dir)
        report(checks.code_faults(SAMPLE, coded, path, [number for _, _, number in films] + [source]),
               f"rates {rung}: every frame is the expected one")
        report(checks.step_faults(cut, path), f"rates {rung}: PTS and DTS go on at one step")
    for track in film.audio():
        path = film.renditions[track].write(bench.dir)
        faults, heard = checks.sound_faults(SAMPLE, cut, path, [number for _, _, number in films] + [source],
                                            film.language(track), bench.dir)
        report(faults, f"rates {track}: sound keeps its time")
        same(f"rates {track}: and was heard in every clip", len(heard), len(clips))
    proof.passes(bench, made["id"], "rates", report)


def exact_sound(bench, cut, sources):
    """The same picture as ever, and no clip's sound more than a sample from it."""
    made = import_cut(bench, cut, "edl")
    told, film = build_and_publish(bench, made["id"], "--audio", "exact")
    proof.passes(bench, made["id"], "exact", report)
    flat.holds(bench, SAMPLE, made["id"], cut, film, {}, sources, "exact", report, same)
    shown = bench.instance.api("GET", f"/api/v1/cuts/{made['id']}")
    for n, name in enumerate(film.audio()):
        rendition = film.renditions[name]
        joins = told["sound"][n]["joins"]
        same(f"exact {name}: what the check told was kept", shown["sound"][n]["joins"], joins)
        report([join for join in joins if abs(join["error_us"]) > 11], f"exact {name}: at most half a sample is told")
        report([] if told["sound"][n]["bridged_packets"] == cut.packets() else [str(told["sound"][n])],
               f"exact {name}: all of it is encoded")
        lengths = [len(f.sizes) for f in fragments(rendition.whole())]
        report(checks.box_faults(rendition, "aac", 1024, lengths), f"exact {name}: its boxes are one track")
        path = rendition.write(bench.dir)
        faults, heard = checks.sound_faults(SAMPLE, cut, path, sources, film.language(name), bench.dir,
                                            {join["clip"]: join["error_us"] for join in joins})
        report(faults + [f"clip {clip} is {late} samples late" for clip, late in heard.items() if abs(late) > 1],
               f"exact {name}: every clip that can be heard is where its picture is, or a sample beside it")
        report([] if len(heard) >= 4 else [f"only {heard}"], f"exact {name}: enough clips were listened to")


def main():
    words = [word for word in sys.argv[3:] if word != "--keep"]
    chosen = [kind for kind in PRESETS if not words or kind in words]
    bench = Bench()
    try:
        bench.instance.start()
        for number, kind in enumerate(PRESETS, 1):
            if kind in chosen:
                bench.draw(kind, number)
        for kind in chosen:
            cut, film, assets, sources, cut_id = recut(bench, kind)
            if kind == chosen[0]:
                flattened(bench, cut, cut_id)
                sabotage(bench, cut, film, assets, sources)
                proven(bench, kind)
        if "h264-24000-1001" in chosen:
            hundred(bench, "h264-24000-1001")
        if "h264-25" in chosen:
            border(bench, "h264-25")
            mixed(bench, "h264-25")
            rates(bench, "h264-25")
            gone(bench, "h264-25")
    except Exception:
        report(["see above"], "it runs to its end")
        traceback.print_exc()
        subprocess.run(["tail", "-n", "40", bench.path("up.log")], check=False, stdout=sys.stderr)
    finally:
        bench.finish("--keep" in sys.argv)
    print(f"1..{count}")
    return failed > 0


sys.exit(main())
