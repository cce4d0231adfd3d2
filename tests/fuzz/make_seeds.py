#!/usr/bin/env python3
"""Writes the binary seeds of tests/fuzz/seeds (the others are text, written by hand). Needs nothing but Python.

Each seed is the smallest file that a reader accepts, in every variant that it knows: what a fuzzer cannot guess.
"""

import struct
import zlib
from pathlib import Path

SEEDS = Path(__file__).resolve().parent / "seeds"


def save(target, name, content):
    (SEEDS / target).mkdir(parents=True, exist_ok=True)
    (SEEDS / target / name).write_bytes(content)


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, row, extra=b"", interlace=0):
    rows = zlib.compress((b"\x00" + row) * height)
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))
            + extra + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b""))


def pngs():
    save("png", "rgb", png(3, 2, 8, 2, bytes(range(9))))
    save("png", "grey16", png(2, 2, 16, 0, b"\x01\x02\xff\x00"))
    save("png", "grey1_interlaced", png(1, 1, 1, 0, b"\x80", interlace=1))
    save("png", "rgba", png(1, 2, 8, 6, b"\x10\x20\x30\x80"))
    palette = png_chunk(b"PLTE", b"\x00\x00\x00\xff\x00\x00") + png_chunk(b"tRNS", b"\x00\xff")
    save("png", "palette", png(4, 1, 2, 3, b"\x14", palette))
    save("png", "text", png(1, 1, 8, 0, b"\x07", png_chunk(b"zTXt", b"k\x00\x00" + zlib.compress(b"a" * 99))))


def jpeg(frame, components, scan=b"\x3f", tail=b"\x00\x3f\x00", tables=True):
    """Pictures of one block, all zero: one Huffman code of one bit for each table."""
    out = b"\xff\xd8\xff\xdb\x00\x43\x00" + b"\x01" * 64
    out += frame + struct.pack(">HBHHB", 8 + 3 * components, 8, 8, 8, components)
    out += b"".join(bytes([i + 1, 0x11, 0]) for i in range(components))
    if tables:
        for table in (0x00, 0x10):
            out += b"\xff\xc4\x00\x14" + bytes([table]) + b"\x01" + b"\x00" * 15 + b"\x00"
    out += b"\xff\xda" + struct.pack(">HB", 6 + 2 * components, components)
    out += b"".join(bytes([i + 1, 0]) for i in range(components)) + tail + scan
    return out + b"\xff\xd9"


def turned(file, order, orientation):
    """With an EXIF marker behind the start: a TIFF header, and a directory of one entry."""
    number = lambda value, size: value.to_bytes(size, "big" if order == b"MM" else "little")
    entry = number(0x112, 2) + number(3, 2) + number(1, 4) + number(orientation, 2) + bytes(2)
    tiff = order + number(42, 2) + number(8, 4) + number(1, 2) + entry + bytes(4)
    marker = b"Exif\0\0" + tiff
    return file[:2] + b"\xff\xe1" + (len(marker) + 2).to_bytes(2, "big") + marker + file[2:]


def jpegs():
    save("jpeg", "grey", jpeg(b"\xff\xc0", 1))
    save("jpeg", "colour", jpeg(b"\xff\xc0", 3, b"\x03"))
    save("jpeg", "cmyk", jpeg(b"\xff\xc0", 4, b"\x00"))
    save("jpeg", "turned", turned(jpeg(b"\xff\xc0", 3, b"\x03"), b"MM", 6))
    save("jpeg", "mirrored", turned(jpeg(b"\xff\xc0", 1), b"II", 2))
    save("jpeg", "progressive", jpeg(b"\xff\xc2", 1, b"\x7f", b"\x00\x00\x00"))
    save("jpeg", "arithmetic", jpeg(b"\xff\xc9", 1, b"\x00\x00", tables=False))


def chunk(tag, data):
    return tag + struct.pack("<I", len(data)) + data + b"\x00" * (len(data) % 2)


def wav(code, channels, bits, data, extra=b""):
    block = channels * bits // 8
    form = struct.pack("<HHIIHH", code, channels, 8000, 8000 * block, block, bits)
    body = b"WAVE" + chunk(b"fmt ", form) + extra + chunk(b"data", data)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def wavs():
    save("wav", "pcm16", wav(1, 1, 16, b"\x00\x00\xff\x7f\x00\x80"))
    save("wav", "pcm24_stereo", wav(1, 2, 24, b"\x01\x02\x03" * 4))
    save("wav", "pcm8", wav(1, 1, 8, b"\x00\x80\xff\x80"))
    save("wav", "float", wav(3, 1, 32, struct.pack("<2f", 0.5, -1.0), chunk(b"fact", b"\x02\x00\x00\x00")))
    save("wav", "double", wav(3, 1, 64, struct.pack("<d", 0.25)))
    save("wav", "a_law", wav(6, 1, 8, b"\x55\xd5"))
    save("wav", "mu_law", wav(7, 1, 8, b"\xff\x00", chunk(b"LIST", b"INFOISFT\x01\x00\x00\x00a\x00")))
    piped = wav(1, 1, 16, b"\x00\x01")
    save("wav", "piped", piped[:4] + b"\xff" * 4 + piped[8:40] + b"\xff" * 4 + piped[44:])


def npy(version, descr, shape, data, order="False"):
    header = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


def npys():
    save("npy", "f4", npy(1, "<f4", "(2, 1)", struct.pack("<2f", 1, -2)))
    save("npy", "f8_scalar", npy(2, "<f8", "()", struct.pack("<d", 1e300)))
    save("npy", "i8", npy(3, "<i8", "(1,)", struct.pack("<q", -5)))
    save("npy", "b1_empty", npy(1, "|b1", "(0, 7)", b""))
    save("npy", "fortran", npy(1, "|u1", "(2,)", b"ab", "True"))


def clouds():
    head = "VERSION .7\nFIELDS x y z intensity\nSIZE 4 4 4 4\nTYPE F F F F\nCOUNT 1 1 1 1\n" \
           "WIDTH {0}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {0}\nDATA {1}\n"
    rows = struct.pack("<8f", 1, 2, 3, 4, float("nan"), 6, 7, 8)
    save("pcd", "ascii", (head.format(2, "ascii") + "1 2 3 0.5\nnan 1e9 -3 +4\n").encode())
    save("pcd", "binary", head.format(2, "binary").encode() + rows)
    literal = bytes([len(rows) - 1]) + rows
    save("pcd", "compressed", head.format(2, "binary_compressed").encode()
         + struct.pack("<II", len(literal), len(rows)) + literal)
    run = b"\x00\x00\xe0\x16\x00"  # a literal, then 31 bytes copied from one back
    save("pcd", "compressed_run", head.format(2, "binary_compressed").encode() + struct.pack("<II", len(run), 32) + run)
    save("pcd", "types", b"FIELDS x _ rgb n\nSIZE 8 1 2 4\nTYPE F U I U\nCOUNT 1 2 1 2\nWIDTH 1\nHEIGHT 1\nDATA binary\n"
         + bytes(20))
    head = "ply\nformat {} 1.0\ncomment made by hand\nelement camera 1\nproperty uchar id\nelement vertex 2\n" \
           "property float x\nproperty double y\nproperty short scalar_Intensity\nelement face 1\n" \
           "property list uchar int vertex_indices\nend_header\n"
    save("ply", "ascii", (head.format("ascii") + "7\n1 2 3\ninf 5 -6\n3 0 0 0\n").encode())
    save("ply", "little", head.format("binary_little_endian").encode() + b"\x07" + struct.pack("<fdhfdh", *range(6)))
    save("ply", "big", head.format("binary_big_endian").encode() + b"\x07" + struct.pack(">fdhfdh", *range(6)))
    save("raw_cloud", "kitti", b"x y z intensity\n" + rows)
    save("raw_cloud", "one", b"x\n" + struct.pack("<f", float("inf")))


def tensors():
    def file(header, data=b""):
        return struct.pack("<Q", len(header)) + header + data

    save("safetensors", "empty", file(b"{}"))
    both = b'{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' \
           b'"b":{"dtype":"BF16","shape":[],"data_offsets":[8,10]}}'
    save("safetensors", "two", file(both, bytes(10)))
    zero = b'{"z":{"dtype":"I64","shape":[0,9],"data_offsets":[0,0]},"u":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}  '
    save("safetensors", "zero_size", file(zero, b"\x01"))
    weights = b'{"__metadata__":{"token_space":"t/1","q\\"":"\\n"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},' \
              b'"h":{"dtype":"F16","shape":[3],"data_offsets":[8,14]}}'
    save("plugin_weights", "both", file(weights, struct.pack("<2f3H", 1, 2, 0x3C00, 0x0001, 0xFBFF)))
    save("plugin_weights", "none", file(b"{}"))


def elf(note_size=64, gnu_hash=False):
    """A shared object of one page: a note, a string table, symbols, a hash table and a dynamic section."""
    note = struct.pack("<III8s4I32s16s", 8, note_size, 1, b"LATERAL", 1, 0, 0, 0, b"seed", b"1.0")
    names = b"\0lateral_plugin_entry_v1\0malloc\0libc.so.6\0$ORIGIN\0"
    at = {part: names.index(part) for part in (b"lateral", b"malloc", b"libc", b"$ORIGIN")}
    symbols = bytes(24) + struct.pack("<IBBHQQ", at[b"malloc"], 0x12, 0, 0, 0, 0) \
        + struct.pack("<IBBHQQ", at[b"lateral"], 0x12, 0, 1, 0, 1)
    hashes = struct.pack("<IIII", 1, 2, 1, 0) + bytes(8) + struct.pack("<II", 2, 1) if gnu_hash \
        else struct.pack("<6I", 1, 3, 2, 0, 0, 1)
    note_at = 64 + 4 * 56
    names_at = note_at + len(note)
    symbols_at = names_at + len(names) + -len(names) % 8
    hash_at = symbols_at + len(symbols)
    dynamic_at = hash_at + len(hashes)
    tags = [(1, at[b"libc"]), (5, names_at), (10, len(names)), (6, symbols_at), (0x6FFFFEF5 if gnu_hash else 4, hash_at),
            (29, at[b"$ORIGIN"]), (30, 0), (0x6FFFFFFB, 1), (0, 0)]
    dynamic = b"".join(struct.pack("<QQ", *tag) for tag in tags)
    size = dynamic_at + len(dynamic)
    header = b"\x7fELF\x02\x01\x01" + bytes(9) \
        + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 4, 64, 0, 0)

    def segment(kind, flags, offset, length, align):
        return struct.pack("<IIQQQQQQ", kind, flags, offset, offset, offset, length, length, align)

    segments = segment(1, 5, 0, size, 4096) + segment(2, 6, dynamic_at, len(dynamic), 8) \
        + segment(4, 4, note_at, len(note), 4) + segment(0x6474E551, 6, 0, 0, 16)
    return header + segments + note + names + bytes(-len(names) % 8) + symbols + hashes + dynamic


def messages():
    """Native byte order, as both ends are one machine; the first byte chooses the reader (targets/worker_messages.cpp)."""
    def text(value):
        return struct.pack("=I", len(value)) + value

    def texts(*values):
        return struct.pack("=I", len(values)) + b"".join(text(value) for value in values)

    def message(reader, name, content):
        save("worker_messages", name, bytes([reader]) + content)

    frames = text(b"frames") + struct.pack("=IB", 0, 1) + struct.pack("=Iqq", 2, -1, 3) + texts(b"x") + text(b"m") \
        + struct.pack("=dB", 12.5, 0)
    scores = text(b"scores") + struct.pack("=I", 1) + texts(b"x") + text(b"")
    encoder = text(b"views") + text(b"image") + text(b"camera/1") + struct.pack("=IIdBB", 96, 64, 1e3, 1, 1) \
        + struct.pack("=I", 1) + frames + struct.pack("=I", 1) + scores
    bare = text(b"views") + text(b"image") + text(b"camera/1") + struct.pack("=IIdBB", 96, 64, 1e3, 1, 1) \
        + struct.pack("=I", 1) + frames + struct.pack("=I", 0)
    message(0, "encoders", struct.pack("=I", 1) + encoder)
    message(3, "encoders_answer", b"\x01" + struct.pack("=I", 1) + bare)
    values = [struct.pack("=I", 0) + text(b"v"), struct.pack("=Iq", 1, -7), struct.pack("=Id", 2, 0.5), struct.pack("=IB", 3, 1),
              struct.pack("=IIq", 4, 1, 9), struct.pack("=II2B", 5, 2, 8, 9)]
    message(1, "options", struct.pack("=I", len(values))
            + b"".join(text(b"key%d" % i) + value for i, value in enumerate(values)))
    message(2, "load_answer", b"\x01\x01" + texts(b"landlock"))
    message(4, "refusal", b"\x00" + struct.pack("=I", 8) + text(b"encode: no") + b"\x01")
    message(6, "load", text(b"front") + text(b"camera") + text(b"1.0") + struct.pack("=III", 0, 0, 1) + text(b"/x")
            + struct.pack("=iBQI", 2, 1, 1 << 30, 2) + texts(b"/lib/libtorch_cpu.so") + texts(b"/m")
            + struct.pack("=I", 1) + text(b"/m/a.pt2") + text(b"data/") + text(b"/tmp/x"))
    message(9, "encode", struct.pack("=IQQQQQ", 0, 1, 2, 3, 4096, 65536) + struct.pack("=I", 1)
            + struct.pack("=IIqqQq", 0, 2, 6, 3, 256, -1))


def zip_archive(files, method=0):
    """Files stored as they are, in one folder."""
    archive, listed = b"", b""
    for name, content in files:
        name = b"a/" + name
        common = struct.pack("<HHIIIIHH", 0, method, 0, zlib.crc32(content), len(content), len(content), len(name), 0)
        listed += b"PK\x01\x02\x14\x00\x14\x00" + common + bytes(10) + struct.pack("<I", len(archive)) + name
        archive += b"PK\x03\x04\x14\x00" + common + name + content
    return archive + listed + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, len(files), len(files), len(listed), len(archive), 0)


def zips():
    save("zip", "stored", zip_archive([(b"data/x/y.so", b"library"), (b"data/z", b""), (b"version", b"1")]))
    save("zip", "elsewhere", zip_archive([(b"data/../../x", b"x")]))
    save("zip", "compressed", zip_archive([(b"data/x", b"x")], method=8))
    whole = zip_archive([(b"data/x", b"xyz")])
    begin, end = whole.index(b"PK\x01\x02"), whole.index(b"PK\x05\x06")
    wide = struct.pack("<HHQQQ", 1, 24, 3, 3, 0)  # sizes and place in eight bytes each
    entry = whole[begin:begin + 20] + b"\xff" * 8 + whole[begin + 28:begin + 30] + struct.pack("<H", len(wide)) \
        + whole[begin + 32:begin + 42] + b"\xff" * 4 + whole[begin + 46:end] + wide
    directory = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, 1, 1, len(entry), begin)
    locator = struct.pack("<IIQI", 0x07064B50, 0, begin + len(entry), 1)
    save("zip", "zip64", whole[:begin] + entry + directory + locator + whole[end:])


def main():
    pngs()
    jpegs()
    wavs()
    npys()
    clouds()
    tensors()
    messages()
    zips()
    save("elf", "sysv_hash", elf())
    save("elf", "gnu_hash", elf(gnu_hash=True))
    save("elf", "short_note", elf(note_size=8))


if __name__ == "__main__":
    main()
