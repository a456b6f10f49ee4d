#!/usr/bin/env python3
"""material.py - real files that nobody here made, through the whole of Sampan.

    material.py --material DIR [--program PATH] [--only TEXT]

media/      each file is ingested, or refused with a sentence; it is refused only where ffmpeg itself
            finds no picture that decodes. What is ready keeps every rule of `sampan check`, decodes in
            every rendition without a word from ffmpeg, has the frames that its conform record says, and its
            manifests are those the schema and the playlist grammar ask for.
malformed/  each file ends in a sentence: no crash, no hang, nothing half published, the instance goes on.

Prints TAP, one test a file.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from instance import Instance, for_all, tree

PATIENCE = 300  # seconds for one file: a hang is a failure
MEDIA = re.compile(r"\.(mp4|mov|mkv|webm|ts|mxf|avi|flv|264|m4v|3gp|mpg|ogg|ogv|wmv|m2ts|hevc|265)$")


def pictures(path):
    """What ffmpeg makes of it: how many pictures of its first video decode, at most 3."""
    out = subprocess.run(
        ["ffprobe", "-v", "quiet", "-select_streams", "V:0", "-count_frames", "-read_intervals", "%+#30",
         "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", path],
        capture_output=True, text=True, timeout=120)
    numbers = re.findall(r"\d+", out.stdout)
    return int(numbers[0]) if numbers else 0


class Suite:
    def __init__(self, options, instance):
        self.options, self.instance, self.count, self.failed = options, instance, 0, 0
        self.schema = os.path.join(options.material, "conformance", "MPEGGroup_DASHSchema", "DASH-MPD.xsd")

    def report(self, name, faults, note=""):
        self.count += 1
        self.failed += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {self.count} - {name.replace('#', '_')}", flush=True)
        for line in faults[:8]:
            print(f"#   {line}")
        if note:
            print(f"# {note}", flush=True)

    def ingest(self, path):
        answer = self.instance.api("POST", "/api/v1/ingests", {
            "path": path, "keep": "copy", "name": os.path.basename(path), "title": os.path.basename(path),
            "publish": True})
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            answer = self.instance.api("GET", "/api/v1/ingests/" + answer["id"])
            if answer["state"] in ("ready", "refused", "failed"):
                return answer
            time.sleep(0.1)
        return {**answer, "state": "hung"}

    def sentence(self, answer):
        """What is wrong with the sentence of a refusal."""
        text = (answer.get("error") or {}).get("text", "")
        if not text:
            return ["refused without a sentence"]
        if "crash" in text or "signal" in text or "killed" in text:
            return [f"a crash: {text}"]
        if "\n" in text or len(text) > 510:
            return [f"not one sentence: {text!r}"]
        return []

    def track_faults(self, asset):
        faults = []
        for item in asset["plan"]["video"] + asset["plan"]["audio"]:
            name = item["name"]
            path = os.path.join(self.instance.data, "track", name[:2], name)
            check = subprocess.run([self.options.program, "check", path], capture_output=True, text=True)
            if check.returncode:
                faults.append(f"{item['id']}: check: {(check.stdout + check.stderr)[:300]}")
            decode = subprocess.run(
                ["ffmpeg", "-nostdin", "-v", "warning", "-err_detect", "explode", "-xerror", "-i", path,
                 "-f", "null", "-"], capture_output=True, text=True)
            if decode.returncode or decode.stderr.strip():
                faults.append(f"{item['id']}: ffmpeg: {decode.stderr[:300]}")
            if item["id"].startswith("v"):
                frames = subprocess.run(
                    ["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames",
                     "-of", "csv=p=0", path], capture_output=True, text=True).stdout.strip().strip(",")
                if frames != str(asset["plan"]["frames"]):
                    faults.append(f"{item['id']}: {frames} frames, the conform record says {asset['plan']['frames']}")
        return faults

    def manifest_faults(self, publication):
        base = f"/v/{publication}/"
        mpd = self.instance.get(base + "main.mpd")
        faults = []
        if os.path.exists(self.schema):
            with tempfile.TemporaryDirectory() as work:
                file = os.path.join(work, "main.mpd")
                with open(file, "wb") as out:
                    out.write(mpd)
                catalog = os.path.join(work, "catalog.xml")
                imports = os.path.join(self.options.material, "conformance", "eswarantg_dashparser")
                with open(catalog, "w", encoding="utf-8") as out:
                    out.write('<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">'
                              f'<rewriteSystem systemIdStartString="http://www.w3.org/1999/" rewritePrefix="file://{imports}/"/>'
                              f'<system systemId="http://www.w3.org/XML/2008/06/xlink.xsd" uri="file://{imports}/xlink.xsd"/>'
                              f'<system systemId="http://www.w3.org/1999/xlink.xsd" uri="file://{imports}/xlink.xsd"/>'
                              f'<system systemId="http://www.w3.org/2001/xml.xsd" uri="file://{imports}/xml.xsd"/>'
                              '</catalog>')
                run = subprocess.run(["xmllint", "--nonet", "--noout", "--schema", self.schema, file],
                                     capture_output=True, text=True,
                                     env={**os.environ, "XML_CATALOG_FILES": catalog})
                if run.returncode:
                    faults.append(f"MPD: {run.stderr[:400]}")
        self.instance.played(publication)
        return faults

    def media(self, path, name):
        answer = self.ingest(path)
        if answer["state"] == "ready":
            asset = self.instance.api("GET", "/api/v1/assets/" + answer["asset"])
            faults = self.track_faults(asset) + self.manifest_faults(answer["publication"]["id"])
            note = "; ".join(asset.get("changes") or [])
        elif answer["state"] == "refused":
            faults = self.sentence(answer)
            note = "refused: " + (answer.get("error") or {}).get("text", "")
            if pictures(path) > 0:
                faults.append("ffmpeg decodes pictures of it: " + note)
        else:
            faults, note = [f"{answer['state']}: {json.dumps(answer.get('error'))}"], ""
        self.report(name, faults, note)

    def malformed(self, path, name):
        answer = self.ingest(path)
        note = ""
        if answer["state"] == "ready":
            asset = self.instance.api("GET", "/api/v1/assets/" + answer["asset"])
            faults = self.track_faults(asset)
        elif answer["state"] == "refused":
            faults = self.sentence(answer)
            note = (answer.get("error") or {}).get("text", "")
        else:
            faults = [f"{answer['state']}: {json.dumps(answer.get('error'))}"]
        if answer["state"] != "ready" and answer.get("publication"):
            faults.append("it is published all the same")
        self.report(name, faults, note)

    def run(self):
        for folder, test in (("media", self.media), ("malformed", self.malformed)):
            top = os.path.join(self.options.material, folder)
            for path, directories, names in os.walk(top):
                directories.sort()
                for name in sorted(names):
                    whole = os.path.join(path, name)
                    relative = os.path.relpath(whole, self.options.material)
                    if MEDIA.search(name) and self.options.only in relative:
                        try:
                            test(whole, relative)
                        except (RuntimeError, OSError, subprocess.SubprocessError, KeyError) as error:
                            self.report(relative, [f"{type(error).__name__}: {error}"])
        live = {item["id"] for item in self.instance.items("/api/v1/publications") if item["state"] == "live"}
        strays = {os.path.basename(p) for p in tree(self.instance.data, "publication")} ^ live
        self.report("nothing is half published", sorted(strays))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--material", default=os.environ.get("SAMPAN_MATERIAL", ""))
    parser.add_argument("--program", default="build-test/src/cli/sampan")
    parser.add_argument("--port", type=int, default=18610)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    options.program = for_all(options.program)
    if not options.material:
        print("1..0 # skip no real material: script/test --material DIR")
        return
    work = tempfile.mkdtemp(prefix="sampan-material.")
    os.chmod(work, 0o755)
    data = os.path.join(work, "data")
    os.makedirs(data)
    if os.geteuid() == 0:
        subprocess.run(["chown", "www-data:www-data", data], check=True)
    instance = Instance(options.program, data, options.port)
    suite = Suite(options, instance)
    try:
        instance.start()
        suite.run()
    finally:
        instance.stop()
        log = os.path.join(work, "up.log")
        with open(log, encoding="utf-8", errors="replace") as lines:
            found = [line for line in lines if "Sanitizer" in line or "runtime error" in line]
        suite.report("no sanitizer spoke", found)
        if suite.failed and os.environ.get("SAMPAN_KEEP_LOG"):
            shutil.copy(log, os.environ["SAMPAN_KEEP_LOG"])
        shutil.rmtree(work, ignore_errors=True)
    print(f"1..{suite.count}")


main()
