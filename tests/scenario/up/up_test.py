#!/usr/bin/env python3
"""up_test.py SAMPAN SAMPLE [WORD…] - `sampan up` and the commands, as people use them. Prints TAP."""
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess

from up import PORT, ROOT, SAMPAN, main, test  # which says where instance is
from instance import alive, descendants


@test("it says ready when the API, the page and the metrics answer on the one port")
def _(up):
    up.start()
    assert f"ready http://localhost:{PORT}\n" in up.said()
    assert up.get("/readyz")[0] == 200 and up.get("/healthz")[0] == 200 and up.get("/metrics")[0] == 200
    status, body, headers = up.get("/")
    assert status == 200 and b"Sampan" in body and headers["Content-Type"].startswith("text/html")
    assert up.get("/v/publication_00000000000000000000000000/main.m3u8")[0] == 404
    assert up.get("/api/v1/titles")[0] == 401
    assert sorted(up.parts()) == ["nginx", "sampan-control", "sampan-worker"]


@test("the token is the owner's alone, and the commands find it")
def _(up):
    up.start()
    assert os.stat(up.data + "/token").st_mode & 0o777 == 0o600
    assert json.loads(up.run("ls", "--json").stdout) == {"items": []}
    assert up.run("jobs").stdout.startswith("JOB")


@test("SIGTERM stops every part and leaves no process")
def _(up):
    up.start()
    below = [pid for pid, _ in descendants(up.process.pid)]
    up.process.send_signal(signal.SIGTERM)
    assert up.ended() == 0, up.said()
    assert not any(alive(pid) for pid in below)
    assert not os.path.exists(up.data + "/run/up.json")
    assert "killed" not in up.said(), up.said()


@test("Ctrl-C stops every part and leaves no process")
def _(up):
    up.start()
    below = [pid for pid, _ in descendants(up.process.pid)]
    up.process.send_signal(signal.SIGINT)
    assert up.ended() == 0
    assert not any(alive(pid) for pid in below)


@test("SIGKILL leaves neither nginx nor worker nor child of them behind")
def _(up):
    up.start()
    film = up.film(frames=3000, size="640x360")
    up.run("ingest", film)
    up.wait(lambda: any(name == "sampan-media" for _, name in descendants(up.process.pid)), "a sampan-media")
    below = [pid for pid, _ in descendants(up.process.pid)]
    assert len(below) >= 5, below
    up.process.kill()
    up.process.wait()
    up.wait(lambda: not any(alive(pid) for pid in below), f"the end of {below}", 5)
    up.start()  # and the next one finds nothing in its way


@test("after SIGKILL the next start goes on with what was not done")
def _(up):
    up.start()
    ingest = json.loads(up.run("ingest", up.film(frames=1100), "--json").stdout)["ingest"]
    up.process.kill()
    up.process.wait()
    up.start("--lease-s", "2")
    up.run("watch", ingest)
    assert json.loads(up.run("show", ingest, "--json").stdout)["state"] == "ready"


@test("a part that is killed is started again")
def _(up):
    up.start()
    for name in ("sampan-worker", "sampan-control"):
        before = up.parts()[name]
        os.kill(before, signal.SIGKILL)
        up.wait(lambda: up.parts().get(name, before) != before, f"another {name}")
    up.wait(lambda: up.get("/readyz")[0] == 200, "readiness")


@test("a killed nginx leaves no workers that hold the port, and is started again")
def _(up):
    up.start()
    master = up.parts()["nginx"]
    workers = [pid for pid, _ in descendants(master)]
    os.kill(master, signal.SIGKILL)
    up.wait(lambda: not any(alive(pid) for pid in workers), "the end of its workers")
    up.wait(lambda: up.get("/readyz")[0] == 200 and up.parts()["nginx"] != master, "another nginx")


@test("a second one on the same directory is refused, and the first goes on")
def _(up):
    up.start()
    done = subprocess.run([SAMPAN, "up", "--data", up.data, "--port", str(PORT + 1)], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"already runs from {up.data} (process {up.process.pid})" in done.stderr, done.stderr
    assert up.get("/readyz")[0] == 200


@test("a port that is taken is said at once")
def _(up):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", PORT))
        taken.listen()
        assert up.begin().ended() == 1
    assert f"port {PORT} is taken by another program" in up.said(), up.said()


@test("a database that cannot be reached is said in its words")
def _(up):
    assert up.begin("--database", "postgresql://nobody@127.0.0.1:1/none").ended() == 1
    assert "sampan up: control did not start: " in up.said() and "127.0.0.1" in up.said(), up.said()
    assert not descendants(up.process.pid)


@test("a setting that is written wrongly is named with its line")
def _(up):
    with open(up.data + "/sampan.conf", "w", encoding="utf-8") as file:
        file.write("# mine\nprot = 8080\n")
    assert up.begin().ended() == 2
    assert f"{up.data}/sampan.conf line 2: there is no setting \"prot\"" in up.said(), up.said()


@test("what sampan.conf says is done")
def _(up):
    with open(up.data + "/sampan.conf", "w", encoding="utf-8") as file:
        file.write("workers = 0\n")
    up.start()
    assert sorted(up.parts()) == ["nginx", "sampan-control"]


@test("with a certificate the port speaks TLS and HTTP/2")
def _(up):
    key, certificate = up.path("key.pem"), up.path("certificate.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost"],
                   check=True, capture_output=True)
    os.chmod(key, 0o644)
    up.start("--tls-certificate", certificate, "--tls-key", key, "--workers", "0")
    assert f"ready https://localhost:{PORT}\n" in up.said()
    assert up.get("/readyz", "https")[0] == 200 and up.get("/readyz")[0] == 400
    done = subprocess.run(["curl", "-sk", "-o", "/dev/null", "-w", "%{http_version}", f"https://localhost:{PORT}/"],
                          capture_output=True, text=True, check=True)
    assert done.stdout == "2", done.stdout


def lines(up, name):
    with open(f"{up.data}/log/{name}", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@test("a request has one number: in its answer, in nginx's log and in ours")
def _(up):
    up.start("--workers", "0")
    status, title, headers = up.api("POST", "/api/v1/titles", {"names": {"en": "x"}})
    number = headers["X-Request-Id"]
    assert status == 201 and re.fullmatch("[0-9a-f]{32}", number), (status, number)
    up.wait(lambda: any(line["request"] == number for line in lines(up, "access.log")), "a line of nginx's", 10)
    nginx = [line for line in lines(up, "access.log") if line["request"] == number]
    ours = [line for line in lines(up, "control.log") if line.get("request") == number]
    assert [line["msg"] for line in nginx] == ["POST /api/v1/titles"] and nginx[0]["status"] == 201, nginx
    assert [(line["method"], line["path"], line["status"]) for line in ours] == [("POST", "/api/v1/titles", 201)], ours


@test("what is said of a chunk has its job and its number, in the worker's log as in control's")
def _(up):
    up.start()
    done = json.loads(up.run("ingest", up.film(frames=1100), "--wait", "--json").stdout)
    jobs = {job["id"]: str(job["place"]) for job in up.api("GET", "/api/v1/jobs?limit=100")[1]["items"]
            if job["kind"] == "chunk"}
    assert len(jobs) == 2 and sorted(jobs.values()) == ["0", "1"], (jobs, done)
    for name, words in (("worker.log", "committed"), ("control.log", "a job was claimed"),
                        ("control.log", "a job is done")):
        said = {line["job"]: line["chunk"] for line in lines(up, name) if line["msg"] == words and "chunk" in line}
        assert said == jobs, (name, words, said, jobs)
    assert all("request" in line for line in lines(up, "control.log") if "job" in line)


@test("a directory with a blank and other letters in its name works")
def _(up):
    data = os.path.join(up.data, "舢舨 1")
    os.mkdir(data)
    if ROOT:
        user = pwd.getpwnam("www-data")
        os.chown(data, user.pw_uid, user.pw_gid)
    up.data = data
    up.start("--workers", "0")
    assert up.get("/readyz")[0] == 200


@test("commands without an instance end with 3 and say how to start one")
def _(up):
    done = up.run("ls", code=3)
    assert f"start one with `sampan up --data {up.data}`" in done.stderr, done.stderr
    up.start().process.send_signal(signal.SIGTERM)
    up.ended()
    done = up.run("ls", "--json", code=3)
    assert f"no Sampan is running from {up.data}" in done.stderr, done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "try_again"


@test("commands that are written wrongly end with 2 and change nothing")
def _(up):
    for arguments, words in [(["ingest"], "it needs FILE"), (["ls", "a", "b"], "one argument too many"),
                             (["ls", "--prot", "1"], "there is no option --prot"), (["publish"], "it needs ASSET")]:
        assert words in up.run(*arguments, code=2).stderr
    done = subprocess.run([SAMPAN, "dance"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "there is no command dance" in done.stderr


@test("a file goes in, is published, is served, is withdrawn and removed")
def _(up):
    up.start()
    film = up.film()
    done = json.loads(up.run("ingest", os.path.basename(film), "--title", "电影 Film", "--publish", "--wait",
                             "--json").stdout)
    assert len(done["asset"]) == 64 and done["state"] == "ready", done
    assert done["hls"] == f"http://localhost:{PORT}/v/{done['publication']}/main.m3u8"
    base = f"/v/{done['publication']}/"
    for name in ("main.m3u8", "main.mpd", "v0/media.m3u8", "v0/init.mp4", "v0/1.m4s"):
        status, body, _ = up.get(base + name)
        assert status == 200 and body, (name, status)
    again = json.loads(up.run("publish", done["asset"], "--json").stdout)
    assert again["publication"] != done["publication"] and again["dash"].endswith("/main.mpd")
    up.run("rm", done["asset"], code=1)
    for publication in (done["publication"], again["publication"]):
        up.run("unpublish", publication)
    up.wait(lambda: up.get(base + "main.m3u8")[0] == 410, "410", 6)
    assert "电影 Film" in up.run("ls").stdout
    assert done["asset"] in up.run("ls", "assets").stdout
    track = subprocess.run(["find", up.data + "/track", "-type", "f", "!", "-name", "*.*"], capture_output=True,
                           text=True, check=True).stdout.split()
    checked = up_check(*track)
    assert checked.returncode == 0 and "keeps every rule" in checked.stdout, checked
    up.run("rm", done["asset"])


def up_check(*files):
    return subprocess.run([SAMPAN, "check", *files], capture_output=True, text=True, check=False)


@test("every audio track is kept with its language, and --audio-language says it better")
def _(up):
    up.start()
    film = up.film("two.mkv", 100, "128x96", "--audio", "zh,en")
    done = json.loads(up.run("ingest", film, "--audio-language", "2=en-GB", "--publish", "--wait", "--json").stdout)
    renditions = up.api("GET", f"/api/v1/assets/{done['asset']}")[1]["renditions"]
    assert [(r["id"], r["plan"]["language"]) for r in renditions if r["media"] == "audio"] == [("a0", "zh"), ("a1", "en-GB")]
    master = up.get(f"/v/{done['publication']}/main.m3u8")[1].decode()
    assert re.findall('TYPE=AUDIO.*LANGUAGE="([^"]*)"', master) == ["zh", "en-GB"], master


@test("--fields makes a frame of each field")
def _(up):
    up.start()
    film = up.film("fields.mkv", 50, "128x96", "--interlaced", "tff", "--audio", "none")
    for more, rate, frames in (([], [25, 1], 50), (["--fields"], [50, 1], 100)):
        done = json.loads(up.run("ingest", film, *more, "--wait", "--json").stdout)
        asset = up.api("GET", f"/api/v1/assets/{done['asset']}")[1]
        assert (asset["rate"], asset["frames"]) == (rate, frames), (asset["rate"], asset["frames"], asset["changes"])


@test("a linked file stays where it is, and is refused where it has become another")
def _(up):
    up.start()
    done = json.loads(up.run("ingest", up.film(), "--link", "--wait", "--json").stdout)
    assert done["state"] == "ready", done
    kept = subprocess.run(["find", up.data + "/source", "-type", "f", "!", "-name", "*.index"], capture_output=True,
                          text=True, check=True).stdout
    assert kept == "", kept
    film = up.film("long.mp4", frames=3500, size="320x180")  # four chunks, of which two are begun at once
    ingest = json.loads(up.run("ingest", film, "--link", "--json").stdout)["ingest"]
    with open(film, "r+b") as file:  # of the same length, and at a place that none of them reads
        file.seek(-20, os.SEEK_END)
        file.write(b"x")
    up.run("watch", ingest, code=1)
    error = up.api("GET", f"/api/v1/ingests/{ingest}")[1]["error"]
    assert film in error["text"] and "changed" in error["text"], error


@test("check names the rule or the box of a file that is none")
def _(up):
    done = up_check(up.path("x.mp4", "this is no film"))
    assert done.returncode == 1 and done.stderr, done
    assert up_check(up.path("nothing")).returncode == 1


@test("a file that cannot be shown is refused at once, in one sentence")
def _(up):
    up.start()
    for name, text, words in [("empty.mp4", "", "empty.mp4 is empty"), ("noise.mp4", "noise " * 1000, "noise.mp4")]:
        done = up.run("ingest", up.path(name, text), "--json", code=1)
        answer = json.loads(done.stdout)
        assert words in answer["error"]["text"] and words in done.stderr, (done, answer)
        assert answer["state"] in ("refused", "failed")
    assert "there is no file nowhere.mp4" in up.run("ingest", "nowhere.mp4", code=1).stderr
    assert "is a directory" in up.run("ingest", up.dir, code=1).stderr
    assert json.loads(up.run("ls", "assets", "--json").stdout)["items"] == []


@test("of several files the good ones go in although one is refused")
def _(up):
    up.start()
    good, bad = up.film(), up.path("bad.mp4", "")
    done = up.run("ingest", bad, good, "--json", code=1)
    first, second = json.loads(done.stdout)["ingests"]
    assert "error" in first and len(second["asset"]) == 64, done.stdout


@test("tokens are made, listed and removed")
def _(up):
    up.start("--workers", "0")
    token = json.loads(up.run("token", "create", "press", "--role", "viewer", "--days", "2", "--json").stdout)
    assert token["token"].startswith("spn_") and token["role"] == "viewer"
    assert token["id"] in up.run("token", "ls").stdout
    up.run("token", "rm", token["id"])
    assert token["id"] not in up.run("token", "ls").stdout
    assert "--role" in up.run("token", "create", "x", code=1).stderr


@test("doctor finds this machine able and says so as JSON")
def _(up):
    done = up.run("doctor", "--port", str(PORT), "--json")
    answer = json.loads(done.stdout)
    assert answer["ok"] and {"nginx", "confinement", "disk", "port", "clock"} <= {c["what"] for c in answer["checks"]}
    said = {what: [c["text"] for c in answer["checks"] if c["what"] == what] for what in ("encoders", "confinement")}
    for words in ("h264 by x264 core ", "hevc by x265 ", "av1 by svt-av1 ", "aac by libavcodec ",
                  "jpeg by libavcodec ", "filters by libavfilter "):
        assert any(re.match(words + ".*[0-9]", text) for text in said["encoders"]), (words, said)
    walls = {text.split()[0]: text.split()[1] for text in said["confinement"]}
    assert {"descriptors", "no_new_privileges", "memory", "file_size", "cpu_time", "wall_time", "landlock",
            "seccomp"} <= set(walls), walls
    assert all(c["mend"] for c in answer["checks"] if c["health"] != "good"), answer


@test("doctor says which encoder is missing, which wall does not stand, and how to mend it")
def _(up):
    libexec = os.path.join(up.dir, "libexec")
    os.mkdir(libexec)
    real = os.path.dirname(json.loads(up.run("doctor", "--port", str(PORT), "--json").stdout)
                           ["checks"][0]["text"].split(" is ")[1])
    for name in ("sampan-control", "sampan-worker"):
        os.symlink(shutil.which(name, path=real) or "/bin/true", os.path.join(libexec, name))
    with open(os.path.join(libexec, "sampan-media"), "w", encoding="utf-8") as fake:
        fake.write("""#!/bin/sh
case $1 in
walls) echo '{"event":"result","walls":[{"name":"seccomp","stands":true,"reason":""},
{"name":"landlock","stands":false,"reason":"this kernel has none"}]}' ;;
*) echo '{"event":"result","encoders":[
{"name":"h264","library":"x264","version":"none","works":false,"reason":"this FFmpeg was built without libx264"},
{"name":"av1","library":"svt-av1","version":"1.4","works":false,"reason":"libsvtav1 does not open"},
{"name":"aac","library":"libavcodec","version":"59.37.100","works":true,"reason":""}]}' ;;
esac
""")
    os.chmod(os.path.join(libexec, "sampan-media"), 0o755)
    done = subprocess.run([SAMPAN, "doctor", "--data", up.data, "--port", str(PORT), "--json"], capture_output=True,
                          text=True, check=False, env={**os.environ, "SAMPAN_LIBEXEC": libexec})
    assert done.returncode == 1, done
    checks = json.loads(done.stdout)["checks"]
    found = {c["text"]: c for c in checks if c["what"] in ("encoders", "confinement")}
    h264 = found["nothing can be made in h264: this FFmpeg was built without libx264"]
    assert h264["health"] == "bad" and "apt-get install" in h264["mend"], h264
    assert found["nothing can be made in av1: libsvtav1 does not open"]["health"] == "fair", found
    assert found["aac by libavcodec 59.37.100"]["health"] == "good"
    landlock = found["landlock does not stand: this kernel has none"]
    assert landlock["health"] == "fair" and "Linux 5.13" in landlock["mend"], landlock


@test("doctor finds a taken port")
def _(up):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", PORT))
        taken.listen()
        done = up.run("doctor", "--port", str(PORT), code=1)
    assert "BAD   port" in done.stdout and "choose another with --port" in done.stdout


if ROOT:
    @test("started by root it goes on as the owner of the directory")
    def _(up):
        up.start("--workers", "0")
        owner = os.stat(up.data).st_uid
        for pid in [up.process.pid] + [pid for pid, _ in descendants(up.process.pid)]:
            with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
                uids = [line.split()[1:] for line in file if line.startswith(("Uid:", "Gid:"))]
            assert set(uids[0]) == {str(owner)} and "0" not in uids[1], (pid, uids)

    @test("started by root with a directory of root's that is in use it refuses")
    def _(up):
        os.chown(up.data, 0, 0)
        up.path("data/something", "x")
        assert up.begin().ended() == 1
        assert f"{up.data} belongs to root, and Sampan does not run as root" in up.said()
        assert "chown -R USER" in up.said() and os.listdir(up.data) == ["something"]

    @test("started by root a missing directory is made for the user that is named")
    def _(up):
        up.data = os.path.join(up.dir, "new")
        up.start("--user", "www-data", "--workers", "0")
        assert os.stat(up.data).st_uid == pwd.getpwnam("www-data").pw_uid
        assert os.stat(up.data).st_mode & 0o777 == 0o750

    @test("started by root a directory that its owner cannot reach is refused")
    def _(up):
        os.chmod(up.dir, 0o700)
        assert up.begin().ended() == 1
        assert "cannot get into it" in up.said(), up.said()


main()
