#!/usr/bin/env python3
"""players.py - a film through the whole of Sampan into Chromium, watched frame by frame.

`stack` starts `sampan up`, ingests and publishes a film made here, and runs main.js against it.
`compositions` does so with films that were cut from others, at many rates.
`sabotage` has main.js play a film that is wrong in one way, and is content when that is found.
"""
import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from compositions import KINDS, publish_all  # noqa: E402
from instance import Instance, for_all  # noqa: E402

FRAMES = 500

# what is wrong, and the row that has to find it
SABOTAGES = {
    "shift": "Shaka with DASH plays every frame, in its place",
    "source": "Shaka with DASH seeks to the very frame while paused",
    "language": "Shaka with HLS changes the language that is heard",
}


def node(options, *arguments, **keywords):
    return subprocess.run(["node", os.path.join(HERE, "main.js"), "--sample", options.sample,
                           *arguments], check=False, **keywords)


def film(options, work):
    path = os.path.join(work, "film.mp4")
    subprocess.run([options.sample, "one", "--out", path, "--size", "1280x720", "--frames",
                    str(FRAMES), "--speech", "--title", "起雾", "--subtitle", "1  Mist"], check=True)
    texts = {}
    for language in ("zh-Hans", "en"):
        texts[language] = os.path.join(work, f"film.{language}.srt")
        subprocess.run([options.sample, "text", "--out", texts[language], "--language", language,
                        "--frames", str(FRAMES)], check=True)
    return path, texts


@contextlib.contextmanager
def running(options, work):
    """`sampan up` on a directory of its own."""
    data = os.path.join(work, "data")
    os.mkdir(data)
    if os.geteuid() == 0:  # an ordinary user runs Sampan then
        subprocess.run(["chown", "www-data:www-data", data], check=True)
    instance = Instance(options.program, data, options.port)
    instance.start()
    try:
        yield instance
    finally:
        instance.stop()


def stack(options, work):
    path, texts = film(options, work)
    with running(options, work) as instance:
        command = [options.program, "ingest", path, "--title", "起雾 Mist", "--audio-language",
                   "1=zh", "--audio-language", "2=en", "--publish", "--wait", "--json",
                   "--data", instance.data, "--port", str(options.port)]
        for language, text in texts.items():
            command += ["--subtitles", f"{language}={text}"]
        answer = subprocess.run(command, check=False, stdout=subprocess.PIPE)
        publication = json.loads(answer.stdout).get("publication")
        if answer.returncode != 0 or not publication:
            print(f"Bail out! the film was not published: {answer.stdout.decode()}")
            return 1
        return node(options, "--base", f"http://127.0.0.1:{options.port}", "--publication",
                    publication, "--frames", str(FRAMES), "--only", options.only).returncode


def compositions(options, work):
    with running(options, work) as instance:
        films = os.path.join(work, "films.json")
        with open(films, "w", encoding="utf-8") as file:
            json.dump(publish_all(options, instance, work), file, ensure_ascii=False)
        return node(options, "--base", f"http://127.0.0.1:{options.port}", "--films", films, "--only", options.only).returncode


def sabotage(options, _):
    row = SABOTAGES[options.sabotage]
    answer = node(options, "--only", row, "--seconds", "4", "--sabotage", options.sabotage,
                  "--port", str(options.port), stdout=subprocess.PIPE, encoding="utf-8")
    opened = re.search(r"^ok \d+ - .* opens", answer.stdout, re.M)
    found = re.search(rf"^not ok \d+ - {re.escape(row)}$", answer.stdout, re.M)
    print(f"{'ok' if opened and found else 'not ok'} 1 - \"{row}\" fails where {options.sabotage} is wrong")
    if not (opened and found):
        print(re.sub("^", "# ", answer.stdout, flags=re.M))
    print("1..1")
    return 0 if opened and found else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["stack", "compositions", "sabotage"])
    parser.add_argument("sabotage", nargs="?", choices=list(SABOTAGES))
    parser.add_argument("--program", default="build/src/cli/sampan")
    parser.add_argument("--sample", default="build/tests/fixtures/sampan-sample")
    parser.add_argument("--port", type=int, default=18520)
    parser.add_argument("--kind", default="", choices=["", *KINDS], help="of compositions this one alone")
    parser.add_argument("--only", default="", help="rows whose name has this")
    options = parser.parse_args()
    options.program, options.sample = for_all(options.program), os.path.abspath(options.sample)
    if not os.path.isdir(os.path.join(HERE, "node_modules")):
        print(f"Bail out! the players are not there; run: npm ci --prefix {HERE}")
        return 1
    work = tempfile.mkdtemp(prefix="sampan-players.")
    os.chmod(work, 0o755)
    try:
        return {"stack": stack, "compositions": compositions, "sabotage": sabotage}[options.what](options, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


sys.exit(main())
