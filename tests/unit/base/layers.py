"""layers.py SOURCE LIBSAMPAN: holds the table of src/README.md against every #include and exported name. TAP."""
import collections
import pathlib
import re
import subprocess
import sys

source, library = pathlib.Path(sys.argv[1]), sys.argv[2]
LIBSAMPAN = ["base", "track", "composition", "manifest"]
# What a header outside of libc belongs to, by how its name begins.
FOREIGN = {
    "sodium": "libsodium", "jansson": "jansson", "curl/": "libcurl", "libxml/": "libxml2",
    "libav": "FFmpeg", "libsw": "FFmpeg", "libpostproc": "FFmpeg", "uchardet": "uchardet",
    "seccomp": "libseccomp", "sqlite3": "SQLite", "libpq": "libpq", "microhttpd": "libmicrohttpd",
    "ngx_": "nginx", "unicode/": "ICU", "openssl/": "OpenSSL", "archive": "libarchive",
    "x264": "x264", "zlib": "zlib", "maxminddb": "libmaxminddb", "opencc": "OpenCC",
}
results = []


def result(name, faults):
    results.append(not faults)
    print(f"{'not ' if faults else ''}ok {len(results)} - {name}")
    for fault in faults:
        print(f"# {fault}")


def table():
    """folder -> the words of its third column"""
    rows = {}
    for line in (source / "src/README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3 and cells[0] not in ("folder", "---"):
            rows[cells[0]] = re.split(r"[,;]\s*", cells[2])
    return rows


def files(folder):
    return sorted(path for path in (source / "src" / folder).rglob("*") if path.suffix in (".c", ".h"))


rows = table()
folders = sorted(path.name for path in (source / "src").iterdir() if path.is_dir())
headers = collections.defaultdict(set)  # base name of a header -> folders that have one
owners = {}  # public header -> its folder of libsampan
for folder in folders:
    for path in files(folder):
        if path.suffix == ".h":
            headers[path.name].add(folder)
        if folder in LIBSAMPAN:
            owners[f"sampan/{path.stem}.h"] = folder
owners.update({"sampan/bytes.h": "base", "sampan/track.h": "track", "sampan/composition.h": "composition", "sampan/chapters.h": "composition",
               "sampan/publication.h": "manifest", "sampan/answer.h": "manifest"})


def allowed(folder):
    words = set(rows[folder]) | {folder}
    return words | set(LIBSAMPAN) if "libsampan" in words or "include/sampan only" in words else words


def judge(folder, path, name, quoted):
    may = allowed(folder)
    if name.startswith("sampan/"):
        if not (source / "include" / name).exists():
            return f"{path}: there is no {name}"
        owner = owners.get(name)
        if owner is None:
            return f"{path}: no folder of libsampan is known to have {name}"
        return None if owner in may else f"{path}: {folder} may not use {owner} ({name})"
    if quoted:
        where = headers.get(pathlib.PurePath(name).name, set())
        if not where or folder in where and not name.startswith("../" * 2):
            return None  # its own, or made by the build
        if "include/sampan only" in rows[folder] or not where & may:
            return f"{path}: {folder} may not use {' or '.join(sorted(where))} ({name})"
        return None
    for begin, what in FOREIGN.items():
        if name.startswith(begin) and what not in may:
            return f"{path}: {folder} may not use {what} ({name})"
    return None


result("every folder has a row in src/README.md, and every row a folder",
       [f"{name}: {'no row' if name in folders else 'no folder'}" for name in set(rows) ^ set(folders)])
for folder in folders:
    faults = []
    for path in files(folder) if folder in rows else []:
        for opening, name in re.findall(r'^\s*#\s*include\s+(["<])([^">]+)[">]', path.read_text(), re.M):
            fault = judge(folder, path.relative_to(source), name, opening == '"')
            if fault:
                faults.append(fault)
    result(f"{folder} includes what it may use", faults)

faults = []
for path in sorted((source / "include/sampan").glob("*.h")):
    for name in re.findall(r'^\s*#\s*include\s+["<]([^">]+)[">]', path.read_text(), re.M):
        if any(name.startswith(begin) for begin in FOREIGN):
            faults.append(f"{path.name} includes {name}")
        below = LIBSAMPAN.index(owners.get(f"sampan/{path.name}", "manifest"))
        if name.startswith("sampan/") and LIBSAMPAN.index(owners.get(name, "base")) > below:
            faults.append(f"{path.name} includes {name}, which is above it")
result("public headers include libc and what is below them", faults)

names = collections.defaultdict(list)
for folder in LIBSAMPAN:
    for path in files(folder):
        names[path.name].append(str(path.relative_to(source)))
result("the files of libsampan have names of their own",
       [f"{' and '.join(paths)}" for paths in names.values() if len(paths) > 1])

lines = subprocess.run(["nm", "-g", "--defined-only", library], check=True, capture_output=True,
                       text=True).stdout.splitlines()
symbols = [line.split()[2] for line in lines if len(line.split()) == 3]
foreign = [name for name in symbols if not name.startswith("spn_") and not re.match(
    r"__(asan|odr_asan|ubsan|sanitizer|gcov|llvm|start|stop)|_\.|__odr|\.|_sub_|__x86", name)]
result("libsampan exports names that begin with spn_ and no other",
       foreign or ([] if len(symbols) > 50 else ["nm says nothing"]))
print(f"1..{len(results)}")
sys.exit(not all(results))
