"""cut.py - what a disk may hold after the power fails: replay of what recorder.c wrote down.

A file keeps the bytes of its last sync, or nothing where it was never synced. A name (made, renamed,
removed) is sure once its directory was synced afterwards; of the names that were not, a random number
of the oldest in each directory made it, as a journal would have them. A directory that is not there
takes all below it along.
"""
import os
import random
import shutil


class File:
    def __init__(self):
        self.blob = None  # the name of the bytes that are safe, None for none


def read_events(record):
    """The recorder's lines; marks of the test ("A id") stand among them."""
    with open(os.path.join(record, "events"), encoding="utf-8") as lines:
        events = [line.rstrip("\n").split("\t") for line in lines]
    return place_unrenamed(events)


def place_unrenamed(events):
    """W (a rename that was swallowed): the file stood under its last name from the start."""
    out = list(events)
    for at, event in enumerate(events):
        if event[0] != "W":
            continue
        _, ino, _, to = event
        start = max(
            [i for i in range(at) if events[i][0] == "C" and events[i][1] == ino]
            + [i for i in range(at) if events[i][0] == "M" and to.startswith(events[i][1] + "/")]
        )
        for i in range(at):
            if events[i][0] == "C" and events[i][1] == ino:
                out[i] = ["N"]
        out[at] = ["N"]
        if out[start][0] == "M":
            out[start] = ["MC", out[start][1], ino, to]
        else:
            out[start] = ["C", ino, to]
    return out


class Disk:
    """Names and bytes up to a point, the sure ones and those that are not."""

    def __init__(self):
        self.files = {}    # ino -> File, the newest of that number
        self.sure = {}     # path -> File, or "dir"
        self.pending = []  # (directories it touches, operation), oldest first

    def apply(self, names, operation):
        kind = operation[0]
        if kind == "make":
            names[operation[1]] = operation[2]
        elif kind == "remove":
            names.pop(operation[1], None)
        elif kind == "move":
            what = names.pop(operation[1], operation[3])
            names[operation[2]] = what

    def sync_directory(self, path):
        rest = []
        for touched, operation in self.pending:
            if path in touched:
                self.apply(self.sure, operation)
            else:
                rest.append((touched, operation))
        self.pending = rest

    def current(self, path):
        """The file a path means to the running programs."""
        names = dict(self.sure)
        for _, operation in self.pending:
            self.apply(names, operation)
        return names.get(path)

    def step(self, event):
        kind = event[0]
        parent = os.path.dirname
        if kind == "MC":
            self.step(["M", event[1]])
            self.step(["C", event[2], event[3]])
        elif kind == "C":
            file = File()
            self.files[event[1]] = file
            self.pending.append(((parent(event[2]),), ("make", event[2], file)))
        elif kind == "M":
            self.pending.append(((parent(event[1]),), ("make", event[1], "dir")))
        elif kind == "R":
            what = self.current(event[1])
            self.pending.append(((parent(event[1]), parent(event[2])), ("move", event[1], event[2], what)))
        elif kind == "U":
            self.pending.append(((parent(event[1]),), ("remove", event[1])))
        elif kind == "F":
            if event[1] not in self.files:  # made before the record began: not ours to judge
                self.files[event[1]] = File()
            self.files[event[1]].blob = event[2]
        elif kind == "D":
            self.sync_directory(event[1])

    def after_cut(self, rng):
        """Names after the power failed: the sure ones, and a random prefix of the others by directory."""
        names = dict(self.sure)
        keep = {}
        for touched, _ in self.pending:
            keep.setdefault(touched[-1], rng.random())
        count = {}
        for touched, _ in self.pending:
            count[touched[-1]] = count.get(touched[-1], 0) + 1
        left = {d: int(keep[d] * (count[d] + 1)) for d in keep}
        for touched, operation in self.pending:
            if left[touched[-1]] > 0:
                left[touched[-1]] -= 1
                self.apply(names, operation)
        return names


def rebuild(record, root, point, seed, out):
    """Make in out what a disk may hold of root after the first `point` events. Returns marks seen."""
    disk = Disk()
    disk.sure[root] = "dir"
    marks = []
    for event in read_events(record)[:point]:
        if event[0] == "A":
            marks.append(event[1])
        else:
            disk.step(event)
    names = disk.after_cut(random.Random(seed))
    os.makedirs(out, exist_ok=True)
    for path in sorted(names):
        if path == root or names[path] is None:
            continue
        above = path
        while above != root and names.get(above) is not None:
            above = os.path.dirname(above)
        if above != root:
            continue  # a directory above it is gone
        target = os.path.join(out, os.path.relpath(path, root))
        if names[path] == "dir":
            os.makedirs(target, exist_ok=True)
        elif not path.endswith("-shm"):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if names[path].blob is None:
                open(target, "wb").close()
            else:
                shutil.copyfile(os.path.join(record, "blobs", names[path].blob), target)
    return marks
