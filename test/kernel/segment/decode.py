#!/usr/bin/env python3
"""Shows segments as CSV. It knows of them what docs/design/segment-format.md says.

usage: decode.py FILE ...   prints the candles of each file
       decode.py --hex TEXT prints the candles of bytes in hexadecimal
       decode.py --check DIRECTORY DOCUMENT
           prints TAP: whether each NAME.segment has the candles of NAME.csv, and
           whether the document's example has those of its table
"""

import glob
import os
import re
import sys

COLUMNS = "time,open,high,low,close,volume,market_cap,id,created_at"
MOST = 1024
BLOCK = 128


class Refused(Exception):
    """The bytes are no segment."""


def wrapped(number):
    """A number modulo 2^64, as a signed one."""
    number &= (1 << 64) - 1
    return number - (1 << 64) if number >> 63 else number


def unzigzag(number):
    return number >> 1 if number % 2 == 0 else -(number >> 1) - 1


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


class Bytes:
    """Bytes that are taken from the front."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        if count > self.left():
            raise Refused("cut off")
        self.at += count
        return self.data[self.at - count:self.at]

    def byte(self):
        return self.take(1)[0]

    def varint(self):
        number = 0
        for shift in range(0, 70, 7):
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                if number >> 64:
                    raise Refused("a varint of more than 64 bits")
                return number
        raise Refused("a varint of more than ten bytes")

    def signed(self):
        return unzigzag(self.varint())

    def packed(self, count, width):
        bits = int.from_bytes(self.take((count * width + 7) // 8), "little")
        return [bits >> i * width & (1 << width) - 1 for i in range(count)]

    def bitmap(self, count):
        bits = int.from_bytes(self.take((count + 7) // 8), "little")
        if bits >> count:
            raise Refused("a bit behind the last of a bitmap")
        return [i for i in range(count) if bits >> i & 1]


def read_block(data, count, bits=64, depth=2):
    width = data.byte()
    if width < 0x80:
        if width > bits:
            raise Refused("a width of too many bits")
        return data.packed(count, width)

    width -= 0x80
    exceptions = data.byte()
    if width >= bits or depth == 0 or not 1 <= exceptions <= count:
        raise Refused("exceptions that cannot be")
    if exceptions < (count + 7) // 8:
        positions = list(data.take(exceptions))
    else:
        positions = data.bitmap(count)
    if positions != sorted(set(positions)) or len(positions) != exceptions or positions[-1] >= count:
        raise Refused("positions that cannot be")
    numbers = data.packed(count, width)
    for position, high in zip(positions, read_block(data, exceptions, bits - width, depth - 1)):
        numbers[position] |= high << width
    return numbers


def read_blocks(data, count, factor=1):
    """Numbers times their factor; there are none where the factor is 0."""
    if factor == 0:
        return [0] * count
    numbers = []
    while len(numbers) < count:
        numbers += read_block(data, min(BLOCK, count - len(numbers)))
    return numbers


def read_steps(data, first, count):
    base = data.signed()
    factor = data.varint()
    values = [first]
    for number in read_blocks(data, count - 1, factor):
        values.append(wrapped(values[-1] + base + factor * number))
    return values


def read_series(data, count):
    way = data.byte()
    if way == 0:
        base = data.signed()
        factor = data.varint()
        return [wrapped(base + factor * number) for number in read_blocks(data, count, factor)]
    if way == 1:
        return read_steps(data, data.signed(), count)
    if way == 2:
        values = [data.signed()]
        factor = data.varint()
        for number in read_blocks(data, count - 1, factor):
            values.append(wrapped(values[-1] + factor * unzigzag(number)))
        return values
    raise Refused("a series of an unknown kind")


def decimal(value, scale):
    digits = str(abs(value)).rjust(scale + 1, "0")
    whole = len(digits) - scale
    return ("-" if value < 0 else "") + digits[:whole] + ("." if scale else "") + digits[whole:]


def read_scales(data, values, scale):
    """The numbers of a mixed column, as many decimals as each shows."""
    least = data.byte()
    extras = read_series(data, len(values))
    if scale > 18 or least > scale:
        raise Refused("scales that cannot be")
    shown = []
    for value, extra in zip(values, extras):
        zeros = 0
        while zeros < scale - least and value % 10 ** (zeros + 1) == 0:
            zeros += 1
        if not 0 <= extra <= zeros:
            raise Refused("more decimals than there are")
        text = decimal(value, scale)
        shown.append(text[:len(text) - zeros + extra].rstrip("."))
    return shown


def quoted(text):
    return '"' + text.decode("latin-1").replace('"', '""') + '"'


def read_numbers(data, count, version):
    """A column as CSV has it."""
    flags = data.byte()
    if flags not in ((0, 1, 2, 3, 4, 5, 8, 10) if version == 2 else (0, 1, 2, 3, 4, 5)):
        raise Refused("flags that cannot be")
    scale = 0 if flags & 1 else data.byte()
    if flags & 4:
        return [""] * count
    nulls = data.bitmap(count) if flags & 2 else []
    if flags & 2 and not 0 < len(nulls) < count:
        raise Refused("a bitmap without a NULL or without a value")
    if flags & 1:
        lengths = read_blocks(data, count - len(nulls))
        values = [quoted(data.take(length)) for length in lengths]
    else:
        values = read_series(data, count - len(nulls))
        values = read_scales(data, values, scale) if flags & 8 else [decimal(value, scale) for value in values]
    for i in nulls:
        values.insert(i, "")
    return values


def read_joint_prices(data, count, mixed):
    scale = data.byte()
    close = data.signed()
    factor = data.varint()
    opens = [0] + read_blocks(data, count - 1, factor)
    columns = [read_blocks(data, count, factor) for _ in range(3)]
    prices = []
    for numbers in zip(opens, *columns):
        start = wrapped(close + factor * unzigzag(numbers[0]))
        close = wrapped(start + factor * unzigzag(numbers[1]))
        high = wrapped(max(start, close) + factor * numbers[2])
        low = wrapped(min(start, close) - factor * numbers[3])
        prices.append((start, high, low, close))
    columns = zip(*prices)
    if mixed:
        return [read_scales(data, column, scale) for column in columns]
    return [[decimal(price, scale) for price in column] for column in columns]


def read_prices(data, count, version):
    kind = data.byte()
    if kind == 1 or (kind == 2 and version == 2):
        return read_joint_prices(data, count, kind == 2)
    if kind != 0:
        raise Refused("prices of an unknown kind")
    columns = [read_numbers(data, count, version) for _ in range(4)]
    if any("" in column for column in columns):
        raise Refused("a price is NULL")
    return columns


def read_column(data, read):
    column = Bytes(data.take(data.varint()))
    values = read(column)
    if column.left():
        raise Refused("trailing bytes after a column")
    return values


def decode(payload):
    """The candles of a segment, as lines of CSV."""
    data = Bytes(payload)
    version = data.byte()
    if version not in (1, 2):
        raise Refused("an unknown version")
    checksum = int.from_bytes(data.take(4), "little")
    if checksum != crc32c(payload[:1] + payload[5:]):
        raise Refused("a wrong checksum")
    count = int.from_bytes(data.take(2), "little")
    first = int.from_bytes(data.take(8), "little", signed=True)
    last = first + data.varint()
    if not 1 <= count <= MOST or last >> 63 not in (0, -1) or (count == 1) != (last == first):
        raise Refused("a count or a last time that cannot be")
    times = read_column(data, lambda column: read_steps(column, first, count))
    if times[-1] != last or any(a >= b for a, b in zip(times, times[1:])):
        raise Refused("times that do not ascend, or not to the last")
    columns = [times, *read_column(data, lambda column: read_prices(column, count, version))]
    for _ in range(2):
        columns.append(read_column(data, lambda column: read_numbers(column, count, version)))
    for _ in range(2):
        columns.append(read_column(data, lambda column: read_series(column, count)))
    if data.left():
        raise Refused("trailing bytes after the last column")
    return "\n".join([COLUMNS] + [",".join(map(str, row)) for row in zip(*columns)]) + "\n"


def read_file(name):
    with open(name, "rb") as file:
        return file.read()


def files_differ(directory):
    """The segments of a directory that have not the candles of their CSV."""
    names = sorted(glob.glob(os.path.join(directory, "*.segment")))
    wrong = [] if names else ["no segments"]
    for name in names:
        expected = read_file(name[:-len("segment")] + "csv").decode("latin-1")
        try:
            if decode(read_file(name)) != expected:
                wrong.append(name)
        except Refused as reason:
            wrong.append(f"{name}: {reason}")
    return wrong


def example_differs(document):
    """The lines of the example's table that its bytes do not have."""
    with open(document, encoding="utf-8") as file:
        example = file.read().split("## An example")[1]
    lines = re.findall(r"^    +((?:[0-9A-F]{2} )+) ", example, re.MULTILINE)
    try:
        candles = decode(bytes.fromhex("".join(lines))).splitlines()[1:]
    except Refused as reason:
        return [reason]
    rows = re.findall(r"^[|] 00:(\d\d) [|](.*)[|] 2000-01-02 [|]$", example, re.MULTILINE)
    expected = [
        ",".join([str(int(minute) * 60000000), *(cell.strip() for cell in cells.split("|")), "86400000000"])
        for minute, cells in rows
    ]
    return [] if candles == expected and candles else [*expected, "are not", *candles]


def check(directory, document):
    tests = [
        ("a decoder by the document reads every segment", files_differ(directory)),
        ("the document's example has the candles of its table", example_differs(document)),
        ("the checksum is that of the catalogues", [] if crc32c(b"123456789") == 0xE3069283 else ["it is not"]),
    ]
    print(f"1..{len(tests)}")
    for number, (sentence, wrong) in enumerate(tests, 1):
        print("not ok" if wrong else "ok", number, "-", sentence)
        for line in wrong[:10]:
            print(f"# {line}")
    return 1 if any(wrong for _, wrong in tests) else 0


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "--check":
        return check(arguments[1], arguments[2])
    if len(arguments) == 2 and arguments[0] == "--hex":
        payloads = [bytes.fromhex(arguments[1])]
    else:
        payloads = [read_file(name) for name in arguments]
    sys.stdout.reconfigure(encoding="latin-1", newline="")
    for payload in payloads:
        sys.stdout.write(decode(payload))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
