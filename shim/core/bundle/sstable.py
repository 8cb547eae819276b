"""LevelDB's sorted table, the format of a checkpoint's index file.

The file is blocks and a footer. A block is entries, whose keys leave out what they share with the key before;
the offsets of the entries that leave out nothing ("restarts"); their count; then one byte for the compression and
the masked CRC-32C of all of it. The index block has, for each data block, a key not below any of the block's, and the
block's place. The footer has the places of the meta-index block (empty here) and of the index block, and a magic
number.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator

from onevar.core.bundle.checksum import masked
from onevar.core.bundle.snappy import decompress
from onevar.core.bundle.wire import Malformed, read_varint, varint

MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
FOOTER = 48
_TRAILER = 5
_PLAIN, _SNAPPY = 0, 1
#: TensorFlow's: bytes after which a block is closed, and entries between restarts.
_BLOCK = 256 << 10
_RESTART = 16

Handle = tuple[int, int]


class Table:
    """A sorted table, of which blocks are read when they are needed and then kept.

    Args:
        read: Gives `size` bytes from `offset`, or raises.
        size: Of the file.

    Raises:
        Malformed: It is not a table, or it is damaged. So do the methods.
    """

    def __init__(self, read: Callable[[int, int], bytes], size: int):
        self._read, self._size = read, size
        if size < FOOTER:
            raise Malformed(f"it has {size} bytes and so no room for the footer, which takes {FOOTER}")
        footer = read(size - FOOTER, FOOTER)
        if footer[-8:] != MAGIC:
            raise Malformed("it does not end with the magic number of a table")
        meta, at = _handle(footer, 0)
        index, _ = _handle(footer, at)
        if footer != _footer(meta, index):
            raise Malformed("its footer is not in order")
        self._block(meta)
        self._index = self._block(index)
        self._bounds = [key for key, _ in self._index]
        self._blocks: dict[int, dict[bytes, bytes]] = {}

    def get(self, key: bytes) -> bytes | None:
        """Return the value of `key`, None if it is not there."""
        i = bisect_left(self._bounds, key)
        return self._data(i).get(key) if i < len(self._bounds) else None

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        for i in range(len(self._index)):
            yield from self._data(i).items()

    def _data(self, i: int) -> dict[bytes, bytes]:
        block = self._blocks.get(i)
        if block is None:
            block = self._blocks[i] = dict(self._block(_handle(self._index[i][1], 0)[0]))
        return block

    def _block(self, handle: Handle) -> list[tuple[bytes, bytes]]:
        offset, size = handle
        end = offset + size
        if end + _TRAILER > self._size - FOOTER:
            raise Malformed(f"a block of {size} bytes at {offset} is said to lie past its end")
        stored = self._read(offset, size + _TRAILER)
        if masked(stored[: size + 1]) != int.from_bytes(stored[size + 1 :], "little"):
            raise Malformed(f"block checksum mismatch in the {size} bytes at {offset}")
        kind = stored[size]
        if kind == _SNAPPY:
            return _entries(decompress(stored[:size]))
        if kind != _PLAIN:
            raise Malformed(f"compression {kind}, which nobody knows, in the block at {offset}")
        return _entries(stored[:size])


def build(items: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the table of `items`, byte for byte as TensorFlow writes it.

    Args:
        items: Keys and values, in the order of the keys.
    """
    out = bytearray()
    index = _Block(restart=1)
    block = _Block(_RESTART)
    waiting: Handle | None = None
    for key, value in items:
        if waiting is not None:
            index.add(_between(block.last, key), _encoded(waiting))
            waiting, block = None, _Block(_RESTART)
        block.add(key, value)
        if block.size >= _BLOCK:
            waiting = _append(out, block)
    if waiting is None and block.filled:
        waiting = _append(out, block)
    meta = _append(out, _Block(_RESTART))
    if waiting is not None:
        index.add(_after(block.last), _encoded(waiting))
    out += _footer(meta, _append(out, index))
    return bytes(out)


class _Block:
    """A block under construction."""

    def __init__(self, restart: int):
        self.last = b""
        self._data = bytearray()
        self._restarts = [0]
        self._restart = restart
        self._count = 0

    @property
    def filled(self) -> bool:
        return bool(self._data)

    @property
    def size(self) -> int:
        return len(self._data) + 4 * (len(self._restarts) + 1)

    def add(self, key: bytes, value: bytes) -> None:
        shared = 0
        if self._count == self._restart:
            self._restarts.append(len(self._data))
            self._count = 0
        elif self._count:
            shared = _common(self.last, key)
        self._data += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        self._count += 1
        self.last = key

    def __bytes__(self) -> bytes:
        numbers = [*self._restarts, len(self._restarts)]
        return bytes(self._data) + b"".join(number.to_bytes(4, "little") for number in numbers)


def _append(out: bytearray, block: _Block) -> Handle:
    data = bytes(block)
    handle = len(out), len(data)
    data += bytes([_PLAIN])
    out += data + masked(data).to_bytes(4, "little")
    return handle


def _entries(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return the entries of a block."""
    count = int.from_bytes(data[-4:], "little")
    end = len(data) - 4 * (count + 1)
    if len(data) < 4 or end < 0:
        raise Malformed("a block has no room for its restarts")
    found = []
    at, key = 0, b""
    while at < end:
        shared, at = read_varint(data, at)
        own, at = read_varint(data, at)
        size, at = read_varint(data, at)
        if shared > len(key) or at + own + size > end:
            raise Malformed("an entry runs past its block")
        key = key[:shared] + data[at : at + own]
        at += own
        found.append((key, data[at : at + size]))
        at += size
    return found


def _footer(meta: Handle, index: Handle) -> bytes:
    return (_encoded(meta) + _encoded(index)).ljust(FOOTER - len(MAGIC), b"\0") + MAGIC


def _handle(data: bytes, at: int) -> tuple[Handle, int]:
    offset, at = read_varint(data, at)
    size, at = read_varint(data, at)
    return (offset, size), at


def _encoded(handle: Handle) -> bytes:
    return varint(handle[0]) + varint(handle[1])


def _common(a: bytes, b: bytes) -> int:
    """Return how many bytes `a` and `b` begin with together."""
    for i, (one, other) in enumerate(zip(a, b, strict=False)):
        if one != other:
            return i
    return min(len(a), len(b))


def _between(low: bytes, high: bytes) -> bytes:
    """Return a short key that is not below `low` and is below `high`."""
    at = _common(low, high)
    if at < min(len(low), len(high)) and low[at] < 0xFF and low[at] + 1 < high[at]:
        return low[:at] + bytes([low[at] + 1])
    return low


def _after(key: bytes) -> bytes:
    """Return a short key that is not below `key`."""
    for i, byte in enumerate(key):
        if byte != 0xFF:
            return key[:i] + bytes([byte + 1])
    return key
