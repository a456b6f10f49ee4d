#!/usr/bin/env python3
"""Delivery, seen from outside: the stock nginx, the module, real answers. Prints TAP.

  deliver.py --module SO --tool make_publication --load load [--preload LIBRARY…] [--port N]
             [--seed N] [--publications N]
"""

import argparse
import gzip
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import traceback

from reference import Film
from server import Connection, Server, descriptors, mapped, resident

ROWS = []
FOREVER = "public, max-age=31536000, immutable"
BRIEFLY = "public, max-age=1"


def row(name):
    def add(function):
        ROWS.append((name, function))
        return function
    return add


def note(text):
    print("#", text, flush=True)


class Place:
    """One data directory, one nginx, a few films."""

    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.work = tempfile.mkdtemp(prefix="sampan-deliver-")
        os.chmod(self.work, 0o755)
        self.data = os.path.join(self.work, "data")
        os.mkdir(self.data)
        self.port = options.port
        ports = range(options.port, options.port + 6)
        self.small, self.threads, self.copied, self.gzip, self.h2 = ports[1:]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
                        "-keyout", f"{self.work}/key.pem", "-out", f"{self.work}/cert.pem"], check=True,
                       capture_output=True)
        root = f"location /v/ {{ sampan {self.data}; }}"
        self.server = Server(options.module, self.work, f"""
    server {{ listen 127.0.0.1:{self.port}; {root} }}
    server {{ listen 127.0.0.1:{self.small} sndbuf=16k; sampan_cache 2; {root} }}
    server {{ listen 127.0.0.1:{self.threads}; aio threads; open_file_cache max=100; {root} }}
    server {{ listen 127.0.0.1:{self.copied}; sendfile off; {root} }}
    server {{ listen 127.0.0.1:{self.gzip}; gzip on; gzip_types application/vnd.apple.mpegurl
                  application/dash+xml text/vtt; {root} }}
    server {{ listen 127.0.0.1:{self.h2} ssl http2; ssl_certificate {self.work}/cert.pem;
              ssl_certificate_key {self.work}/key.pem; {root} }}
""", options.preload)
        self.whole = self.film("--id", "1", "--seconds", "61")
        self.cut = self.film("--id", "2", "--seconds", "40", "--cut", "--segment-gops", "2")
        # segments too long to be copied: they go by sendfile, page by page
        self.large = self.film("--id", "3", "--seconds", "12", "--cut", "--segment-gops", "2", "--bytes", "200000")
        self.server.start(self.port)
        self.main = Connection(self.port)
        self.next_id = 100

    def film(self, *arguments):
        return Film(self.options.tool, self.data, *arguments)

    def fresh(self, *arguments):
        """A film that nobody has asked for."""
        self.next_id += 1
        return self.film("--id", str(self.next_id), "--seconds", "12", "--bytes", "8000", *arguments)

    def to(self, worker, port):
        """A connection to that worker."""
        for _ in range(200):
            connection = Connection(port)
            if connection.ask("/v/none").worker == worker:
                return connection
            connection.close()
        raise AssertionError(f"worker {worker} takes no connection")

    def logged(self, start):
        with open(self.server.log, errors="replace") as f:
            f.seek(start)
            return f.read()

    def log_size(self):
        return os.path.getsize(self.server.log)

    def close(self):
        status = self.server.stop()
        shutil.rmtree(self.work, ignore_errors=True)
        return status


def same(have, want, what):
    if have != want:
        at = next((i for i, (a, b) in enumerate(zip(have, want)) if a != b),
                  min(len(have), len(want)))
        raise AssertionError(f"{what}: {len(have)} bytes, not {len(want)}; differs at {at}")


def plain(answer, status):
    """An error as nginx says it: short, cached briefly if at all, and no word of where things lie."""
    assert answer.status == status, f"{answer.status}, not {status}"
    assert b"/" + b"publication" not in answer.body and b"/tmp" not in answer.body, answer.body
    assert answer["Access-Control-Allow-Origin"] == "*", answer.headers
    assert answer["Cache-Control"] in (BRIEFLY, "no-store"), answer.headers
    assert answer["ETag"] is None


# ---- what is said ----

def every_answer(place, film):
    count = size = 0
    etags = {}
    for path, content_type in film.paths():
        answer = place.main.ask(f"/v/{film.id}/{path}")
        assert answer.status == 200, f"{path}: {answer.status}"
        same(answer.body, film.answer(path), path)
        body = film.body(path)
        if body is not None:
            same(answer.body, body, path)
        assert int(answer["Content-Length"]) == len(answer.body)
        assert answer["Content-Type"].split(";")[0] == content_type, f"{path}: {answer.headers}"
        assert answer["Cache-Control"] == FOREVER
        assert answer["Accept-Ranges"] == "bytes"
        assert answer["Access-Control-Allow-Origin"] == "*"
        for header in ("Content-Length", "Content-Range", "ETag"):
            assert header in answer["Access-Control-Expose-Headers"]
        etag = answer["ETag"]
        assert etag[0] == etag[-1] == '"' and etag not in etags, f"{path} and {etags.get(etag)}"
        etags[etag] = path
        assert answer["Last-Modified"]
        count, size = count + 1, size + len(answer.body)
    note(f"{count} answers, {size} bytes")


@row("every answer of a whole film is the bytes of the reference")
def _(place):
    every_answer(place, place.whole)


@row("every answer of a cut film is the bytes of the reference")
def _(place):
    every_answer(place, place.cut)
    every_answer(place, place.large)


@row("segments follow each other: numbers from 1, each beginning where the last one ended")
def _(place):
    for film in (place.whole, place.cut):
        for name, r in film.renditions.items():
            body = b"".join(place.main.ask(f"/v/{film.id}/{name}/{n + 1}.m4s").body
                            for n in range(len(film.groups[name])))
            at, numbers, times = 0, [], []
            while at < len(body):
                size = int.from_bytes(body[at:at + 4], "big")
                if body[at + 4:at + 8] == b"moof":
                    numbers.append(int.from_bytes(body[at + 20:at + 24], "big"))
                    times.append(int.from_bytes(body[at + 72:at + 80], "big"))
                at += size
            assert at == len(body)
            assert numbers == list(range(1, len(r["fragments"]) + 1))
            assert times == r["times"][:-1]


@row("an I-frame segment is one moof of one sample and that sample")
def _(place):
    for film in (place.whole, place.cut):
        r = film.renditions["v0"]
        for k in range(len(r["fragments"])):
            _, _, _, moof_size, first, _, _ = r["fragments"][k]
            body = place.main.ask(f"/v/{film.id}/v0/i{k + 1}.m4s").body
            sample = film.fragment(r, k)[moof_size + 8:moof_size + 8 + first]
            moof = int.from_bytes(body[:4], "big")
            assert body[4:8] == b"moof" and body[moof + 4:moof + 8] == b"mdat"
            assert int.from_bytes(body[20:24], "big") == k + 1
            assert int.from_bytes(body[72:80], "big") == r["times"][k]
            assert int.from_bytes(body[moof:moof + 4], "big") == 8 + first == len(body) - moof
            same(body[moof + 8:], sample, f"i{k + 1}.m4s")


@row("hundreds of random ranges over composed bodies are those bytes")
def _(place):
    note(f"seed {place.options.seed}")
    for port in (place.port, place.small, place.threads, place.copied):
        connection = Connection(port)
        for _ in range(150):
            film = place.random.choice((place.whole, place.cut))
            path = place.random.choice([p for p, _ in film.paths() if p[0] in "va"])
            whole = film.answer(path)
            size = len(whole)
            first = place.random.randrange(size)
            last = place.random.choice((first, place.random.randrange(first, size), size - 1,
                                        size + 1000))
            tail = place.random.randrange(1, 2 * size)
            text, want = place.random.choice((
                (f"bytes={first}-{last}", (first, min(last, size - 1))),
                (f"bytes={first}-", (first, size - 1)),
                (f"bytes=-{tail}", (max(size - tail, 0), size - 1)),
            ))
            answer = connection.ask(f"/v/{film.id}/{path}", Range=text)
            where = f"port {port} {path} {text} of {size}"
            assert answer.status == 206, f"{where}: {answer.status}"
            assert answer["Content-Range"] == f"bytes {want[0]}-{want[1]}/{size}", where
            assert answer["Cache-Control"] == FOREVER
            same(answer.body, whole[want[0]:want[1] + 1], where)
        connection.close()


def borders(film, path):
    """Where memory and file meet in a segment, where pages do behind that, and where fragments do."""
    rendition, name = path.split("/")
    r = film.renditions[rendition]
    at, found = 0, set()
    for k in range(*film.groups[rendition][int(name[:-4]) - 1]):
        _, offset, size, moof_size, _, _, _ = r["fragments"][k]
        page = 4096 - (offset + 80) % 4096
        found |= {at, at + 80, at + 80 + page, at + moof_size, at + size}
        at += size
    return sorted(found), at


@row("at every border of a composed body a byte more and a byte less: those bytes")
def _(place):
    asked = 0
    for film, paths in ((place.large, ("v0/1.m4s", "v0/11.m4s", "a0/11.m4s")), (place.cut, ("v0/3.m4s",))):
        for path in paths:
            whole = film.answer(path)
            found, size = borders(film, path)
            assert size == len(whole)
            near = sorted({b + d for b in found for d in (-1, 0, 1) if 0 <= b + d < size})
            for port in (place.port, place.threads, place.copied):
                connection = Connection(port)
                for i, first in enumerate(near):
                    for last in {first, near[min(i + 1, len(near) - 1)], near[min(i + 4, len(near) - 1)], near[-1]}:
                        answer = connection.ask(f"/v/{film.id}/{path}", Range=f"bytes={first}-{last}")
                        where = f"port {port} {path} {first}-{last} of {size}"
                        assert answer.status == 206, f"{where}: {answer.status}"
                        assert answer["Content-Range"] == f"bytes {first}-{last}/{size}", where
                        same(answer.body, whole[first:last + 1], where)
                        asked += 1
                    answer = connection.ask(f"/v/{film.id}/{path}", Range=f"bytes=-{size - first}")
                    assert answer["Content-Range"] == f"bytes {first}-{size - 1}/{size}"
                    same(answer.body, whole[first:], f"port {port} {path} from {first}")
                connection.close()
    note(f"{asked} ranges, as many to the end as there are borders")


@row("the end of a body, longer than it: the whole, as 206")
def _(place):
    whole = place.cut.answer("v0/1.m4s")
    for count in (len(whole), len(whole) + 1, 10 ** 15):
        answer = place.main.ask(f"/v/{place.cut.id}/v0/1.m4s", Range=f"bytes=-{count}")
        assert answer.status == 206 and answer["Content-Range"] == f"bytes 0-{len(whole) - 1}/{len(whole)}"
        same(answer.body, whole, f"the last {count}")


@row("a range past the end is 416 with the size, and is not cached")
def _(place):
    path = f"/v/{place.cut.id}/v0/1.m4s"
    size = len(place.cut.answer("v0/1.m4s"))
    for text in (f"bytes={size}-", f"bytes={size + 5}-{size + 9}", "bytes=-0"):
        answer = place.main.ask(path, Range=text)
        assert answer.status == 416, f"{text}: {answer.status}"
        assert answer["Content-Range"] == f"bytes */{size}"
        assert answer["Cache-Control"] == "no-store"


@row("several ranges, and ranges that are none, get the whole")
def _(place):
    whole = place.cut.answer("v0/1.m4s")
    for text in ("bytes=0-9,20-29", "bytes=0-0,-1", "bytes=0-,0-,0-", "bytes=9-0", "bytes=x-y",
                 "frames=0-9", "bytes="):
        answer = place.main.ask(f"/v/{place.cut.id}/v0/1.m4s", Range=text)
        assert answer.status in (200, 416), f"{text}: {answer.status}"
        if "," in text:
            assert answer.status == 200
        if answer.status == 200:
            same(answer.body, whole, text)


@row("HEAD has the headers of GET and no body")
def _(place):
    for path, _ in place.cut.paths():
        url = f"/v/{place.cut.id}/{path}"
        get, head = place.main.ask(url), place.main.ask(url, "HEAD")
        assert head.status == 200 and head.body == b""
        for name in ("Content-Length", "Content-Type", "ETag", "Last-Modified", "Cache-Control",
                     "Accept-Ranges", "Access-Control-Allow-Origin"):
            assert get[name] == head[name] and get[name], f"{path}: {name}"


@row("HEAD knows no ranges: RFC 9110 has them for GET alone")
def _(place):
    url = f"/v/{place.cut.id}/v0/1.m4s"
    whole = place.main.ask(url)
    for text in ("bytes=5-9", "bytes=-5", f"bytes={len(whole.body)}-"):
        head = place.main.ask(url, "HEAD", Range=text)
        assert head.status == 200 and head.body == b"", f"{text}: {head.status}"
        assert head["Content-Range"] is None and head["Content-Length"] == whole["Content-Length"]


@row("conditions are answered as RFC 9110 has them")
def _(place):
    url = f"/v/{place.cut.id}/v0/1.m4s"
    whole = place.cut.answer("v0/1.m4s")
    now = place.main.ask(url)
    etag, date = now["ETag"], now["Last-Modified"]
    old = "Mon, 01 Jan 2001 00:00:00 GMT"
    for want, headers in (
            (304, {"If_None_Match": etag}), (304, {"If_None_Match": f'"x", W/{etag}'}),
            (304, {"If_None_Match": "*"}), (200, {"If_None_Match": '"x"'}),
            (304, {"If_Modified_Since": date}), (200, {"If_Modified_Since": old}),
            (200, {"If_None_Match": '"x"', "If_Modified_Since": date}),
            (200, {"If_Match": etag}), (412, {"If_Match": '"x"'}),
            (200, {"If_Unmodified_Since": date}), (412, {"If_Unmodified_Since": old}),
            (206, {"Range": "bytes=5-9", "If_Range": etag}),
            (200, {"Range": "bytes=5-9", "If_Range": '"x"'}),
            (206, {"Range": "bytes=5-9", "If_Range": date}),
            (200, {"Range": "bytes=5-9", "If_Range": f"W/{etag}"}),
            (200, {"Range": f"bytes={len(whole)}-", "If_Range": '"x"'}),
            (416, {"Range": f"bytes={len(whole)}-", "If_Range": etag}),
            (304, {"Range": "bytes=5-9", "If_None_Match": etag}),
            (206, {"Range": "bytes=5-9", "If_None_Match": '"x"'}),
            (206, {"Range": "bytes=5-9", "If_Match": etag}),
            (412, {"Range": "bytes=5-9", "If_Match": '"x"'}),
            (412, {"Range": "bytes=5-9", "If_Unmodified_Since": old}),
            (412, {"If_Match": f"W/{etag}"}), (200, {"If_Match": "*"}),
            (412, {"If_Match": '"x"', "If_None_Match": etag}),
            (200, {"Range": "bytes=5-9", "If_Range": old})):
        connection = Connection(place.port)  # nginx closes it after a 412
        answer = connection.ask(url, **headers)
        connection.close()
        assert answer.status == want, f"{headers}: {answer.status}, not {want}"
        if want == 200:
            same(answer.body, whole, str(headers))
        elif want == 206:
            same(answer.body, whole[5:10], str(headers))
        elif want == 304:
            assert answer.body == b"" and answer["ETag"] == etag
            assert answer["Cache-Control"] == FOREVER
        else:
            assert answer["Cache-Control"] != FOREVER


@row("a page of another origin may ask for ranges, and read what it needs")
def _(place):
    answer = place.main.ask(f"/v/{place.cut.id}/v0/1.m4s", "OPTIONS", Origin="https://example.org",
                            Access_Control_Request_Method="GET",
                            Access_Control_Request_Headers="range")
    assert answer.status == 204 and answer.body == b"", answer.status
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "GET" in answer["Access-Control-Allow-Methods"]
    assert "Range" in answer["Access-Control-Allow-Headers"]


@row("what is neither GET nor HEAD is 405")
def _(place):
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = Connection(place.port).ask(f"/v/{place.cut.id}/main.m3u8", method)
        assert answer.status == 405, f"{method}: {answer.status}"


@row("manifests may be gzipped, segments never are")
def _(place):
    connection = Connection(place.gzip)
    for path, _ in place.cut.paths():
        answer = connection.ask(f"/v/{place.cut.id}/{path}", Accept_Encoding="gzip")
        assert answer.status == 200
        if path.endswith((".m4s", ".mp4", ".jpg")):
            assert answer["Content-Encoding"] is None, path
            body = answer.body
        else:
            body = gzip.decompress(answer.body) if answer["Content-Encoding"] else answer.body
        same(body, place.cut.answer(path), path)
    assert connection.ask(f"/v/{place.cut.id}/v0/media.m3u8",
                          Accept_Encoding="gzip")["Content-Encoding"] == "gzip"


@row("without sendfile and with threads: the same bytes")
def _(place):
    for port in (place.threads, place.copied):
        connection = Connection(port)
        for path, _ in place.cut.paths():
            same(connection.ask(f"/v/{place.cut.id}/{path}").body, place.cut.answer(path),
                 f"{port} {path}")


@row("HTTP/2 over TLS, many streams at once: the same bytes")
def _(place):
    out = os.path.join(place.work, "h2")
    os.mkdir(out)
    arguments = []
    for i, (path, _) in enumerate(place.cut.paths()):
        arguments += ["-o", f"{out}/{i}", f"https://127.0.0.1:{place.h2}/v/{place.cut.id}/{path}"]
    said = subprocess.run(["curl", "-sS", "-k", "--http2", "--parallel", "-w", "%{http_version} %{http_code}\n",
                           *arguments], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert set(said.stdout.split("\n")) == {"2 200", ""}, said.stdout
    for i, (path, _) in enumerate(place.cut.paths()):
        with open(f"{out}/{i}", "rb") as f:
            same(f.read(), place.cut.answer(path), path)


@row("the access log knows publication and resource")
def _(place):
    place.main.ask(f"/v/{place.cut.id}/a0/media.m3u8")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with open(os.path.join(place.work, "access.log")) as f:
            lines = [json.loads(line) for line in f]
        if any(line["uri"] == f"/v/{place.cut.id}/a0/media.m3u8" and line["status"] == 200 and
               line["publication"] == place.cut.id and line["resource"] == "media_playlist"
               for line in lines):
            return
    raise AssertionError(lines[-1])


# ---- what there is not ----

@row("unknown renditions, numbers and names are 404 and cached for a second")
def _(place):
    film = place.cut
    last = len(film.groups["v0"])
    for path in ("v9/media.m3u8", "v0/0.m4s", f"v0/{last + 1}.m4s", "v0/01.m4s", "v0/1.mp4",
                 "v0/99999999999999999999.m4s", "v0/-1.m4s", "v0/i0.m4s", "a0/iframe.m3u8", "a0/i1.m4s",
                 "sheet/0.jpg", "sheet/9.jpg", "t0/1.m4s", "t0/init.mp4", "v0/all.vtt", "", "v0",
                 "v0/", "main.m3u8/", "Main.m3u8", "main.m3u8.gz", "v0/1.m4s/x",
                 f"t0/{last + 1}.vtt", "v" * 300, "v0/" + "1" * 300 + ".m4s"):
        answer = place.main.ask(f"/v/{film.id}/{path}")
        plain(answer, 404)
        assert answer["Cache-Control"] == BRIEFLY
    for name in ("", "/", "/x/main.m3u8", "/" + film.id.upper() + "/main.m3u8",
                 "/" + film.id[:-1] + "/main.m3u8", "/" + film.id + "0/main.m3u8",
                 "/publication_" + "0" * 26 + "/main.m3u8", "/" + "a" * 5000 + "/main.m3u8",
                 "/" + film.id.replace("publication", "title") + "/main.m3u8"):
        plain(place.main.ask("/v" + (name or "/")), 404)


@row("odd paths get the bytes, an error page or nothing, never anything else")
def _(place):
    film = place.cut
    good = {place.main.ask(f"/v/{film.id}/{path}").body for path, _ in film.paths()}
    base = f"/v/{film.id}"
    paths = [f"{base}/main%2em3u8", f"{base}//main.m3u8", f"//v/{film.id}/main.m3u8",
             f"{base}/./main.m3u8", f"{base}/v0/../main.m3u8", f"{base}/%00", f"{base}/main.m3u8%00",
             f"{base}/main.m3u8?x=y", f"{base}/main.m3u8#x", f"{base}/..%2f..%2f..%2fetc/passwd",
             "/v/..%2f..%2fetc/passwd", "/v/../../../etc/passwd", f"{base}/%", f"{base}/%zz",
             f"{base}/%c0%ae", f"{base}/\xff\xfe", f"{base}/main.m3u8\t", f"{base}/main.m3u8%0d%0aX:y",
             "/v/%2e%2e/main.m3u8", f"{base}\\main.m3u8", f"{base}/v0%2f1.m4s", f"/v/{'%41' * 900}/x",
             "/v/publication_%2e%2e%2f%2e%2e%2f/main.m3u8", f"{base}/" + "v" * 7000]
    for _ in range(200):
        path = list(f"{base}/v0/1.m4s")
        for _ in range(place.random.randrange(1, 4)):
            path[place.random.randrange(3, len(path))] = chr(place.random.randrange(1, 256))
        paths.append("".join(path))
    statuses = {}
    for path in paths:
        s = socket.create_connection(("127.0.0.1", place.port), 30)
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode("latin-1"))
        reply = b""
        while chunk := s.recv(65536):
            reply += chunk
        s.close()
        head, _, body = reply.partition(b"\r\n\r\n")
        status = int(head.split()[1]) if head.startswith(b"HTTP/1.1 ") else 0
        statuses[status] = statuses.get(status, 0) + 1
        if status == 200:
            assert body in good, path
        else:
            assert status in (0, 400, 404, 414), f"{path!r}: {status}"
            assert b"root:" not in reply and place.data.encode() not in reply
    note(f"statuses {statuses}")


@row("a publication that is not open is 403")
def _(place):
    film = place.fresh("--closed")
    for path in ("main.m3u8", "v0/1.m4s", "v0/init.mp4"):
        plain(place.main.ask(f"/v/{film.id}/{path}"), 403)


@row("what is published is found without a reload, a second after it was asked for in vain")
def _(place):
    film = place.fresh()
    os.rename(film.path, film.path + ".later")
    plain(place.main.ask(f"/v/{film.id}/main.m3u8"), 404)
    os.rename(film.path + ".later", film.path)
    time.sleep(1.2)
    assert place.main.ask(f"/v/{film.id}/main.m3u8").status == 200


@row("withdrawn is 410 in every worker within five seconds, and comes back when the tombstone goes")
def _(place):
    film = place.fresh()
    workers = {pid: place.to(pid, place.port) for pid in place.server.workers()}
    assert len(workers) == 2
    url = f"/v/{film.id}/v0/1.m4s"
    for connection in workers.values():
        assert connection.ask(url).status == 200
    open(film.path + ".gone", "w").close()
    deadline = time.monotonic() + 5
    left = dict(workers)
    while left and time.monotonic() < deadline:
        for pid, connection in list(left.items()):
            answer = connection.ask(url)
            if answer.status == 410:
                plain(answer, 410)
                assert answer["Cache-Control"] == BRIEFLY
                del left[pid]
        time.sleep(0.05)
    assert not left, f"{len(left)} workers still serve it"
    os.remove(film.path + ".gone")
    time.sleep(1.2)
    for connection in workers.values():
        assert connection.ask(url).status == 200


@row("a publication whose file is gone is 404, one whose file was replaced is read anew")
def _(place):
    film, other = place.fresh(), place.fresh("--closed")
    url = f"/v/{film.id}/main.m3u8"
    assert place.main.ask(url).status == 200
    os.rename(film.path, film.path + ".away")
    time.sleep(2.2)
    plain(place.main.ask(url), 404)
    os.rename(film.path + ".away", film.path)
    time.sleep(1.2)
    assert place.main.ask(url).status == 200
    shutil.copy(other.path, film.path + ".new")
    os.rename(film.path + ".new", film.path)
    time.sleep(2.2)
    assert place.main.ask(url).status in (403, 500)


# ---- what is broken ----

@row("a damaged publication is 500 and a line in the log, whatever the damage")
def _(place):
    film = place.fresh()
    with open(film.path, "rb") as f:
        right = f.read()
    url = f"/v/{film.id}/v0/1.m4s"
    damages = [right[:size] for size in (0, 1, 7, 8, 63, 64, 100, 200, len(right) // 2, len(right) - 1)]
    damages += [right + b"\0", right * 2, bytes(len(right)), b"\xff" * len(right)]
    for _ in range(40):
        bad = bytearray(right)
        bad[place.random.randrange(len(bad))] ^= 1 << place.random.randrange(8)
        damages.append(bytes(bad))
    for i, bad in enumerate(damages):
        # a name of its own each, so that nothing is remembered
        other = film.id[:-4] + f"{place.options.seed % 32:x}{i:02d}z"[-4:]
        path = os.path.join(place.data, "publication", other[-2:], other)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(bad)
        start = place.log_size()
        plain(place.main.ask(f"/v/{other}/v0/1.m4s"), 500)
        assert "[error]" in place.logged(start) and "sampan: " in place.logged(start), f"damage {i}"
    assert place.main.ask(url).status == 200


@row("a directory or another's file in place of a publication is 500, an unreadable file too")
def _(place):
    film = place.fresh()
    for make in (lambda p: os.mkdir(p), lambda p: shutil.copy(film.path, p),
                 lambda p: os.close(os.open(p, os.O_CREAT, 0))):
        wrong = place.fresh()
        os.remove(wrong.path)
        make(wrong.path)
        start = place.log_size()
        plain(place.main.ask(f"/v/{wrong.id}/main.m3u8"), 500)
        assert "sampan: " in place.logged(start)


@row("a missing or shorter track file is 500 and a line in the log; the rest goes on")
def _(place):
    for harm in (os.remove, lambda p: os.truncate(p, os.path.getsize(p) - 1),
                 lambda p: os.truncate(p, 0)):
        film = place.fresh()
        harm(film.made["files"][0])
        for port in (place.port, place.threads):
            connection = Connection(port)
            start = place.log_size()
            answer = connection.ask(f"/v/{film.id}/v0/1.m4s")
            plain(answer, 500)
            assert answer["Cache-Control"] == "no-store"
            assert film.made["files"][0] in place.logged(start)
            assert connection.ask(f"/v/{film.id}/v1/1.m4s").status == 200
            assert connection.ask(f"/v/{film.id}/v0/media.m3u8").status == 200


# ---- how long things live ----

@row("a publication that is evicted while it is sent stays until the last byte")
def _(place):
    film = place.film("--id", "50", "--seconds", "36000", "--loop", "64", "--bytes", "600000")
    others = [place.fresh() for _ in range(6)]
    bodies = {"v0/9.m4s": film.answer("v0/9.m4s"), "t0/all.vtt": film.answer("t0/all.vtt")}
    for path, want in bodies.items():
        slow = Connection(place.small, receive=4096)
        response = slow.begin(f"/v/{film.id}/{path}")
        worker = int(response.headers["X-Worker"])
        got = response.read(1000)
        quick = place.to(worker, place.small)
        for other in others:
            answer = quick.ask(f"/v/{other.id}/v0/1.m4s")
            assert answer.status == 200 and answer.worker == worker
            same(answer.body, other.answer("v0/1.m4s"), other.id)
        assert film.path in mapped(worker, "/publication/"), "it was sent before it could be evicted"
        same(got + response.read(), want, path)
        quick.ask("/v/none")
        assert film.path not in mapped(worker, "/publication/"), "still mapped after the last byte"
        slow.close()
        quick.close()


@row("no more publications are open than the cache has room for")
def _(place):
    films = [place.fresh() for _ in range(8)]
    connection = Connection(place.small)
    for film in films * 2:
        answer = connection.ask(f"/v/{film.id}/main.m3u8")
        assert answer.status == 200
    kept = {film.path for film in films} & mapped(answer.worker, "/publication/")
    assert kept == {films[-1].path, films[-2].path}, f"{len(kept)} are mapped"


@row("unknown names do not push out what is being watched")
def _(place):
    film = place.fresh()
    connection = Connection(place.small)
    worker = connection.ask(f"/v/{film.id}/main.m3u8").worker
    assert film.path in mapped(worker, "/publication/")
    for i in range(50):
        assert connection.ask(f"/v/publication_{i:026d}/main.m3u8").status == 404
    assert film.path in mapped(worker, "/publication/")


@row("a client that goes away leaves nothing open")
def _(place):
    film = place.cut
    connection = Connection(place.small)
    worker = connection.ask(f"/v/{film.id}/main.m3u8").worker
    connection.close()
    before = descriptors(worker)
    for _ in range(50):
        slow = Connection(place.small, receive=4096)
        slow.begin(f"/v/{film.id}/v0/1.m4s").close()
        slow.close()
    deadline = time.monotonic() + 20
    while descriptors(worker) > before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert descriptors(worker) <= before, f"{descriptors(worker)} descriptors, {before} before"


@row("a reload while a segment is sent changes no byte of it")
def _(place):
    slow = Connection(place.small, receive=4096)
    response = slow.begin(f"/v/{place.cut.id}/v0/1.m4s")
    got = response.read(1000)
    before = set(place.server.workers())
    place.server.process.send_signal(1)
    deadline = time.monotonic() + 20
    while set(place.server.workers()) <= before and time.monotonic() < deadline:
        time.sleep(0.05)
    place.main = Connection(place.port)
    same(got + response.read(), place.cut.answer("v0/1.m4s"), "v0/1.m4s")
    slow.close()
    deadline = time.monotonic() + 20
    while set(place.server.workers()) & before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not set(place.server.workers()) & before, "the old workers do not end"


@row("many publications and a cache of 1,000: all are served, memory and descriptors stay bounded")
def _(place):
    count = place.options.publications
    need = count * 6000
    free = shutil.disk_usage(place.data).free
    assert free > need, f"{count} publications take {need} bytes, {free} are free"
    began = time.monotonic()
    made = subprocess.run([place.options.tool, "many", place.data, str(count)], check=True,
                          capture_output=True, text=True)
    ids = made.stdout.split()
    assert len(set(ids)) == count
    note(f"{count} publications made in {time.monotonic() - began:.0f} s")

    def ask(names, times):
        asked = "".join(f"/v/{name}/v0/1.m4s\n" for name in names)
        done = subprocess.run([place.options.load, str(place.port), "16", str(times)], input=asked,
                              text=True, capture_output=True, check=True)
        result = json.loads(done.stdout)
        assert result["status"] == {"200": times}, result
        return result["ns"] / times / 1000

    workers = place.server.workers()
    warm = min(count // 10, 20000)
    first = ask(ids[:warm], warm)
    early = {pid: (resident(pid), descriptors(pid)) for pid in workers}
    rest = ask(ids, count)
    again = ask(ids[:100], warm)
    note(f"{first:.0f} us a first request, {rest:.0f} later, {again:.0f} one in the cache")
    for pid in workers:
        late = resident(pid), descriptors(pid), len(mapped(pid, "/publication/"))
        note(f"worker {pid}: resident {early[pid][0] >> 10} KB after {warm}, {late[0] >> 10} KB after "
             f"{count + 2 * warm}; descriptors {early[pid][1]} and {late[1]}; {late[2]} mapped")
        assert late[0] < early[pid][0] + (32 << 20), "memory grows with what was asked for"
        assert late[1] <= early[pid][1] + 16, "descriptors leak"
        assert late[2] <= 1000
    same(place.main.ask(f"/v/{ids[0]}/v0/1.m4s").body, subprocess.run(
        [place.options.tool, "answer", place.data, f"/v/{ids[0]}/v0/1.m4s"], check=True,
        capture_output=True).stdout, ids[0])


# ---- how it is set up ----

@row("wrong directives are refused with a sentence")
def _(place):
    for servers, want in (("sampan_cache 0;", "from 1 to"), ("sampan_cache 1000000;", "from 1 to"),
                          ("sampan_cache x;", "from 1 to"), ("sampan_cache 10 valid=5s;", "at most"),
                          ("sampan_cache 10 soon;", "valid=TIME"),
                          ("sampan_cache 10; sampan_cache 10;", "duplicate"),
                          ("sampan /tmp;", "not allowed"),
                          ("server { location / { sampan /a; sampan /b; } }", "duplicate")):
        work = tempfile.mkdtemp(dir=place.work)
        status, said = Server(place.options.module, work, servers, place.options.preload).test()
        assert status != 0 and want in said, f"{servers} {said}"


@row("the module needs libc and libsodium, and nothing else")
def _(place):
    environment = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}
    said = subprocess.run(["readelf", "-d", place.options.module], check=True, text=True,
                          capture_output=True, env=environment).stdout
    needed = {line.split("[")[1].split("]")[0] for line in said.splitlines() if "(NEEDED)" in line}
    assert {name.split(".so")[0] for name in needed} == {"libc", "libsodium"}, needed


@row("nothing crashed, nothing was reported by a sanitizer, and nginx ends when it is told to")
def _(place):
    workers = place.server.workers()
    status = place.server.stop()
    assert status == 0, f"nginx ended with {status}"
    assert not [pid for pid in workers if os.path.exists(f"/proc/{pid}")]
    faults = place.server.faults()
    assert not faults, "\n".join(faults[:20])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--module", required=True)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--load", required=True)
    parser.add_argument("--preload", nargs="*", default=[])
    parser.add_argument("--port", type=int, default=18200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--publications", type=int, default=200000)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    options.module, options.tool, options.load = map(os.path.abspath, (options.module, options.tool, options.load))

    failed = 0
    place = Place(options)
    rows = [r for r in ROWS if options.only in r[0]]
    try:
        print(f"1..{len(rows)}")
        for number, (name, function) in enumerate(rows, 1):
            try:
                function(place)
                print(f"ok {number} - {name}", flush=True)
            except Exception:  # a row that cannot be run is a row that failed
                failed += 1
                for line in traceback.format_exc().splitlines():
                    note(line)
                print(f"not ok {number} - {name}", flush=True)
        if failed:
            note("nginx said, last:")
            for line in place.server.said().splitlines()[-20:]:
                note(line)
    finally:
        place.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
