#!/usr/bin/env python3
"""test_api.py - the API from outside: its document against the running server, and a film from upload to
publication and away again, by a worker with canned files. Prints TAP."""
import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from control import Control, Worker
from report import operations, report, run, same

arguments = argparse.ArgumentParser()
arguments.add_argument("--control", required=True)
arguments.add_argument("--tracks", required=True, help="the program that writes v0 and a0 into a folder")
arguments.add_argument("--document", required=True)
arguments.add_argument("--database")
options = arguments.parse_args()

films = tempfile.mkdtemp(prefix="sampan-films.")
subprocess.run([options.tracks, films], check=True)
control = Control(options.control, options.document, options.database)
worker = Worker(control, films)
call = control.call


def film(name, content):
    path = os.path.join(films, name)
    with open(path, "wb") as file:
        file.write(content)
    return path


def document_and_table():
    printed = subprocess.run([options.control, "routes"], capture_output=True, text=True, check=True).stdout
    table = {}
    for line in printed.splitlines():
        method, pattern, operation, *roles = line.split()
        table[(method.lower(), pattern)] = (operation, roles)
    told = {(method, path): (operation["operationId"], operation["x-roles"])
            for path, methods in control.document["paths"].items() for method, operation in methods.items()}
    same("every route is in the document, and every one of the document is a route, with its roles", told, table)
    same("the document is served as it is", call("GET", "/api/v1/openapi.json", token=None).json, control.document)


def tokens():
    mode = oct(os.stat(os.path.join(control.data, "token")).st_mode & 0o777)
    same("the owner's token is for the owner of the directory alone", mode, "0o600")
    answer = call("GET", "/api/v1/titles", token=None)
    same("without a token nothing is shown", (answer.status, answer.json["code"]), (401, "forbidden"))
    same("a token that is not known is refused", call("GET", "/api/v1/titles", token="spn_x").status, 401)
    made = {role: call("POST", "/api/v1/tokens", {"name": role, "role": role}).json for role in
            ("viewer", "editor", "worker")}
    viewer, editor = made["viewer"]["token"], made["editor"]["token"]
    same("a viewer looks", call("GET", "/api/v1/titles", token=viewer).status, 200)
    same("a viewer changes nothing", call("POST", "/api/v1/titles", {"names": {"en": "x"}}, viewer).status, 403)
    same("an editor names no path of this machine",
         call("POST", "/api/v1/ingests", {"path": "/etc/passwd"}, editor).status, 403)
    same("a worker reads no catalogue", call("GET", "/api/v1/titles", token="worker").status, 403)
    same("an owner does no work", call("POST", "/api/v1/work/claim", {}, "owner").status, 403)
    page = call("GET", "/api/v1/tokens").json
    report(all("token" not in item and "hash" not in item for item in page["items"]), "a list of tokens shows none")
    call("DELETE", f"/api/v1/tokens/{made['viewer']['id']}")
    same("a token that was deleted is no longer good", call("GET", "/api/v1/titles", token=viewer).status, 401)
    short = call("POST", "/api/v1/tokens", {"name": "short", "role": "viewer", "expires_s": 1}).json["token"]
    time.sleep(1.2)
    same("a token expires", call("GET", "/api/v1/titles", token=short).status, 401)


def titles():
    answer = call("POST", "/api/v1/titles", {"kind": "series", "names": {"zh-Hans": "甄嬛传", "en": "Empresses in the Palace"}})
    title, etag = answer.json, answer.headers["ETag"]
    path = f"/api/v1/titles/{title['id']}"
    same("a title is made", answer.status, 201)
    same("its place is told", answer.headers["Location"], path)
    same("an answer that is known is not sent again", call("GET", path, headers={"If-None-Match": etag}).status, 304)
    same("a change needs If-Match", call("PATCH", path, {"names": {"en": "x"}}).status, 428)
    changed = call("PATCH", path, {"names": {"en": None, "zh-Hant": "甄嬛傳"}}, headers={"If-Match": etag})
    same("names are merged", changed.json["names"], {"zh-Hans": "甄嬛传", "zh-Hant": "甄嬛傳"})
    same("a change of what somebody else changed is refused",
         call("PATCH", path, {"place": 3}, headers={"If-Match": etag}).status, 412)
    same("a title keeps a name", call("PATCH", path, {"names": {"zh-Hans": None, "zh-Hant": None}},
                                      headers={"If-Match": "*"}).status, 400)
    for body, why in (({}, "no names"), ({"names": {"english!": "x"}}, "no language"),
                      ({"names": {"en": "x"}, "kind": "song"}, "no such kind"),
                      ({"names": {"en": "x"}, "kind": "episode"}, "an episode of nothing"),
                      ({"names": {"en": "x"}, "nmae": 1}, "a misspelling")):
        same(f"refused: {why}", call("POST", "/api/v1/titles", body).status, 400)
    child = call("POST", "/api/v1/titles", {"kind": "season", "parent": title["id"], "place": 1, "names": {"en": "1"}}).json
    same("what is below a title keeps it", call("DELETE", path).status, 409)
    same("children are listed", [t["id"] for t in call("GET", f"/api/v1/titles?parent={title['id']}").json["items"]],
         [child["id"]])
    made = [call("POST", "/api/v1/titles", {"names": {"en": str(i)}}).json["id"] for i in range(7)]
    seen, cursor = [], ""
    while cursor is not None:
        page = call("GET", "/api/v1/titles?limit=3" + (f"&cursor={cursor}" if cursor else "")).json
        seen += [t["id"] for t in page["items"]]
        cursor = page["next"]
    same("pages show every title once, the newest first", seen, sorted(made + [child["id"], title["id"]], reverse=True))
    same("a cursor that no list gave is refused", call("GET", "/api/v1/titles?cursor=%21").status, 400)
    same("a limit that is too large is refused", call("GET", "/api/v1/titles?limit=1000").status, 400)
    for name in made + [child["id"], title["id"]]:
        call("DELETE", f"/api/v1/titles/{name}")


def idempotency():
    body, key = {"names": {"en": "once"}}, {"Idempotency-Key": "k1"}
    first = call("POST", "/api/v1/titles", body, headers=key)
    again = call("POST", "/api/v1/titles", body, headers=key)
    same("the same key is the same answer", (again.status, again.json), (201, first.json))
    same("it was done once", len(call("GET", "/api/v1/titles").json["items"]), 1)
    same("the same key with another request is refused",
         call("POST", "/api/v1/titles", {"names": {"en": "other"}}, headers=key).status, 422)
    same("with the headers it had", again.headers["Location"], first.headers["Location"])
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(
        call("POST", "/api/v1/titles", body, headers={"Idempotency-Key": "k2"}).json["id"])) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    same("six at once are done once", len(set(answers)), 1)
    for item in call("GET", "/api/v1/titles").json["items"]:
        call("DELETE", f"/api/v1/titles/{item['id']}")


def requests():
    same("a request keeps its id", call("GET", "/healthz", token=None, headers={"X-Request-Id": "abc-1.2"}).headers["X-Request-Id"], "abc-1.2")
    report(call("GET", "/healthz", token=None, headers={"X-Request-Id": 'a"b'}).headers["X-Request-Id"] != 'a"b',
           "an id that is none is not repeated")
    same("nothing is at a path that is none", call("GET", "/api/v1/nothing").status, 404)
    answer = call("PUT", "/api/v1/titles")
    same("a method that a path has not", (answer.status, answer.headers["Allow"]), (405, "POST, GET"))
    same("what is no JSON", call("POST", "/api/v1/titles", raw=b"{").status, 400)
    same("what is no object", call("POST", "/api/v1/titles", raw=b"[]").status, 400)
    same("a body that is too long", call("POST", "/api/v1/titles", raw=b" " * (1 << 20) + b"{}").status, 413)
    same("no body where one must be", call("POST", "/api/v1/titles").status, 400)
    deep = b'{"names":' + b"[" * 100000 + b"]" * 100000 + b"}"
    same("JSON that is too deep", call("POST", "/api/v1/titles", raw=deep).status, 400)
    metrics = call("GET", "/metrics", token=None).body.decode()
    report("sampan_http_request_seconds_bucket" in metrics and "sampan_disk_free_bytes" in metrics, "metrics are shown")


def film_goes_through():
    path = film("first.mkv", b"first film")
    asked = {"path": path, "names": {"zh-Hans": "第一集", "en": "Part one"}, "publish": True,
             "subtitles": [{"path": path, "language": "zh-Hans"}]}
    answer = call("POST", "/api/v1/ingests", asked)
    same("a file is taken in", (answer.status, answer.json["state"]), (202, "examining"))
    ingest = answer.headers["Location"]
    connection, events = control.stream(ingest + "/events")
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(line.decode() for line in events))
    reader.start()
    same("all of its jobs are done", worker.all(), 6)
    deadline = time.monotonic() + 30
    while (now := call("GET", ingest).json)["state"] == "encoding" and time.monotonic() < deadline:
        time.sleep(0.05)
    same("it is ready", (now["state"], now["error"]), ("ready", None))
    reader.join(30)
    connection.close()
    states = [json.loads(line[6:])["state"] for line in lines if line.startswith("data: ")]
    report(states and states[0] == "examining" and states[-1] == "ready", "its events tell of it and end", str(states))
    publication = call("GET", f"/api/v1/publications/{now['publication']['id']}", token=None).json
    same("what was made can be watched", (publication["state"], publication["hls"]),
         ("live", f"/v/{publication['id']}/main.m3u8"))
    same("it has the title's names", publication["names"], {"zh-Hans": "第一集", "en": "Part one"})
    asset = call("GET", f"/api/v1/assets/{now['asset']}").json
    same("the asset has its renditions", [(r["id"], r["ready"]) for r in asset["renditions"]],
         [("v0", True), ("a0", True), ("t0", True)])
    same("the asset is listed", call("GET", "/api/v1/assets?limit=1").json["items"][0]["hash"], asset["hash"])
    same("it is on the start page", [p["id"] for p in call("GET", "/api/v1/watch", token=None).json["publications"]],
         [publication["id"]])
    same("an asset that can be watched stays", call("DELETE", f"/api/v1/assets/{asset['hash']}").status, 409)
    second = call("POST", "/api/v1/publications", {"asset": asset["hash"]})
    same("it can be published once more", (second.status, second.json["state"]), (201, "live"))
    same("publications are listed", len(call("GET", f"/api/v1/publications?asset={asset['hash']}").json["items"]), 2)
    for one in (publication, second.json):
        same("a publication is withdrawn", call("DELETE", f"/api/v1/publications/{one['id']}").status, 204)
    same("withdrawn is gone", call("GET", f"/api/v1/publications/{publication['id']}").json["state"], "gone")
    tombstone = os.path.join(control.data, "publication", publication["id"][-2:], publication["id"] + ".gone")
    report(os.path.exists(tombstone), "its tombstone stands")
    same("what is not there cannot be published", call("POST", "/api/v1/publications", {"asset": "0" * 64}).status, 404)
    same("the same film again is done at once", (call("POST", "/api/v1/ingests", {**asked, "publish": False}).status, worker.all()), (202, 1))
    same("then the asset can go", call("DELETE", f"/api/v1/assets/{asset['hash']}").status, 204)
    gc = call("POST", "/api/v1/gc", {"dry_run": True}).json
    same("gc leaves what is young", gc["files"], 0)


def refusals():
    for body, why in (({}, "no file"), ({"path": "relative"}, "a relative path"),
                      ({"path": "/x", "upload": "upload_x"}, "two files"), ({"path": "/x", "keep": "burn"}, "a way to keep that is none"),
                      ({"path": "/x", "options": {"rate": "61"}}, "a rate that is too fast"),
                      ({"path": "/x", "options": {"rate": "25", "fields": True}}, "a rate and fields"),
                      ({"path": "/x", "audio_languages": {"one": "zh"}}, "a stream that is no number"),
                      ({"path": "/x", "subtitles": [{"path": "/y", "language": "?"}]}, "a language that is none")):
        same(f"refused: {why}", call("POST", "/api/v1/ingests", body).status, 400)
    same("an upload that is not there", call("POST", "/api/v1/ingests", {"upload": "upload_" + "0" * 26}).status, 404)
    same("a title and names", call("POST", "/api/v1/ingests", {"path": "/x", "title": "a", "names": {"en": "b"}}).status, 400)
    same("a title that is not there", call("POST", "/api/v1/ingests", {"path": "/x", "title": "title_" + "0" * 26}).status, 404)
    ingest = call("POST", "/api/v1/ingests", {"path": film("bad.mkv", b"bad")}).headers["Location"]
    same("ingests are listed by state", [i["name"] for i in call("GET", "/api/v1/ingests?state=examining").json["items"]], ["bad.mkv"])
    job = worker.claim()
    worker.say(job, "fail", code="unsupported", text="bad.mkv has no picture: only sound is in it; add one.")
    now = call("GET", ingest).json
    same("a file that cannot be shown is refused with the worker's sentence", (now["state"], now["error"]["text"]),
         ("refused", "bad.mkv has no picture: only sound is in it; add one."))
    same("it can be tried again", call("POST", ingest + "/retry").json["state"], "examining")
    same("then canceled", (call("DELETE", ingest).status, call("GET", ingest).json["state"]), (204, "canceled"))
    same("and forgotten", (call("DELETE", ingest).status, call("GET", ingest).status), (204, 404))


def work():
    begin = time.monotonic()
    same("a worker waits for a job", worker.claim(wait=1), None)
    report(time.monotonic() - begin >= 0.9, "as long as it said")
    got = []
    waiter = threading.Thread(target=lambda: got.append(worker.claim(wait=30)))
    waiter.start()
    time.sleep(0.3)
    ingest = call("POST", "/api/v1/ingests", {"path": film("late.mkv", b"late film")}).headers["Location"]
    waiter.join(30)
    job = got[0]
    report(job is not None and job["kind"] == "examine", "and gets it when it comes", str(job))
    same("a fence that is none is refused", call("POST", f"/api/v1/work/{job['id']}/beat", {"fence": 99}, "worker").status, 409)
    same("a job that is none", call("POST", "/api/v1/work/job_x/beat", {"fence": 1}, "worker").status, 404)
    same("a beat", worker.say(job, "beat", done=5, total=10, unit="bytes").json, {"lease_s": 60})
    progress = call("GET", ingest).json["progress"]
    same("is shown", (progress["done"], progress["total"], progress["unit"]), (5, 10, "bytes"))
    same("a job is handed back", worker.say(job, "release").status, 200)
    job = worker.claim()
    result = worker.do(job)
    same("a result without its file does not count",
         worker.say(job, "commit", result={**result, "source": {**result["source"], "size": 1}}).status, 409)
    same("a commit", worker.say(job, "commit", result=result).status, 200)
    same("the same commit again", worker.say(job, "commit", result=result).status, 200)
    chunk = worker.claim(kinds=["chunk"])
    worker.say(chunk, "fail", code="disk_full", text="the disk is full")
    now = call("GET", ingest).json
    same("a full disk pauses", (now["state"], now["progress"]["paused"], now["progress"]["note"]),
         ("encoding", True, "the disk is full; make room, and it goes on"))
    same("it is listed", [j["id"] for j in call("GET", "/api/v1/jobs?state=paused").json["items"]], [chunk["id"]])
    same("it can be tried at once by hand", call("POST", f"/api/v1/jobs/{chunk['id']}/retry").json["state"], "ready")
    same("one job is shown", call("GET", f"/api/v1/jobs/{chunk['id']}").json["tries"], 0)
    worker.all()
    same("and it gets done", call("GET", ingest).json["state"], "ready")


def uploads():
    tus = {"Tus-Resumable": "1.0.0"}
    content = os.urandom(300000)
    told = call("OPTIONS", "/api/v1/uploads", token=None)
    same("tus is told of", (told.status, told.headers["Tus-Version"]), (204, "1.0.0"))
    same("another tus is refused", call("POST", "/api/v1/uploads", headers={"Tus-Resumable": "0.2", "Upload-Length": "1"}).status, 412)
    same("a length must be said", call("POST", "/api/v1/uploads", headers=tus).status, 400)
    name = base64.b64encode("电影.mkv".encode()).decode()
    made = call("POST", "/api/v1/uploads", headers={**tus, "Upload-Length": str(len(content)), "Upload-Metadata": f"filename {name}"})
    where = made.headers["Location"]
    part = {**tus, "Content-Type": "application/offset+octet-stream"}
    same("an upload begins empty", call("HEAD", where, headers=tus).headers["Upload-Offset"], "0")
    first = call("PATCH", where, headers={**part, "Upload-Offset": "0"}, raw=content[:100000])
    same("the first part", (first.status, first.headers["Upload-Offset"]), (204, "100000"))
    same("a part in the wrong place", call("PATCH", where, headers={**part, "Upload-Offset": "5"}, raw=b"x").status, 409)
    same("another type", call("PATCH", where, headers={**tus, "Upload-Offset": "100000"}, raw=b"x").status, 415)
    same("an upload that is not finished is not taken in", call("POST", "/api/v1/ingests", {"upload": where.split("/")[-1]}).status, 409)
    # The line goes dead in mid-part: what came is kept.
    from control import Connection
    dead = Connection(os.path.join(control.data, "run", "control.sock"))
    dead.putrequest("PATCH", where)
    for key, value in {**part, "Upload-Offset": "100000", "Authorization": "Bearer " + control.owner,
                       "Content-Length": str(len(content) - 100000)}.items():
        dead.putheader(key, value)
    dead.endheaders()
    dead.send(content[100000:150000])
    time.sleep(0.3)
    same("two do not write at once", call("PATCH", where, headers={**part, "Upload-Offset": "100000"}, raw=b"x").status, 423)
    dead.close()
    deadline, offset = time.monotonic() + 20, 0
    while time.monotonic() < deadline:
        offset = int(call("HEAD", where, headers=tus).headers["Upload-Offset"])
        answer = call("PATCH", where, headers={**part, "Upload-Offset": str(offset)}, raw=content[offset:])
        if answer.status == 204:
            break
        time.sleep(0.1)
    report(100000 < offset <= 150000, "what came before a line went dead is kept", str(offset))
    same("and it goes on from there", answer.headers["Upload-Offset"], str(len(content)))
    same("more than was said is refused", call("PATCH", where, headers={**part, "Upload-Offset": str(len(content))}, raw=b"x").status, 413)
    ingest = call("POST", "/api/v1/ingests", {"upload": where.split("/")[-1]})
    same("an upload is taken in by its name", (ingest.status, ingest.json["name"]), (202, "电影.mkv"))
    same("only once", call("POST", "/api/v1/ingests", {"upload": where.split("/")[-1]}).status, 409)
    same("an upload that an ingest has is not deleted", call("DELETE", where, headers=tus).status, 409)
    job = worker.claim()
    with open(job["spec"]["path"], "rb") as file:
        report(file.read() == content, "the file is what was sent")
    worker.say(job, "commit", result=worker.do(job))
    worker.all()
    same("and becomes an asset", call("GET", ingest.headers["Location"]).json["state"], "ready")
    empty = call("POST", "/api/v1/uploads", headers={**tus, "Upload-Length": "5"}).headers["Location"]
    same("an upload is given up", (call("DELETE", empty, headers=tus).status, call("HEAD", empty, headers=tus).status), (204, 404))


def restart():
    system = call("GET", "/api/v1/system").json
    report(system["layout"] == 1 and system["version"] and system["counts"]["assets"] >= 1, "the system is shown", str(system))
    second = subprocess.run(control.command(), capture_output=True, text=True)
    report(second.returncode == 1 and "another sampan-control" in second.stderr, "a second one on the same directory is refused", second.stderr)
    call("POST", "/api/v1/ingests", {"path": film("killed.mkv", b"killed")})
    job = worker.claim()
    owner = control.owner
    control.kill()
    control.start("--lease-s", "2")
    same("tokens outlive a kill", control.owner, owner)
    same("and so does a lease", worker.say(job, "beat").status, 200)
    same("what was begun goes on", worker.say(job, "commit", result=worker.do(job)).status, 200)
    worker.all()
    # Waiting requests do not hold up the end.
    waiter = threading.Thread(target=lambda: worker.claim(wait=30))
    waiter.start()
    time.sleep(0.3)
    begin = time.monotonic()
    code = control.stop()
    report(code == 0 and time.monotonic() - begin < 20, "it ends when asked to, whoever waits", f"{code}")
    waiter.join(30)
    lines = control.log().splitlines()
    broken = [line for line in lines if not isinstance(json.loads(line), dict)]
    report(lines and not broken, "every line of the log is a JSON object")
    report(any('"job":"job_' in line and '"request":"' in line for line in lines), "with the ids of request and job")


def newer():
    with open(os.path.join(control.data, "layout"), "w", encoding="ascii") as file:
        file.write("sampan-data 2\n")
    ended = subprocess.run(control.command(), capture_output=True, text=True)
    report(ended.returncode == 1 and "layout 2" in ended.stderr, "a newer layout is refused with a sentence", ended.stderr)


def rest():
    same("every operation was used", operations(control, False) - control.used - {"watchIngest"}, set())


run(control, (document_and_table, tokens, titles, idempotency, requests, film_goes_through, refusals, work, uploads, restart, newer),
    rest, films)
