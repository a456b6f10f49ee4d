#!/usr/bin/env python3
"""subtitles.py PRINT - real subtitles that nobody here made, read or refused for their true reason.

subtitles/   every file of SAMPAN_MATERIAL: what is refused says why; what is read has cues, in order
chardet      real GB2312 and Big5 prose as subtitles: the encoding is found and each character is right
*.dat        W3C's tests of WebVTT cue text: the same characters as in the expected trees

Prints TAP, one test a file.
"""
import html
import os
import re
import subprocess
import sys

TIMING = re.compile(r"^(\d\d):(\d\d):(\d\d)\.(\d\d\d) --> (\d\d):(\d\d):(\d\d)\.(\d\d\d)( .+)?$")

# What is refused, and a word of the reason; all else is read.
REFUSED = (
    (r"\.stl$", "unsupported", "EBU STL"),
    (r"\.scc$", "unsupported", "Scenarist"),
    (r"\.dat$|_ude_1\.txt$", "bad_format", "line 1 of"),
    (r"Big5/coolloud\.org\.tw\.xml$", "bad_format", "is not XML"),
    (r"chardet.*\.xml$", "unsupported", "not TTML"),
    (r"example-in-breaklines\.ttml$", "unsupported", "not TTML"),  # it has no namespace
    (r"astisub/example-in(-non-utf8)?\.vtt$", "bad_format", "line 29 of"),  # no milliseconds in any time
    (r"wpt_webvtt/timings-eof\.vtt$", "bad_format", "line 3 of"),
    (r"astisub/broken-1-in\.vtt$|wpt_webvtt/empty\.vtt$", "bad_format", "does not begin with WEBVTT"),
    (r"wpt_webvtt/signature-(invalid-whitespace|lowercase|missing|partial|websrt)\.vtt$", "bad_format",
     "does not begin with WEBVTT"),
    (r"(aspectRatio3|displayAspectRatio003|image\d+)\.ttml$", "unsupported", "pictures"),
)
# Read, and there is no cue in them: all signature and no cue, or nothing to show.
EMPTY = re.compile(r"wpt_webvtt/signature-(no-newline|space|tab|timestamps)\.vtt$|body_only\.ttml$|"
                   r"(Structure002|Display004|Animation003)\.ttml$|"
                   r"wpt_webvtt/timings-negative\.vtt$")  # each ends before it begins
# Names of characters that HTML 5 has and HTML 4 has not: they stay as they are written.
UNNAMED = ("ClockwiseContourIntegral", "nsubE")


class Suite:
    def __init__(self, program):
        self.program, self.count = program, 0

    def report(self, name, wrong):
        self.count += 1
        print(f"{'not ok' if wrong else 'ok'} {self.count} - {name.replace('#', '_')}", flush=True)
        for line in wrong.splitlines()[:4]:
            print(f"#   {line}")

    def read(self, name, data):
        run = subprocess.run([self.program, name], input=data, capture_output=True, timeout=60, check=False)
        return run.returncode, run.stdout.decode(), run.stderr.decode()

    def file(self, path, relative):
        with open(path, "rb") as source:
            code, text, said = self.read(os.path.basename(path), source.read())
        for pattern, kind, word in REFUSED:
            if re.search(pattern, relative):
                right = code == 1 and any(line.startswith(kind + ": ") and word in line
                                          for line in said.splitlines())
                self.report(relative + " is refused: " + word, "" if right else f"{code} {said}")
                return
        self.report(relative + " is read", said or "refused" if code else faults(text, EMPTY.search(relative)))

    def prose(self, path, relative, encoding):
        with open(path, "rb") as source:
            lines = [line.strip() for line in source.read().splitlines()]
        lines = [line for line in lines if re.search(rb"[\x80-\xff]", line) and not re.search(rb"[<&{\\]", line)]
        lines = [line for line in lines if decoded(line, encoding)][:200]
        if len(b"".join(lines)) < 200:
            return
        cues = b"".join(b"%d\n00:%02d:%02d,000 --> 00:%02d:%02d,900\n%s\n\n" %
                        (n + 1, n // 60, n % 60, n // 60, n % 60, line) for n, line in enumerate(lines))
        code, text, said = self.read("prose.srt", cues)
        blocks = text.split("\n\n")[1:-1]
        wrong = said if code else ""
        for line, block in zip(lines, blocks):
            want = " ".join(html.escape(decoded(line, encoding), quote=False).split())
            have = " ".join(block.split("\n", 1)[1].split())
            if want.replace("\u3000", " ").split() != have.replace("\u3000", " ").split():
                wrong += f"{want!r} became {have!r}\n"
        if len(blocks) != len(lines):
            wrong += f"{len(lines)} lines became {len(blocks)} cues"
        self.report(f"{relative} as subtitles in {encoding}", wrong)

    def tree(self, path, relative):
        with open(path, encoding="utf-8") as source:
            tests = source.read().split("#data\n")[1:]
        for number, test in enumerate(tests, 1):
            data, expected = test.split("\n#errors", 1)
            want = "".join(re.findall(r'^\| +"(.*?)"$', expected.split("#document-fragment")[1], re.M | re.S))
            want = re.sub(r"\\u([0-9A-Fa-f]{4})", lambda m: chr(int(m[1], 16)), want)
            if any(name in data for name in UNNAMED):
                want = data
            code, text, said = self.read("x.vtt", f"WEBVTT\n\n00:01.000 --> 00:02.000\n{data}\n".encode())
            block = text.split("\n\n")[1:-1]
            have = html.unescape(re.sub(r"<[^>]*>", "", block[0].split("\n", 1)[1])) if block else ""
            wrong = said if code else ""
            if " ".join(want.split()) != " ".join(have.split()):
                wrong += f"{data!r} became {have!r}, not {want!r}"
            self.report(f"{relative} test {number}", wrong)


def decoded(line, encoding):
    try:
        return line.decode("gb18030" if encoding == "GB2312" else "big5hkscs")
    except UnicodeDecodeError:
        return ""


def faults(text, empty):
    """What is wrong with text that was kept."""
    before, cues = (0, 0), 0
    if not text.startswith("WEBVTT\n\n"):
        return "no signature"
    for block in text[8:].split("\n\n")[:-1]:
        match = TIMING.match(block.split("\n", 1)[0])
        if not match or "\n" not in block:
            return f"no cue: {block!r}"
        part = [int(x) for x in match.groups()[:8]]
        start, end = (((a * 60 + b) * 60 + c) * 1000 + d for a, b, c, d in (part[:4], part[4:]))
        if not before <= (start, end) or end <= start:
            return f"out of order: {block!r}"
        before, cues = (start, end), cues + 1
    return "" if bool(cues) != bool(empty) else f"{cues} cues"


def main():
    material = os.environ.get("SAMPAN_MATERIAL", "")
    top = os.path.join(material, "subtitles")
    if not material or not os.path.isdir(top):
        print("1..0 # skip no real material: script/test --material DIR")
        return
    suite = Suite(sys.argv[1])
    for folder, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            relative = os.path.relpath(path, top)
            suite.file(path, relative)
            encoding = os.path.basename(folder)
            if encoding in ("GB2312", "Big5"):
                suite.prose(path, relative, encoding)
            if name.endswith(".dat"):
                suite.tree(path, relative)
    print(f"1..{suite.count}")


main()
