"""model.py - what a cut should show and sound like, told slowly and plainly, without libsampan."""
from fractions import Fraction
import json
import re

RATE, FRAME = 48000, 1024


def of_kind(name):
    """A kind of film by its name: "h264-24000-1001" is of 24000/1001 frames a second, "av1-24" of 24. (num, den, codec)"""
    codec, num, *den = name.split("-")
    return int(num), int(den[0]) if den else 1, codec


def even(length, count):
    """count lengths that differ by one at most."""
    return [length * (i + 1) // count - length * i // count for i in range(count)]


class Cut:
    """clips: (asset, in, out); assets: (name, frames). The rate is num/den. Assets in whole are encoded whole in
    picture, those in exact in sound."""

    def __init__(self, num, den, assets, clips, whole=(), exact=()):
        self.whole, self.exact = whole, exact
        self.num, self.den, self.assets, self.clips = num, den, assets, clips
        self.gop = -(-2 * num // den)
        self.starts = [sum(out - begin for _, begin, out in clips[:n]) for n in range(len(clips) + 1)]
        self.frames = self.starts[-1]

    def timeline(self):
        """(clip, asset, frame of it, is it referenced?) of every frame."""
        out = []
        for number, (asset, begin, end) in enumerate(self.clips):
            frames = self.assets[asset][1]
            for frame in range(begin, end):
                head = frame // self.gop * self.gop
                tail = min(head + self.gop, frames)
                alone = tail - head == 1 and number + 1 < len(self.clips)  # a picture that something follows
                out.append((number, asset, frame, begin <= head and tail <= end and not alone and asset not in self.whole))
        return out

    def stretches(self):
        """Lengths of the stretches of bridge; none is longer than 20 GOPs."""
        out, open_ = [], False
        for _, _, frame, referenced in self.timeline():
            if referenced:
                open_ = False
            elif open_:
                out[-1] += 1
            else:
                out.append(1)
                open_ = True
        return [part for length in out for part in even(length, -(-length // (20 * self.gop)))]

    def fragments(self):
        """Frames of every fragment of picture."""
        out, last = [], None
        stretches, left = iter(self.stretches()), 0
        for number, asset, frame, referenced in self.timeline():
            if referenced:
                key = (number, frame // self.gop)
                if last != key:
                    out.append(0)
                out[-1] += 1
                last = key
            else:
                last = None
                if left == 0:
                    left = next(stretches)
                    out += even(left, -(-left // self.gop))
                left -= 1
        return out

    # ---- sound ----

    def packet(self, frame):
        """The packet that begins nearest to a frame; halves go up."""
        return (2 * self.sample(frame) + FRAME) // (2 * FRAME)

    def sample(self, frame):
        return Fraction(frame * self.den * RATE, self.num)

    def packets(self):
        return self.packet(self.frames)

    def late(self, number):
        """Samples by which the sound of a clip is late: what is left over of whole packets."""
        ahead = self.clips[number][1] - self.starts[number]
        exact = self.sample(ahead)
        if self.clips[number][0] in self.exact:
            return exact - (2 * exact + 1) // 2
        return exact - self.packet(ahead) * FRAME

    # ---- text ----

    def cues(self, sources):
        """sources[asset]: [(start ms, end ms, settings, text)] -> those of the cut, in order."""
        out, ended = [], []
        for number, (asset, begin, end) in enumerate(self.clips):
            first, last = self.ms(begin), self.ms(end)
            shift = self.ms(self.starts[number]) - first
            ending = []
            for start, stop, settings, text in sources[asset]:
                come, go = max(start, first), min(stop, last)
                if come >= go:
                    continue
                cue = next((c for c in ended if c[2:] == [settings, text]), None) if come == first else None
                if cue:
                    ended.remove(cue)
                    cue[1] = go + shift
                else:
                    cue = [come + shift, go + shift, settings, text]
                    if self.rounded(cue[0]) < self.rounded(cue[1]):
                        out.append(cue)
                if go == last:
                    ending.append(cue)
            ended = ending
        return sorted((self.rounded(a), self.rounded(b), s, t) for a, b, s, t in out)

    def ms(self, frame):
        return Fraction(frame * self.den * 1000, self.num)

    @staticmethod
    def rounded(ms):
        return (2 * ms + 1) // 2

    # ---- lists ----

    def timecode(self, frame):
        base = -(-self.num // self.den)
        seconds, rest = divmod(frame, base)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{rest:02}"

    def edl(self):
        lines = ["TITLE: the same cut", "FCM: NON-DROP FRAME"]
        for n, (asset, begin, end) in enumerate(self.clips):
            reel = self.assets[asset][0].split(".")[0].upper()
            source = f"{self.timecode(begin)} {self.timecode(end)}"
            record = f"{self.timecode(self.starts[n])} {self.timecode(self.starts[n + 1])}"
            lines.append(f"{n + 1:03}  {reel:8} V     C        {source} {record}")
        return "\n".join(lines) + "\n"

    def otio(self):
        rate = round(self.num / self.den, 3) if self.den != 1 else float(self.num)

        def time(value):
            return {"OTIO_SCHEMA": "RationalTime.1", "value": float(value), "rate": rate}

        def span(start, length):
            return {"OTIO_SCHEMA": "TimeRange.1", "start_time": time(start), "duration": time(length)}
        clips = [{
            "OTIO_SCHEMA": "Clip.2", "name": self.assets[asset][0], "source_range": span(begin, end - begin),
            "active_media_reference_key": "DEFAULT_MEDIA", "media_references": {"DEFAULT_MEDIA": {
                "OTIO_SCHEMA": "ExternalReference.1", "target_url": self.assets[asset][0],
                "available_range": span(0, self.assets[asset][1])}}}
            for asset, begin, end in self.clips]
        return json.dumps({"OTIO_SCHEMA": "Timeline.1", "name": "the same cut", "tracks": {
            "OTIO_SCHEMA": "Stack.1", "name": "tracks", "children": [
                {"OTIO_SCHEMA": "Track.1", "name": "V1", "kind": "Video", "children": clips}]}})


def webvtt(text):
    """[(start ms, end ms, settings, text)]"""
    out = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        lines = block.strip().split("\n")
        at = next((i for i, line in enumerate(lines) if "-->" in line), None)
        if at is None:
            continue
        begin, rest = lines[at].split("-->")
        end, *settings = rest.split()
        out.append((clock(begin.strip()), clock(end), " ".join(settings), "\n".join(lines[at + 1:])))
    return out


def clock(text):
    parts = text.split(":")
    seconds, ms = parts[-1].split(".")
    hours = int(parts[-3]) if len(parts) == 3 else 0
    return ((hours * 60 + int(parts[-2])) * 60 + int(seconds)) * 1000 + int(ms)
