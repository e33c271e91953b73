import io
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import fs

from instancesketch.formats import FileRange, Record, read
from instancesketch.formats.ndjson import read_lines
from tests.formats.broken import drawing

LINES = st.lists(st.text("ab\r", max_size=6), max_size=8)
fixed = settings(derandomize=True, deadline=None, database=None)


@given(lines=LINES, cuts=st.lists(st.integers(0, 60), max_size=4), ends=st.booleans())
@fixed
def test_each_line_is_in_exactly_one_range_wherever_a_file_is_split(lines, cuts, ends):
    data = "\n".join(lines).encode() + (b"\n" if ends else b"")
    borders = [0, *sorted(c for c in set(cuts) if 0 < c < len(data)), None]
    found = []
    for start, end in pairwise(borders):
        lines_here = list(read_lines(io.BytesIO(data), start, end, 100))
        assert all(start <= line.start and (end is None or line.start < end) for line in lines_here)
        found += lines_here
    whole = data.split(b"\n")
    assert [line.data for line in found] == (whole if whole[-1] else whole[:-1])


@given(lines=LINES, limit=st.integers(0, 6))
@fixed
def test_only_lines_over_the_limit_have_no_data(lines, limit):
    data = "".join(f"{line}\n" for line in lines).encode()
    found = list(read_lines(io.BytesIO(data), 0, None, limit))
    assert [line.size for line in found] == [len(line) for line in lines]
    assert [line.data is None for line in found] == [len(line) > limit for line in lines]


def test_a_long_line_is_not_kept_while_it_is_read():
    class Endless(io.RawIOBase):
        """A stream of two hundred chunks of one line, then another line."""

        left = 200

        def seek(self, offset, whence=0):
            return offset

        def read(self, size=-1):
            self.left -= 1
            return b"x" * size if self.left > 0 else b"\nshort\n" if self.left == 0 else b""

    long, short = read_lines(Endless(), 0, None, max_bytes=1000)
    assert long.data is None
    assert long.size == 199 << 20
    assert short.data == b"short"


def test_positions_in_a_later_range_are_byte_offsets(tmp_path):
    first = drawing("a") + "\n"
    (tmp_path / "a.ndjson").write_text(first + "{\n" + drawing("b"))
    file_range = FileRange(path=str(tmp_path / "a.ndjson"), format="quickdraw", start=len(first))
    bad, good = read(file_range, fs.LocalFileSystem())
    assert bad.position == f"byte {len(first)}"
    assert isinstance(good, Record)
