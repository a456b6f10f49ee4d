#!/usr/bin/env python3
"""draw.py: the two pictures of docs/recut.md, joins-editor.svg and joins-engineer.svg, beside this file.

Colours follow the reader's light or dark. Change the numbers here, run it, look at both.
"""
import os

HERE = os.path.dirname(os.path.abspath(__file__))
STYLE = """
  <style>
    svg { --back: #ffffff; --ink: #1c2733; --soft: #5c6b7a; --line: #b9c4cf; --a: #3d7fc4; --b: #2f9a72; --c: #8a63c4;
          --made: #e08a1e; --on: #ffffff; font: 14px system-ui, 'Noto Sans', 'Noto Sans CJK SC', sans-serif; }
    @media (prefers-color-scheme: dark) {
      svg { --back: #11161c; --ink: #e6edf3; --soft: #9aa7b4; --line: #3c4753; --a: #3f83cc; --b: #2b8f69; --c: #8f68cc;
            --made: #d98a26; --on: #ffffff; }
    }
    .back { fill: var(--back); } text { fill: var(--ink); } .soft { fill: var(--soft); font-size: 12.5px; }
    .head { font-weight: 600; font-size: 15px; paint-order: stroke; stroke: var(--back); stroke-width: 7px; } .on { fill: var(--on); font-size: 12.5px; }
    .a { fill: var(--a); } .b { fill: var(--b); } .c { fill: var(--c); } .made { fill: var(--made); }
    .ghost { opacity: 0.28; } .edge { fill: none; stroke: var(--line); } .grid { stroke: var(--back); stroke-width: 1.5; }
    .cut { stroke: var(--ink); stroke-width: 2; } .lead { stroke: var(--soft); stroke-width: 1.2; stroke-dasharray: 4 4; fill: none; }
    .fade { fill: none; stroke: var(--ink); stroke-width: 1.5; }
  </style>"""


class Picture:
    def __init__(self, width, height, title, text):
        self.parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
                      f'role="img" aria-labelledby="title text">', f"  <title id=\"title\">{title}</title>",
                      f"  <desc id=\"text\">{text}</desc>", STYLE.strip("\n"),
                      f'  <rect class="back" width="{width}" height="{height}" rx="8"/>']

    def rect(self, x, y, w, h, kind, rx=3):
        self.parts.append(f'  <rect class="{kind}" x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="{rx}"/>')

    def text(self, x, y, words, kind="", anchor="start"):
        self.parts.append(f'  <text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{words}</text>')

    def line(self, x1, y1, x2, y2, kind):
        self.parts.append(f'  <line class="{kind}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>')

    def path(self, d, kind):
        self.parts.append(f'  <path class="{kind}" d="{d}"/>')

    def write(self, name):
        with open(os.path.join(HERE, name), "w", encoding="utf-8") as file:
            file.write("\n".join(self.parts + ["</svg>", ""]))


def editor():
    p = Picture(960, 430, "A film of three clips", "Three episodes, of each of which a part is used; below them the film that the "
                "parts make. Short orange stretches around the two joins are made anew; all else of the film is the "
                "episodes' own files.")
    p.text(24, 34, "Three episodes, and what the list takes of them", "head")
    episodes = [("a", "Episode 1", 150, 640, 60, 250), ("b", "Episode 2", 150, 640, 180, 470), ("c", "Episode 3", 150, 640, 330, 560)]
    for n, (kind, name, x, w, begin, end) in enumerate(episodes):
        y = 52 + 44 * n
        p.text(24, y + 20, name)
        p.rect(x, y, w, 30, f"{kind} ghost")
        p.rect(x + begin, y, end - begin, 30, kind)
        p.line(x + begin, y - 4, x + begin, y + 34, "cut")
        p.line(x + end, y - 4, x + end, y + 34, "cut")
        p.text(x + (begin + end) / 2, y + 20, f"clip {n + 1}", "on", "middle")
    p.text(810, 72, "faint: not used,", "soft")
    p.text(810, 89, "stays where it is", "soft")
    y, x, joints = 250, 110, []
    for n, (kind, _, ex, _, begin, end) in enumerate(episodes):
        p.path(f"M {ex + begin} {86 + 44 * n} C {ex + begin} {200}, {x} {190}, {x} {y - 2}", "lead")
        p.rect(x, y, end - begin, 40, kind)
        p.text(x + (end - begin) / 2, y + 25, f"clip {n + 1}", "on", "middle")
        x += end - begin
        joints.append(x)
    for joint, before, after in zip(joints, (18, 9), (12, 20)):
        p.rect(joint - before, y, before + after, 40, "made", 2)
        p.line(joint, y - 6, joint, y + 46, "cut")
    p.text(24, 226, "The film: one title, one timeline, nothing copied", "head")
    for joint in joints[:2]:
        p.text(joint, y + 62, "join", "soft", "middle")
    p.rect(110, 334, 22, 16, "a")
    p.rect(134, 334, 22, 16, "b")
    p.rect(158, 334, 22, 16, "c")
    p.text(190, 347, "the episodes' own files, sent from where they lie: every frame bit for bit as it was")
    p.rect(110, 362, 70, 16, "made")
    p.text(190, 375, "made anew: the few frames between a cut and the nearest whole group of pictures")
    p.line(145, 390, 145, 408, "cut")
    p.text(190, 404, "the join: picture exact to the frame; sound within 10.67 ms of it, never more, never adding up")
    p.write("joins-editor.svg")


def engineer():
    p = Picture(1000, 670, "One join, as bytes", "Groups of pictures of two assets; the film's picture track made of references to "
                "whole groups and of a bridge that has the tail of one and the head of the other; its sound on one grid of "
                "packets, copied but for six around the join; and the answer to a request.")
    g, x0 = 120, 130
    p.text(24, 32, "Picture: whole groups are referenced, what is left at the ends is one bridge", "head")
    p.text(24, 68, "asset A")
    p.text(24, 116, "asset B")
    for n in range(6):
        p.rect(x0 + n * g, 50, g - 2, 28, "a" if n < 3 else "a ghost", 2)
        p.text(x0 + n * g + (86 if n == 3 else g / 2), 69, f"GOP {n + 7}", "on" if n < 3 else "soft", "middle")
        p.rect(x0 + n * g, 98, g - 2, 28, "b" if n > 2 else "b ghost", 2)
        p.text(x0 + n * g + (34 if n == 2 else g / 2), 117, f"GOP {n}", "on" if n > 2 else "soft", "middle")
    out, inn = x0 + 3 * g + 46, x0 + 2 * g + 70
    p.rect(x0 + 3 * g, 50, 46, 28, "a", 2)
    p.rect(inn, 98, g - 72, 28, "b", 2)
    p.line(out, 44, out, 84, "cut")
    p.text(out + 6, 92, "out", "soft")
    p.line(inn, 92, inn, 132, "cut")
    p.text(inn - 6, 144, "in", "soft", "end")
    y = 172
    p.text(24, y + 20, "film, video")
    for n in range(2):
        p.rect(x0 + n * g, y, g - 2, 32, "a", 2)
        p.text(x0 + n * g + g / 2, y + 21, f"A: GOP {n + 8}", "on", "middle")
    join = x0 + 2 * g + 46
    p.rect(x0 + 2 * g, y, 46, 32, "made", 2)
    p.rect(join, y, 48, 32, "made", 2)
    p.text(join - 23, y + 21, "tail", "on", "middle")
    p.text(join + 24, y + 21, "head", "on", "middle")
    end = join + 50
    for n in range(3):
        p.rect(end + n * g, y, g - 2, 32, "b", 2)
        p.text(end + n * g + g / 2, y + 21, f"B: GOP {n + 3}", "on", "middle")
    p.line(join, y - 6, join, y + 38, "cut")
    p.text(x0, y + 56, "blue and green: fragments as they lie in the assets' track files", "soft")
    p.text(x0, y + 74, "orange: the bridge, encoded under the assets' own parameters; DTS and PTS step on, no discontinuity", "soft")
    y = 310
    p.text(24, y - 16, "Sound: one grid of packets for the whole film, the same for every language", "head")
    p.text(24, y + 20, "film, audio")
    step, count, at = 33, 24, 11
    for n in range(count):
        made = at - 3 <= n < at + 3
        kind = "made" if made else "a" if n < at else "b"
        p.rect(x0 + n * step, y, step - 2, 32, kind, 2)
    exact = x0 + at * step + 9
    p.line(x0 + at * step, y - 6, x0 + at * step, y + 38, "cut")
    p.line(exact, y - 10, exact, y + 46, "lead")
    p.text(exact + 6, y + 56, "dashed: the picture's join, at most half a packet", "soft")
    p.text(exact + 6, y + 72, "(512 samples, 10.67 ms) away; chosen for each join", "soft")
    p.text(x0, y + 56, "blue and green: copied packets", "soft")
    fade = x0 + at * step
    p.path(f"M {fade - 3 * step} {y + 86} L {fade - 10} {y + 86} L {fade + 10} {y + 108}", "fade")
    p.path(f"M {fade - 10} {y + 108} L {fade + 10} {y + 86} L {fade + 3 * step} {y + 86}", "fade")
    p.text(x0, y + 128, "orange: 6 packets encoded from PCM with a short crossfade, after 3 that only warm the encoder up", "soft")
    y = 496
    p.text(24, y - 16, "Sent: what depends on the place lies in 80 bytes before the rest", "head")
    p.text(24, y + 22, "a segment")
    for n, (kind, words) in enumerate((("a", "A's track file"), ("made", "bridge file"), ("b", "B's track file"))):
        x = x0 + n * 270
        p.rect(x, y, 58, 34, "edge", 2)
        p.text(x + 29, y + 22, "80 B", "", "middle")
        p.rect(x + 62, y, 190, 34, kind, 2)
        p.text(x + 157, y + 22, f"sendfile: {words}", "on", "middle")
    p.text(x0, y + 58, "moof, mfhd, traf, tfhd, tfdt: sequence number and decode time of this film, from memory", "soft")
    p.text(x0, y + 76, "everything from trun on, and mdat: the bytes on the disk, which no film changes", "soft")
    y = 598
    p.rect(x0, y, 22, 14, "a")
    p.rect(x0 + 24, y, 22, 14, "b")
    p.text(x0 + 54, y + 12, "referenced: bit for bit")
    p.rect(x0 + 250, y, 46, 14, "made")
    p.text(x0 + 304, y + 12, "made once, named by its recipe, kept in bridge/")
    p.text(x0, y + 40, "A join that falls on the borders of groups on both sides needs no bridge of picture: nothing is stored.", "soft")
    p.write("joins-engineer.svg")


editor()
engineer()
