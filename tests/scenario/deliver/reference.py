"""The bodies of a film, composed the slow way from what it was made of.

Nothing here asks libsampan: segments are grouped by the rules of "Sizes", each fragment is read from
its file and the two numbers that depend on its place are written where ISO/IEC 14496-12 has them.
"""

import bisect
import json
import struct
import subprocess
from fractions import Fraction


class Film:
    def __init__(self, tool, data, *arguments):
        made = subprocess.run([tool, "film", data, *arguments], check=True, capture_output=True)
        self.tool, self.data = tool, data
        self.made = json.loads(made.stdout)
        self.id, self.path = self.made["id"], self.made["path"]
        self.renditions = {r["id"]: r for r in self.made["renditions"]}
        for r in self.renditions.values():
            r["times"] = [0]
            for fragment in r["fragments"]:
                r["times"].append(r["times"][-1] + fragment[5])
        self.groups = {name: self.group(r) for name, r in self.renditions.items()}

    def group(self, r):
        """Segments as (first fragment, past the last)."""
        video = self.renditions["v0"]
        target = Fraction(self.made["segment_gops"] * self.made["gop"] * self.made["rate"][1],
                          self.made["rate"][0])
        borders, begin = [0], 0
        for k in range(1, len(video["fragments"])):
            longer = Fraction(video["times"][k + 1] - video["times"][begin], video["timescale"])
            if longer > target * Fraction(5, 4) or k - begin == 5:
                borders.append(k)
                begin = k
        times = [Fraction(video["times"][k], video["timescale"]) for k in borders]
        count = len(r["fragments"])
        starts = r["times"][:count]
        nearest = [self.nearest(starts, t * r["timescale"]) for t in times]
        return list(zip(nearest, nearest[1:] + [count]))

    @staticmethod
    def nearest(times, t):
        k = bisect.bisect(times, t)
        return min(range(max(k - 1, 0), min(k + 1, len(times))), key=lambda i: abs(times[i] - t))

    def fragment(self, r, k):
        """Fragment k with the sequence number and decode time of its place."""
        file, offset, size, _, _, _, exact = r["fragments"][k]
        with open(self.made["files"][file], "rb") as f:
            f.seek(offset)
            body = bytearray(f.read(size))
        assert body[4:8] == b"moof" and body[12:16] == b"mfhd" and body[64:68] == b"tfdt"
        before = bytes(body)
        struct.pack_into(">I", body, 20, k + 1)
        struct.pack_into(">Q", body, 72, r["times"][k])
        assert not exact or body == before, "the tool called a fragment exact that is not"
        return bytes(body)

    def body(self, path):
        """The body of a path below /v/ID/, or None where this page has no opinion of its own."""
        parts = path.split("/")
        r = self.renditions.get(parts[0])
        if r is None or len(parts) != 2:
            return None
        if parts[1] == "init.mp4":
            return bytes.fromhex(r["header"])
        if parts[1].endswith(".m4s") and parts[1][0] != "i":
            first, past = self.groups[parts[0]][int(parts[1][:-4]) - 1]
            return b"".join(self.fragment(r, k) for k in range(first, past))
        return None

    def answer(self, path):
        """What libsampan says, its parts read from the files one after the other."""
        url = f"/v/{self.id}/{path}"
        return subprocess.run([self.tool, "answer", self.data, url], check=True,
                              capture_output=True).stdout

    def paths(self):
        """Every path of the film, with the content type it must have."""
        hls, dash, vtt = "application/vnd.apple.mpegurl", "application/dash+xml", "text/vtt"
        yield "main.m3u8", hls
        yield "main.mpd", dash
        for name, r in self.renditions.items():
            mp4 = "video/mp4" if name[0] == "v" else "audio/mp4"
            yield f"{name}/media.m3u8", hls
            yield f"{name}/init.mp4", mp4
            for n in range(len(self.groups[name])):
                yield f"{name}/{n + 1}.m4s", mp4
            if name[0] == "v":
                yield f"{name}/iframe.m3u8", hls
                for n in range(len(r["fragments"])):
                    yield f"{name}/i{n + 1}.m4s", mp4
        yield "t0/media.m3u8", hls
        for n in range(len(self.groups["v0"])):
            yield f"t0/{n + 1}.vtt", vtt
        yield "t0/all.vtt", vtt
        yield "images.m3u8", hls
        yield "storyboard.vtt", vtt
        yield "chapters.vtt", vtt
        last = self.renditions["v0"]
        seconds = Fraction(last["times"][-1], last["timescale"])
        for n in range(int(-(-seconds // 1000))):  # a sheet is 100 tiles of 10 s
            yield f"sheet/{n + 1}.jpg", "image/jpeg"
