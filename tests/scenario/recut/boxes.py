"""boxes.py - a track read without libsampan: fragments, samples, and what begins them."""


def boxes(data, at=0, end=None):
    """(kind, start of contents, end) of the boxes in data[at:end]."""
    end = len(data) if end is None else end
    while at < end:
        size = int.from_bytes(data[at:at + 4], "big")
        if size < 8 or at + size > end:
            raise ValueError(f"a box of {size} bytes at {at} does not fit")
        yield data[at + 4:at + 8], at + 8, at + size
        at += size


def find(data, path, at=0, end=None):
    """(start of contents, end) of the first box of that path: b"moov/trak"."""
    for kind in path.split(b"/"):
        for name, start, stop in boxes(data, at, end):
            if name == kind:
                at, end = start, stop
                break
        else:
            raise ValueError(f"there is no {path.decode()}")
    return at, end


def number(data, at, size=4, signed=False):
    return int.from_bytes(data[at:at + size], "big", signed=signed)


class Fragment:
    """One moof and mdat. Where it lies, when it is shown, its samples in order of decoding."""

    def __init__(self, data, start, moof_end, mdat, end):
        self.start, self.end, self.mdat, self.moof_size = start, end, mdat, moof_end - start
        body = start + 8
        at, _ = find(data, b"mfhd", body, moof_end)
        self.sequence = number(data, at + 4)
        trafs = [kind for kind, _, _ in boxes(data, body, moof_end)].count(b"traf")
        traf = find(data, b"traf", body, moof_end)
        at, _ = find(data, b"tfdt", *traf)
        self.decode, self.version = number(data, at + 4, 8), data[at]
        at, _ = find(data, b"tfhd", *traf)
        flags = number(data, at + 1, 3)
        self.moof_base, at = bool(flags & 0x020000), at + 8
        at += 8 if flags & 1 else 0
        at += 4 if flags & 2 else 0
        self.duration = number(data, at) if flags & 8 else None
        at += 4 if flags & 8 else 0
        at += 4 if flags & 16 else 0
        default_flags = number(data, at) if flags & 32 else None
        truns = [(s, e) for kind, s, e in boxes(data, *traf) if kind == b"trun"]
        self.single = trafs == 1 and len(truns) == 1
        self.samples(data, truns[0][0], default_flags)

    def samples(self, data, at, default_flags):
        version, flags, count = data[at], number(data, at + 1, 3), number(data, at + 4)
        at += 8
        place = self.start + (number(data, at) if flags & 1 else 0)
        self.data_start = place
        at += 4 if flags & 1 else 0
        first = number(data, at) if flags & 4 else None
        at += 4 if flags & 4 else 0
        self.sizes, self.offsets, self.places, self.flags, self.durations = [], [], [], [], []
        for index in range(count):
            duration, size, own, offset = self.duration, None, default_flags, 0
            if flags & 0x100:
                duration, at = number(data, at), at + 4
            if flags & 0x200:
                size, at = number(data, at), at + 4
            if flags & 0x400:
                own, at = number(data, at), at + 4
            if flags & 0x800:
                offset, at = number(data, at, signed=version == 1), at + 4
            self.sizes.append(size)
            self.offsets.append(offset)
            self.durations.append(duration)
            self.flags.append(first if index == 0 and first is not None else own)
            self.places.append(place)
            place += size
        self.data_end = place

    def ticks(self):
        return sum(self.durations)


def fragments(data):
    """All of a file of ours; sidx, ftyp and moov are passed over."""
    out, moof = [], None
    for kind, start, end in boxes(data):
        if kind == b"moof":
            moof = (start - 8, end)
        elif kind == b"mdat":
            out.append(Fragment(data, *moof, start, end))
    return out


def sample_entry(init):
    """stsd: all that configures a decoder."""
    at, end = find(init, b"moov/trak/mdia/minf/stbl/stsd")
    return init[at:end]


def timescale(init):
    at, _ = find(init, b"moov/trak/mdia/mdhd")
    return number(init, at + (12 if init[at] == 0 else 20))


def has_edit(init):
    return any(kind == b"edts" for kind, _, _ in boxes(init, *find(init, b"moov/trak")))


def nal_kinds(data, at, size, codec):
    """Types of the NAL units of a sample."""
    out, end = [], at + size
    while at < end:
        length = number(data, at)
        out.append(data[at + 4] & 31 if codec == "h264" else data[at + 4] >> 1 & 63)
        at += 4 + length
    return out


def obus(data, at, size):
    """(type, first byte of the payload) of the OBUs of a sample."""
    out, end = [], at + size
    while at < end:
        head = data[at]
        at += 2 if head & 4 else 1
        length = shift = 0
        while True:
            byte, at = data[at], at + 1
            length |= (byte & 127) << shift
            shift += 7
            if not byte & 128:
                break
        out.append((head >> 3 & 15, data[at]))
        at += length
    return out


def is_key(data, at, size, codec):
    """Is the sample an IDR picture (H.264, HEVC) or a key frame with its sequence header (AV1)?"""
    if codec == "av1":
        found = obus(data, at, size)
        frames = [first for kind, first in found if kind in (3, 6)]
        return found[0][0] == 1 and bool(frames) and frames[0] >> 5 == 0
    kinds = nal_kinds(data, at, size, codec)
    pictures = [kind for kind in kinds if (1 <= kind <= 5 if codec == "h264" else kind < 32)]
    return bool(pictures) and all(kind in ((5,) if codec == "h264" else (19, 20)) for kind in pictures)


def has_sets(data, at, size, codec):
    """Are there parameter sets inside the sample?"""
    if codec == "av1":
        return False
    return any(kind in ((7, 8) if codec == "h264" else (32, 33, 34)) for kind in nal_kinds(data, at, size, codec))
