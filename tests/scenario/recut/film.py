"""film.py - a cut as a viewer gets it, over HTTP, and everything that must be true of it.

Each check answers with the faults it found, so that a spoilt film can be put through the same ones.
"""
from fractions import Fraction
import os
import re
import subprocess
import wave
import xml.etree.ElementTree as ElementTree

from boxes import fragments, has_edit, has_sets, is_key, sample_entry, timescale
from model import FRAME, RATE, webvtt

DASH = "{urn:mpeg:dash:schema:mpd:2011}"


def run(*words):
    return subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, check=False)


def md5s(path):
    """MD5 of every picture, and all that ffmpeg had to say while it decoded to the end."""
    done = run("ffmpeg", "-nostdin", "-v", "warning", "-err_detect", "explode", "-xerror", "-i", path, "-map", "0:v:0",
               "-fps_mode", "passthrough", "-f", "framemd5", "-")
    lines = [line.split(",") for line in done.stdout.decode().splitlines() if line and line[0] != "#"]
    return [line[-1].strip() for line in lines], done.stderr.decode() + (f"exit {done.returncode}" if done.returncode else "")


class Rendition:
    """What was fetched of one: init and segments."""

    def __init__(self, name, init, segments):
        self.name, self.init, self.segments = name, init, segments

    def whole(self):
        return self.init + b"".join(self.segments)

    def write(self, folder):
        path = os.path.join(folder, self.name.replace("/", "-") + ".mp4")
        with open(path, "wb") as file:
            file.write(self.whole())
        return path


class Film:
    def __init__(self, get, publication):
        """get(path) -> bytes."""
        self.get = lambda name: get(f"/v/{publication}/{name}")
        self.main = self.get("main.m3u8").decode()
        self.mpd = ElementTree.fromstring(self.get("main.mpd"))
        names = re.findall(r'URI="([^"]+/media\.m3u8)"', self.main)
        names += re.findall(r"^(\S+/media\.m3u8)$", self.main, re.M)
        self.lists = {name.split("/")[0]: self.get(name).decode() for name in dict.fromkeys(names)}
        self.renditions = {}
        for name, text in self.lists.items():
            if name[0] in "va":
                self.renditions[name] = Rendition(name, self.get(f"{name}/init.mp4"),
                                                  [self.get(f"{name}/{line}") for line in segments_of(text)])

    def video(self):
        return sorted(name for name in self.renditions if name[0] == "v")

    def audio(self):
        return sorted(name for name in self.renditions if name[0] == "a")

    def text(self):
        return sorted(name for name in self.lists if name[0] == "t")

    def language(self, name):
        return re.search(rf'LANGUAGE="([^"]+)"[^\n]*URI="{name}/', self.main).group(1)


def segments_of(playlist):
    return [line for line in playlist.splitlines() if line and not line.startswith("#")]


# ---- manifests ----


def hls_faults(playlist, rendition):
    """One init segment, no discontinuity, and durations that are those of the boxes."""
    out = []
    if "DISCONTINUITY" in playlist:
        out.append("hls: a discontinuity")
    if playlist.count("#EXT-X-MAP:") != 1:
        out.append("hls: not one init segment")
    told = re.findall(r"#EXTINF:([0-9.]+),", playlist)
    scale = timescale(rendition.init)
    have = [Fraction(sum(f.ticks() for f in fragments(data)), scale) for data in rendition.segments]
    if len(told) != len(have):
        out.append(f"hls: {len(told)} durations of {len(have)} segments")
    for number, (text, exact) in enumerate(zip(told, have), 1):
        if abs(Fraction(text) - exact) > Fraction(1, 1000000):
            out.append(f"hls: segment {number} is said to last {text}, it has {float(exact)}")
    return out


def dash_faults(mpd, name, rendition, get):
    """One period, a timeline that is that of the boxes, and the same bytes as by HLS."""
    periods = mpd.findall(DASH + "Period")
    if len(periods) != 1:
        return [f"dash: {len(periods)} periods"]
    for adaptation in periods[0].findall(DASH + "AdaptationSet"):
        for representation in adaptation.findall(DASH + "Representation"):
            if representation.get("id") == name:
                template = adaptation.find(DASH + "SegmentTemplate")
                return timeline_faults(template, name, rendition, get)
    return [f"dash: no representation {name}"]


def timeline_faults(template, name, rendition, get):
    out, at, number = [], 0, int(template.get("startNumber"))
    if int(template.get("timescale")) != timescale(rendition.init):
        out.append("dash: another timescale than the track's")
    durations = []
    for s in template.find(DASH + "SegmentTimeline").findall(DASH + "S"):
        durations += [int(s.get("d"))] * (int(s.get("r", 0)) + 1)
        if s.get("t") is not None and int(s.get("t")) != 0:
            out.append("dash: a jump in the timeline")
    if len(durations) != len(rendition.segments):
        out.append(f"dash: {len(durations)} segments, hls has {len(rendition.segments)}")
    for index, duration in enumerate(durations[:len(rendition.segments)]):
        media = template.get("media").replace("$RepresentationID$", name).replace("$Number$", str(number + index))
        if get(media) != rendition.segments[index]:
            out.append(f"dash: {media} has other bytes than by hls")
        found = fragments(rendition.segments[index])
        if found and (found[0].decode != at or sum(f.ticks() for f in found) != duration):
            out.append(f"dash: segment {number + index} is not at {at} or lasts not {duration}")
        at += duration
    if get(template.get("initialization").replace("$RepresentationID$", name)) != rendition.init:
        out.append("dash: another init segment than by hls")
    return out


# ---- boxes ----


def box_faults(rendition, codec, ticks, lengths):
    """Continuous, evenly stepped, whole; each fragment begins with a key frame; no parameter sets inside."""
    out, at, data = [], 0, rendition.whole()
    if has_edit(rendition.init):
        out.append("box: an edit list")
    found = fragments(data)
    have = [len(f.sizes) for f in found]
    if have != lengths:
        out.append(f"box: fragments have {have} samples, not {lengths}")
    for number, f in enumerate(found, 1):
        where = f"fragment {number}"
        if f.sequence != number:
            out.append(f"box: {where} says sequence number {f.sequence}")
        if f.decode != at or f.version != 1:
            out.append(f"box: {where} says decode time {f.decode}, not {at}")
        if set(f.durations) != {ticks}:
            out.append(f"box: {where} has samples of {set(f.durations)} ticks")
        shown = sorted(i * ticks + offset for i, offset in enumerate(f.offsets))
        if shown != [i * ticks for i in range(len(shown))]:
            out.append(f"box: frames of {where} are not shown one after the other from its decode time")
        if not f.single or not f.moof_base:
            out.append(f"box: {where} has more than one track or trun, or does not count from moof")
        if f.data_start != f.mdat or f.data_end != f.end:
            out.append(f"box: samples of {where} do not fill its mdat")
        if f.flags[0] & 0x00010000 or (codec != "aac" and (f.flags[0] != 0x02000000 or any(
                not flags & 0x00010000 for flags in f.flags[1:]))):
            out.append(f"box: {where} marks a wrong sample as sync")
        if codec != "aac":
            keys = [is_key(data, place, size, codec) for place, size in zip(f.places, f.sizes)]
            if keys != [True] + [False] * (len(keys) - 1):
                out.append(f"box: {where} has key frames {keys[:3]}…")
            if any(has_sets(data, place, size, codec) for place, size in zip(f.places, f.sizes)):
                out.append(f"box: {where} has parameter sets inside")
        at += f.ticks()
    return out


def reference_faults(cut, rendition, tracks):
    """Every whole GOP of a clip is the asset's own fragment, to the byte, but for the 80 bytes of its place.
    tracks[asset]: the bytes of its track file."""
    out, data = [], rendition.whole()
    own = [fragments(track) for track in tracks]
    found, frame, timeline = fragments(data), 0, cut.timeline()
    for f in found:
        _, asset, number, referenced = timeline[frame]
        frame += len(f.sizes)
        if not referenced:
            continue
        origin = own[asset][number // cut.gop]
        if data[f.start + 80:f.end] != tracks[asset][origin.start + 80:origin.end]:
            out.append(f"reference: GOP {number // cut.gop} of asset {asset} is not what lies in its track")
    for asset, track in enumerate(tracks):
        if asset not in cut.whole and sample_entry(track) != sample_entry(rendition.init):
            out.append(f"reference: asset {asset} configures a decoder otherwise than the init segment")
    return out


# ---- pictures ----


def decode_faults(cut, path, assets):
    """Nothing to complain of, every frame there, referenced ones as the asset shows them. assets[n]: MD5s."""
    shown, said = md5s(path)
    out = [f"decode: ffmpeg says {said[:200]!r}"] if said else []
    if len(shown) != cut.frames:
        out.append(f"decode: {len(shown)} frames, not {cut.frames}")
    for n, (md5, (_, asset, frame, referenced)) in enumerate(zip(shown, cut.timeline())):
        if referenced and md5 != assets[asset][frame]:
            out.append(f"decode: frame {n} is not frame {frame} of asset {asset} bit by bit")
    return out


def code_faults(sample, cut, path, sources):
    """Every frame is the expected one by its code."""
    lines = run(sample, "read", path).stdout.decode().split("\n")
    have = [line.split(" ")[1:] for line in lines if line]
    want = [[str(sources[asset]), str(frame)] for _, asset, frame, _ in cut.timeline()]
    out = [f"code: {len(have)} frames, not {len(want)}"] if len(have) != len(want) else []
    out += [f"code: frame {n} is {h}, not {w}" for n, (h, w) in enumerate(zip(have, want)) if h != w]
    return out


def step_faults(cut, path):
    """Packets are decoded and shown at one constant step."""
    lines = run("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts,dts", "-of", "csv=p=0",
                path).stdout.decode().split()
    times = [tuple(map(int, line.rstrip(",").split(",")[:2])) for line in lines]
    steps = {b[1] - a[1] for a, b in zip(times, times[1:])}
    shown = sorted(pts for pts, _ in times)
    out = [] if steps <= {cut.den} else [f"step: DTS steps of {sorted(steps)}, not {cut.den}"]
    # ffmpeg counts from the first DTS; where that lies against the boxes is box_faults' to say
    if not shown or shown != [shown[0] + n * cut.den for n in range(cut.frames)]:
        out.append(f"step: PTS are {shown[:3]}… {shown[-1:]}, not a frame apart")
    return out


# ---- sound ----


def pcm_of(path, stream=0):
    """All samples of a stream of sound, mono."""
    done = run("ffmpeg", "-nostdin", "-v", "warning", "-err_detect", "explode", "-xerror", "-i", path, "-map", f"0:a:{stream}",
               "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-")
    return done.stdout, done.stderr.decode()


def sound_faults(sample, cut, path, sources, language, folder, told_us=None, stream=0):
    """As long as the picture to a packet, and every clip's sound where it should be: late by what rounding to
    packets leaves and the check had told, at most 512 samples. Answers (faults, offsets by clip)."""
    pcm, said = pcm_of(path, stream)
    out = [f"sound: ffmpeg says {said[:200]!r}"] if said else []
    if len(pcm) // 2 != cut.packets() * FRAME:
        out.append(f"sound: {len(pcm) // 2} samples, not {cut.packets() * FRAME}")
    offsets = {}
    for number, (asset, begin, _) in enumerate(cut.clips):
        late = cut.late(number)
        if abs(late) > 512:
            out.append(f"sound: clip {number} should be late by {float(late)}")
        if told_us and abs(told_us[number] - late * 1000000 / RATE) > 1:
            out.append(f"sound: clip {number} was told to be {told_us[number]} us late, it is {float(late)} samples")
        # from the crossfade at its first slot to that at its last
        first = cut.packet(cut.starts[number]) * FRAME + 512
        last = cut.packet(cut.starts[number + 1]) * FRAME - 512
        if last - first < RATE // 2:
            continue
        expected = cut.sample(begin) + first - cut.sample(cut.starts[number])
        piece = os.path.join(folder, "piece.wav")
        with wave.open(piece, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(pcm[2 * first:2 * last])
        heard = run(sample, "listen", piece, "--source", str(sources[asset]), "--language", language, "--first",
                    str(int(expected)), "--search", "4000").stdout.decode().split("\n")
        found = [line.split(" ")[1] for line in heard if line]
        if not found or "-" in found or len(set(found)) != 1:
            out.append(f"sound: clip {number} is not one piece of its source: {found}")
            continue
        offsets[number] = int(found[0])
        if abs(offsets[number] - late) > 2 or abs(offsets[number]) > 513:
            out.append(f"sound: clip {number} is {offsets[number]} samples late, not {float(late)}")
    return out, offsets


# ---- text ----


def cue_faults(cut, film, name, sources):
    """Cues are those of the clips, at their exact new times, whole in one file as in segments."""
    want = [tuple(cue) for cue in cut.cues(sources)]
    have = sorted(webvtt(film.get(f"{name}/all.vtt").decode()))
    out = [] if have == want else [f"cue: {have[:3]}…, not {want[:3]}… ({len(have)} and {len(want)})"]
    pieces = set()
    for line in segments_of(film.lists[name]):
        pieces |= set(webvtt(film.get(f"{name}/{line}").decode()))
    if sorted(pieces) != sorted(set(want)):
        out.append("cue: segments have other cues than the whole")
    return out
