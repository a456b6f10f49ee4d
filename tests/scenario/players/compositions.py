"""compositions.py - films cut from coded assets by an edit list, and what must be seen and heard of each.

A film is ingested twice over, cut by an EDL with every kind of join, built and published by `sampan`. What a
player must show is told by tests/scenario/recut/model.py, which shares no code with Sampan.
"""
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "recut"))
from model import Cut, of_kind, webvtt  # noqa: E402

KINDS = {  # of film: see model.of_kind(); the preset of each
    "h264-24000-1001": "veryfast", "h264-24": "veryfast", "h264-25": "veryfast", "h264-30000-1001": "veryfast",
    "h264-50": "veryfast", "h264-60000-1001": "veryfast", "av1-24000-1001": "12",
}
FULL = "h264-25"  # of this languages, subtitles and renditions are tried too
CHAPTERED = (FULL, "h264-24000-1001")  # frames of the other begin between two milliseconds
CHAPTERS = ("第一章 起雾", "The landing", "上岸", "Chapter four")
LANGUAGES = ("zh-Hans", "en")
SECONDS = 300  # for the films of all kinds to be ready; longer is a hang


def clips_of(gop, full):
    """Every kind of join. Asset 0 has two GOPs and seven frames (of the full kind eight), asset 1 two GOPs."""
    clips = [
        (0, gop - gop // 4, gop + 5),     # a head and a tail: all bridge
        (1, 0, gop),                      # a GOP, joined on its borders …
        (0, gop, 2 * gop),                # … to another: no bridge between them
        (1, gop - 1, gop),                # one frame, the last of a GOP
        (1, 7, 8),                        # one frame, out of order
        (0, gop // 3, gop // 2),          # a GOP that was cut already …
        (0, gop // 2 + 3, gop - 2),       # … and once more
        (0, 2 * gop, 2 * gop + 7),        # the last frames of an asset
        (1, 2 * gop - 1, 2 * gop),        # the last frame alone
        (0, 0, 1),                        # the first frame alone
        (0, gop // 3, gop // 2),          # a clip used twice
        (0, gop - 1, 2 * gop + 1),        # a frame, a GOP, a frame
    ]
    if full:
        clips[7] = (0, 8 * gop, 8 * gop + 7)
        clips.append((0, gop + 3, 7 * gop + 3))  # long enough to be listened to
    return clips


class Composition:
    """A kind: two assets, their cut, and what it shows."""

    def __init__(self, options, instance, work, number, kind):
        self.options, self.instance, self.work, self.kind = options, instance, work, kind
        num, den, self.codec = of_kind(kind)
        self.preset = KINDS[kind]
        gop = Cut(num, den, [], []).gop
        full = kind == FULL
        names = [f"k{number}{letter}.mkv" for letter in "ab"]
        self.sources = [10 * number + place for place in range(2)]
        self.cut = Cut(num, den, list(zip(names, ((8 if full else 2) * gop + 7, 2 * gop))), clips_of(gop, full))
        # At a join, inside of a clip, and in another language each.
        starts = self.cut.starts
        self.chapters = list(zip((0, starts[2], starts[4], starts[11] + 3), CHAPTERS)) if kind in CHAPTERED else []

    def ingest(self):
        rate = f"{self.cut.num}/{self.cut.den}"
        rungs = [{"codec": self.codec, "height": height, "preset": self.preset} for height in (360, 234)]
        self.ingests = []
        for source, (name, frames) in zip(self.sources, self.cut.assets):
            path = os.path.join(self.work, name)
            subprocess.run([self.options.sample, "one", "--out", path, "--rate", rate, "--frames", str(frames),
                            "--source", str(source), "--audio", "zh,en", "--text", ",".join(LANGUAGES), "--no-timecode",
                            "--", "-c:v", "libx264", "-qp", "16", "-preset", "ultrafast", "-c:a", "pcm_s16le"],
                           check=True, stdin=subprocess.DEVNULL)
            made = self.instance.api("POST", "/api/v1/ingests", {
                "path": path, "keep": "copy", "options": {"ladder": {"version": 1, "rungs": rungs}}})
            self.ingests.append(made["id"])

    def ready(self):
        end = time.monotonic() + SECONDS
        for ingest in self.ingests:
            while (state := self.instance.api("GET", f"/api/v1/ingests/{ingest}"))["state"] != "ready":
                if state["state"] in ("failed", "refused") or time.monotonic() > end:
                    raise RuntimeError(f"{self.kind}: {json.dumps(state)}")
                time.sleep(0.1)

    def command(self, *words):
        done = subprocess.run([self.options.program, *words, "--json", "--data", self.instance.data, "--port",
                               str(self.options.port)], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{self.kind}: sampan {' '.join(words)}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def publish(self):
        if self.chapters:  # they are told in a request only
            cut = self.instance.api("POST", "/api/v1/cuts", {
                "list": self.cut.edl(), "rate": f"{self.cut.num}/{self.cut.den}",
                "markers": [{"frame": frame, "name": name, "chapter": True} for frame, name in self.chapters]})["id"]
        else:
            path = os.path.join(self.work, f"{self.kind}.edl")
            with open(path, "w", encoding="utf-8") as file:
                file.write(self.cut.edl())
            cut = self.command("cut", "import", path, "--rate", f"{self.cut.num}/{self.cut.den}")["id"]
        built = self.command("cut", "build", cut, "--wait")
        if built["state"] != "ready":
            raise RuntimeError(f"{self.kind}: {json.dumps(built)}")
        self.publication = self.command("publish", cut)["id"]

    def cues(self, language):
        sources = []
        for source, (name, frames) in zip(self.sources, self.cut.assets):
            path = os.path.join(self.work, f"{name}.{language}.vtt")
            subprocess.run([self.options.sample, "text", "--out", path, "--language", language, "--source", str(source),
                            "--rate", f"{self.cut.num}/{self.cut.den}", "--frames", str(frames)], check=True)
            with open(path, encoding="utf-8") as file:
                sources.append(webvtt(file.read()))
        return [{"start": start / 1000, "end": end / 1000, "text": text}
                for start, end, _, text in self.cut.cues(sources)]

    def film(self):
        """What main.js has to know: spans are [frame of the film, source, frame of it], one a clip."""
        cut = self.cut
        spans = [[start, self.sources[asset], begin] for start, (asset, begin, _) in zip(cut.starts, cut.clips)]
        film = {"name": self.kind, "publication": self.publication, "rate": f"{cut.num}/{cut.den}", "frames": cut.frames,
                "spans": spans, "places": cut.starts[:-1], "full": self.kind == FULL, "chapters": self.chapters}
        if film["full"]:
            start, source, begin = spans[-1]
            film["sound"] = {"at": start * cut.den / cut.num, "source": source, "first": begin * cut.den / cut.num}
            film["cues"] = {language: self.cues(language) for language in LANGUAGES}
        return film


def spoilt(film):
    """The same, expecting of one clip that it begins a frame later: a player test has to find that."""
    spans = [list(span) for span in film["spans"]]
    spans[5][2] += 1
    return {**film, "name": f"{film['name']} with one clip a frame off", "spans": spans, "spoilt": True, "full": False}


def publish_all(options, instance, work):
    """Every kind, from a file to a publication: what main.js --films reads."""
    chosen = [kind for kind in KINDS if options.kind in ("", kind)]
    made = [Composition(options, instance, work, list(KINDS).index(kind) + 1, kind) for kind in chosen]
    for one in made:
        one.ingest()
    for one in made:
        one.ready()
        one.publish()
    films = [one.film() for one in made]
    return films + [spoilt(films[0])]
