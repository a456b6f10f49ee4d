#!/usr/bin/env python3
"""loss.py - nothing is lost: SIGKILL at any moment, and power that fails.

    loss.py kill  [--database URL] [--seed N] [--kills N]
    loss.py power [--seed N] [--cuts N] [--sabotage file|directory|rename [--of-cuts]]

Both ingest and publish a few films, cut them, build and publish the cuts, disturb, let the work go on, and
compare with a run that nobody disturbed: every film and every cut that was accepted is there, track files and
bridges are the same to the byte, all that a player can fetch is the same, and nothing else lies about.
--of-cuts: the sabotage begins when the films are there. Prints TAP and its seed.
"""
import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import cut
from instance import Instance, for_all, tree

count = 0


def report(ok, name, detail=""):
    global count
    count += 1
    print(f"{'ok' if ok else 'not ok'} {count} - {name}" + (f"\n# {detail}" if detail else ""), flush=True)
    return ok


def films(options, work):
    """Small films of several chunks: a chunk is 20 GOPs, 40 s at 25 frames a second."""
    out = []
    for number, (rate, frames) in enumerate([("25", 2150), ("24000/1001", 1400), ("50", 900)], 1):
        path = os.path.join(work, f"film{number}.mp4")
        subprocess.run(
            [options.sample, "one", "--out", path, "--size", "128x96", "--rate", rate, "--frames",
             str(frames), "--source", str(number)], check=True, stdout=subprocess.DEVNULL)
        out.append(path)
    return out


def ingest_all(instance, paths, marks=None):
    names = []
    for path in paths:
        answer = instance.api("POST", "/api/v1/ingests",
                              {"path": path, "keep": "copy", "name": os.path.basename(path),
                               "title": os.path.basename(path), "publish": True})
        names.append(answer["id"])
        if marks:
            marks(answer["id"])
    return names


def finished(instance, names, patience=600):
    """Wait until every ingest is ready: {id: its answer}."""
    end = time.monotonic() + patience
    while True:
        answers = {name: instance.api("GET", f"/api/v1/ingests/{name}") for name in names}
        bad = [a for a in answers.values() if a["state"] in ("failed", "refused")]
        if bad:
            raise RuntimeError(f"an ingest failed: {json.dumps(bad[0])}")
        if all(a["state"] == "ready" for a in answers.values()):
            return answers
        if time.monotonic() > end:
            raise RuntimeError(f"not ready: {json.dumps(list(answers.values()))}")
        time.sleep(0.2)


def result(instance, names):
    answers = finished(instance, names)
    return {
        "tracks": tree(instance.data, "track"),
        "sources": tree(instance.data, "source"),
        "played": {a["name"]: instance.played(a["publication"]["id"]) for a in answers.values()},
    }


# ---- cuts: number n of a film, with a join inside two GOPs ----


def cut_begin(instance, answer, n, marks=None):
    """A cut of the asset that an ingest came to; its id."""
    clips = [{"asset": answer["asset"], "in": 7 + n, "out": 311 + n}, {"asset": answer["asset"], "in": 433 + n, "out": 590 + n}]
    made = instance.api("POST", "/api/v1/cuts", {"clips": clips, "name": f"cut {n}"})
    if marks:
        marks(made["id"])
    return made["id"]


def cut_publish(instance, cut_id, marks=None, patience=300):
    """Build it as far as that is not done, publish it where it is not, and what is played then."""
    end = time.monotonic() + patience
    instance.api("POST", f"/api/v1/cuts/{cut_id}/build")
    while (state := instance.api("GET", f"/api/v1/cuts/{cut_id}"))["state"] == "building":
        if time.monotonic() > end:
            raise RuntimeError(f"not built: {json.dumps(state['progress'])}")
        time.sleep(0.1)
    if state["state"] != "ready":
        raise RuntimeError(f"a cut is {state['state']}: {json.dumps(state['error'])}")
    shown = [p for p in instance.items("/api/v1/publications") if p["cut"] == cut_id and p["state"] == "live"]
    publication = shown[0]["id"] if shown else instance.api("POST", "/api/v1/publications", {"cut": cut_id})["id"]
    if marks:
        marks(publication)
    return instance.played(publication)


def cuts_result(instance, played):
    return {"bridges": tree(instance.data, "bridge"), "cuts": played}


def compare_cuts(want, have):
    out = [f"{name} is {'missing' if name not in have['bridges'] else 'not the same'}"
           for name in want["bridges"] if want["bridges"][name] != have["bridges"].get(name)]
    out += [f"{name} is new" for name in have["bridges"] if name not in want["bridges"]]
    return out + [f"what is played of cut {n} differs" for n, played in want["cuts"].items() if have["cuts"].get(n) != played]


def compare(want, have):
    """What differs, as sentences."""
    out = []
    for kind in ("tracks", "sources"):
        for name in sorted(set(want[kind]) | set(have[kind])):
            if want[kind].get(name) != have[kind].get(name):
                state = "missing" if name not in have[kind] else "new" if name not in want[kind] else "different"
                out.append(f"{name} is {state}")
    for name in want["played"]:
        if want["played"][name] != have["played"].get(name):
            out.append(f"what is played of {name} differs")
    return out


def half_published(instance):
    """Publication files that the catalogue does not know, or the reverse."""
    known = {item["id"] for item in instance.items("/api/v1/publications") if item["state"] == "live"}
    on_disk = {os.path.basename(p) for p in tree(instance.data, "publication")}
    return sorted(known ^ on_disk)


def fresh(work, name, options, environment=None):
    base = os.path.join(work, name)
    os.makedirs(base)
    os.chmod(base, 0o755)
    data = os.path.join(base, "data")
    os.makedirs(data)
    own(data)
    return Instance(options.program, data, options.port, options.database, environment)


def own(path):
    """Root gives the directory to an ordinary user, who then runs Sampan."""
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "www-data:www-data", path], check=True)


def disturb(instance, rng, done):
    """SIGKILL of one or of all, counted in done; the name of whom it would have been where there was none."""
    time.sleep(0.05 * 40 ** rng.random())  # up to 2 s: some meet what has hardly begun, others what is nearly done
    victim = rng.choices(list(done), [4, 3, 2, 1])[0]
    if victim == "all":
        instance.kill_all()
        instance.start()
    elif not instance.kill_one(victim, rng, 5):
        return victim
    done[victim] += 1
    return None


class Cutting(threading.Thread):
    """Makes one cut after the other until it is told to finish; then all of them are there."""

    def __init__(self, instance, answer):
        super().__init__(daemon=True)
        self.instance, self.answer = instance, answer
        self.played, self.failure, self.over = {}, None, threading.Event()
        self.start()

    def run(self):
        try:
            while not self.played or not self.over.is_set():
                n = len(self.played)
                self.played[n] = cut_publish(self.instance, cut_begin(self.instance, self.answer, n))
        except Exception as error:  # told by finish(), whatever it is
            self.failure = error

    def finish(self):
        self.over.set()
        self.join()
        if self.failure:
            raise RuntimeError(f"a cut: {self.failure}")
        return cuts_result(self.instance, self.played)


def kill(options, work):
    rng = random.Random(options.seed)
    paths = films(options, work)
    reference = fresh(work, "reference", options)
    reference.database = None
    reference.start()
    reference_names = ingest_all(reference, paths)
    want = result(reference, reference_names)
    reference.stop()

    instance = fresh(work, "killed", options)
    instance.start()
    names = ingest_all(instance, paths)
    done = {"sampan-worker": 0, "sampan-control": 0, "sampan-media": 0, "all": 0}
    while sum(done.values()) < options.kills * 6 // 10:
        victim = disturb(instance, rng, done)
        if victim:
            if all(instance.api("GET", f"/api/v1/ingests/{n}")["state"] == "ready" for n in names):
                for name in names:  # all is made: make it once more
                    answer = instance.api("GET", f"/api/v1/ingests/{name}")
                    instance.api("DELETE", f"/api/v1/publications/{answer['publication']['id']}")
                    instance.api("DELETE", f"/api/v1/assets/{answer['asset']}")
                names = ingest_all(instance, paths)
    have = result(instance, names)
    differences = compare(want, have)
    cuts = Cutting(instance, finished(instance, names)[names[0]])
    while sum(done.values()) < options.kills:
        disturb(instance, rng, done)
    have_cuts = cuts.finish()
    strays = half_published(instance)
    instance.stop()
    reference.start()
    answer = next(a for a in finished(reference, reference_names).values() if a["name"] == os.path.basename(paths[0]))
    want_cuts = cuts_result(reference, {n: cut_publish(reference, cut_begin(reference, answer, n)) for n in have_cuts["cuts"]})
    reference.stop()
    differences += compare_cuts(want_cuts, have_cuts)
    report(not differences, f"{options.kills} SIGKILLs of worker, API, child or all lose nothing",
           f"seed {options.seed} database {options.database or 'sqlite'} {done} {len(have_cuts['cuts'])} cuts " + "; ".join(differences[:5]))
    report(not strays, "nothing is half published", " ".join(strays[:5]))


def power(options, work):
    rng = random.Random(options.seed)
    paths = films(options, work)[2:] if options.of_cuts else films(options, work)[:2]
    record = os.path.join(work, "record")
    os.makedirs(os.path.join(record, "blobs"))
    open(os.path.join(record, "events"), "w").close()
    subprocess.run(["chmod", "-R", "a+rwX", record], check=True)
    environment = {"LD_PRELOAD": options.recorder, "SAMPAN_RECORD": record}
    if options.sabotage:
        environment["SAMPAN_RECORD_SKIP"] = options.sabotage
    if options.of_cuts:
        environment["SAMPAN_RECORD_SKIP_FROM"] = os.path.join(record, "skip")
    first = fresh(work, "first", options, environment)
    environment["SAMPAN_RECORD_ROOT"] = first.data

    def mark(name):
        with open(os.path.join(record, "events"), "a", encoding="utf-8") as events:
            events.write(f"A\t{name}\n")

    first.start()
    names = ingest_all(first, paths, mark)
    want = result(first, names)
    began = len(cut.read_events(record))
    open(os.path.join(record, "skip"), "w").close()
    os.chmod(os.path.join(record, "skip"), 0o644)
    want_cuts = cuts_result(first, {0: cut_publish(first, cut_begin(first, finished(first, names)[names[0]], 0, mark), mark)})
    first.stop()

    total = len(cut.read_events(record))
    if total < 50: # two films are some hundreds: the recorder was not there
        raise RuntimeError(f"only {total} events were recorded; is {options.recorder} there?")
    found = []
    for number in range(options.cuts):
        # of ten points four are of the cut's making, which has few events
        point = rng.randrange(began, total) if options.of_cuts or number % 10 >= 6 else rng.randrange(1, total)
        again = fresh(work, f"cut{number}", options)
        marks = cut.rebuild(record, os.path.realpath(first.data), point, rng.randrange(1 << 30), again.data)
        own(again.data)
        try:
            again.start()
            have_names = [item["id"] for item in again.items("/api/v1/ingests")]
            have_names += [item["id"] for kind in ("cuts", "publications") for item in again.items(f"/api/v1/{kind}")]
            lost = [name for name in marks if name not in have_names]
            differences = [f"{name} was accepted and is lost" for name in lost]
            ingests = [name for name in marks if name.startswith("ingest")]
            names = ingest_all(again, paths) if len(ingests) < len(paths) else ingests
            if not lost:
                differences += compare(want, result(again, names))
                cut_id = next((name for name in marks if name.startswith("cut")), None) or \
                    cut_begin(again, finished(again, names)[names[0]], 0)
                differences += compare_cuts(want_cuts, cuts_result(again, {0: cut_publish(again, cut_id)}))
            differences += [f"{name} is half published" for name in half_published(again)]
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            differences = [str(error)]
        finally:
            try:
                again.stop()
            except subprocess.TimeoutExpired:
                again.kill_all()
        if differences:
            found.append(f"cut at {point} of {total}: " + "; ".join(differences[:3]))
            if options.sabotage:
                break
        shutil.rmtree(os.path.dirname(again.data))
    if options.sabotage:
        report(bool(found), f"a run that forgets each {options.sabotage}{' of a cut' if options.of_cuts else ''} is found out", f"seed {options.seed} " + (found or ["not found"])[0])
    else:
        report(not found, f"the power may fail at any of {options.cuts} points",
               f"seed {options.seed}, {total} events" + "".join("\n# " + f for f in found[:5]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("test", choices=["kill", "power"])
    parser.add_argument("--program", default=os.environ.get("SAMPAN_PROGRAM", "build/src/cli/sampan"))
    parser.add_argument("--sample", default="build/tests/fixtures/sampan-sample")
    parser.add_argument("--recorder", default="build-test/tests/scenario/loss/librecorder.so")
    parser.add_argument("--database")
    parser.add_argument("--port", type=int, default=18600)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--cuts", type=int, default=10)
    parser.add_argument("--sabotage", choices=["file", "directory", "rename"])
    parser.add_argument("--of-cuts", action="store_true")
    options = parser.parse_args()
    options.program, options.recorder = for_all(options.program), for_all(options.recorder)
    options.sample = os.path.abspath(options.sample)
    work = tempfile.mkdtemp(prefix="sampan-loss.")
    os.chmod(work, 0o755)
    try:
        (kill if options.test == "kill" else power)(options, work)
    except Exception:
        report(False, f"{options.test} with seed {options.seed}", "see above")
        subprocess.run(["sh", "-c", f"tail -n 40 {work}/*/up.log >&2"], check=False)
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"1..{count}")


main()
