#!/usr/bin/env python3
"""conformance.py PRINT schema|grammar - manifests of invented publications before other people's checks.

schema   every MPD against both copies of the DASH schema in the material (SAMPAN_MATERIAL), by xmllint
grammar  every playlist by hls-parser in strict mode, where tests/scenario/players has it installed

Prints TAP, one test a manifest.
"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PLAYERS = os.path.normpath(os.path.join(HERE, "..", "..", "scenario", "players"))

# A playlist must parse, and a broken one must not: else nothing would be checked.
STRICT = """
import fs from 'node:fs';
import HLS from 'hls-parser';
HLS.setOptions({ strictMode: true });
for (const file of process.argv.slice(2)) {
    const text = fs.readFileSync(file, 'utf8');
    const parse = (t) => { try { HLS.parse(t); return ''; } catch (e) { return String(e.message); } };
    const broken = text.replace('#EXT-X-VERSION:7', '#EXT-X-VERSION:1').replace(/#EXTINF:\\d+/, '#EXTINF:99999');
    const wrong = parse(text) || (/#EXTINF/.test(text) && !parse(broken) ? 'a broken copy parses too' : '');
    console.log(wrong ? `no ${file} ${wrong}` : `yes ${file}`);
}
"""


def schema(work, material):
    base = os.path.join(material, "conformance")
    catalog = os.path.join(work, "catalog.xml")
    with open(catalog, "w", encoding="utf-8") as out:
        out.write('<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog"><system '
                  'systemId="http://www.w3.org/XML/2008/06/xlink.xsd" '
                  f'uri="file://{base}/eswarantg_dashparser/xlink.xsd"/></catalog>')
    for owner in ("MPEGGroup_DASHSchema", "tobbee_mpdgen"):
        for mpd in sorted(glob.glob(os.path.join(work, "*.mpd"))):
            run = subprocess.run(
                ["xmllint", "--nonet", "--noout", "--schema", os.path.join(base, owner, "DASH-MPD.xsd"), mpd],
                capture_output=True, text=True, env={**os.environ, "XML_CATALOG_FILES": catalog}, check=False)
            yield f"{os.path.basename(mpd)} keeps the schema of {owner}", run.stderr if run.returncode else ""


def grammar(work):
    script = os.path.join(work, "strict.mjs")
    with open(script, "w", encoding="utf-8") as out:
        out.write(STRICT)
    os.symlink(os.path.join(PLAYERS, "node_modules"), os.path.join(work, "node_modules"))
    files = sorted(glob.glob(os.path.join(work, "*.m3u8")))
    run = subprocess.run(["node", script, *files], capture_output=True, text=True, check=False)
    said = dict((line.split(" ", 2)[1], line) for line in run.stdout.splitlines() if line)
    for file in files:
        line = said.get(file, f"no {file} {run.stderr}")
        yield f"{os.path.basename(file)} is HLS to a strict parser", "" if line.startswith("yes") else line


def main():
    program, kind = sys.argv[1:3]
    material = os.environ.get("SAMPAN_MATERIAL", "")
    if kind == "schema" and not material:
        print("1..0 # skip no real material: script/test --material DIR")
        return
    if kind == "grammar" and not os.path.isdir(os.path.join(PLAYERS, "node_modules", "hls-parser")):
        print("1..0 # skip hls-parser is not installed in tests/scenario/players")
        return
    work = tempfile.mkdtemp(prefix="sampan-manifests.")
    try:
        subprocess.run([program, work], check=True)
        tests = list(schema(work, material) if kind == "schema" else grammar(work))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    for number, (name, wrong) in enumerate(tests, 1):
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
        for line in wrong.splitlines()[:6]:
            print(f"#   {line}")
    print(f"1..{len(tests)}")


main()
