import codecs
import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from instancesketch.formats import Record, Rejection
from tests.formats.conftest import read_file

STEPS = np.array([[10, 20, 0], [1, 2, 1], [5, 5, 1], [1, 0, 0], [0, 1, 0]], np.int16)


def objects(*arrays: object) -> np.ndarray:
    found = np.empty(len(arrays), object)
    found[:] = arrays
    return found


def write_member(path: Path, header_of: np.ndarray, body: bytes, key: str = "train") -> None:
    """Write an npz with one array, with the header of `header_of` and the contents `body`."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, np.lib.format.header_data_from_array_1_0(header_of)
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{key}.npy", stream.getvalue() + body)


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32, ">i2", np.uint8])
def test_steps_add_up_to_strokes_that_end_where_the_pen_is_lifted(tmp_path, dtype):
    steps = STEPS.astype(dtype)
    np.savez_compressed(tmp_path / "sketchrnn_cat.full.npz", train=objects(steps), test=objects())
    (record,) = read_file(tmp_path / "sketchrnn_cat.full.npz")
    assert [s.tolist() for s in record.sketch.to_strokes()] == [
        [[10, 20], [11, 22]],
        [[16, 27]],
        [[17, 27], [17, 28]],
    ]
    assert record.sketch.sketch_id == "sketchrnn_cat.full-train-0"
    assert (record.sketch.split, record.sketch.category) == ("train", "cat")


def test_the_name_of_an_array_is_read_as_the_split(tmp_path):
    np.savez(tmp_path / "a.npz", **{k: objects(STEPS) for k in ("train", "valid", "test", "more")})
    splits = [r.sketch.split for r in read_file(tmp_path / "a.npz")]
    assert splits == ["train", "valid", "test", None]


def test_numeric_arrays_are_read_without_a_pickle(tmp_path):
    np.savez(tmp_path / "a.npz", train=np.stack([STEPS, STEPS]), valid=np.asfortranarray(STEPS))
    assert len(read_file(tmp_path / "a.npz")) == 3


@pytest.mark.parametrize("protocol", range(5))
def test_pickles_of_all_protocols_are_read(tmp_path, protocol):
    """Read protocols 0 to 4: public files use 2, written by Python 2, or 3 and 4."""
    body = pickle.dumps(objects(STEPS, STEPS), protocol=protocol)
    write_member(tmp_path / "a.npz", objects(STEPS, STEPS), body)
    found = read_file(tmp_path / "a.npz")
    assert [isinstance(r, Record) for r in found] == [True, True], found


def test_a_pickle_of_python_2_is_read(tmp_path):
    """Read strings stored as bytes, and numpy's module under the name `numpy.core`."""
    body = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85"
        b"U\x01b\x87R(K\x01K\x01\x85cnumpy\ndtype\nq\x03U\x02O8K\x00K\x01\x87R(K\x03U\x01|NNN"
        b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89]h\x01h\x02K\x00\x85U\x01b\x87R(K\x01K\x01K\x03"
        b"\x86h\x03U\x02i2K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89U\x06\x01\x00\xff\xff\x01\x00tbatb."
    )
    write_member(tmp_path / "a.npz", objects(STEPS), body)
    (record,) = read_file(tmp_path / "a.npz")
    assert (record.sketch.x.tolist(), record.sketch.y.tolist()) == ([1], [-1])


class Calls:
    def __init__(self, function: object, *values: object) -> None:
        self.reduced = function, values

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (Calls(eval, "1"), "builtins.eval"),
        (Calls(getattr, 1, "real"), "builtins.getattr"),
        (Calls(np.load, "x"), "numpy"),
        (Calls(np.dtype, [("a", "i4")]), "calls dtype"),
        (Calls(codecs.encode, "x", "zlib"), "calls encode"),
        (Calls(np.ndarray, (10**12,)), "calls ndarray"),
        (np.array(["a"]), "not an array of numbers"),
        (np.array([1j]), "not an array of numbers"),
        (np.zeros((2, 4)), "not stroke-3"),
        (np.zeros(3), "not stroke-3"),
        (np.array([[1, 1, 2]]), "pen is neither"),
        (np.array([[np.nan, 1, 0]]), "not a finite number"),
        (np.array([[6e6, 1, 0], [6e6, 1, 0]]), "beyond"),
        (np.zeros((0, 3)), "no strokes"),
        ("text", "not stroke-3"),
        (None, "not stroke-3"),
        (objects(STEPS), "not an array of numbers"),
        ([[1, 2, 0]], "not stroke-3"),
    ],
)
def test_other_objects_are_rejected_beside_drawings(tmp_path, entry, reason):
    np.savez(tmp_path / "a.npz", train=objects(entry), valid=objects(STEPS))
    bad, good = read_file(tmp_path / "a.npz")
    assert isinstance(bad, Rejection)
    assert reason in bad.reason
    assert "'train'" in bad.position
    assert isinstance(good, Record)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x80\x04.",
        b"\x80\x04N.",
        b"\x80\x04]\x94.",
        b"\x80\x04r\xff\xff\xff\xff.",  # makes the C unpickler allocate four billion names
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f",  # bytes longer than any file
        b"cnumpy\ndtype\n}(Vx\nVy\nub.",  # changes a numpy object
        b"(" * 1000 + b"t" * 1000 + b".",
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n)R(K\x01K\x05\x85NK\x00NtbK\x00.",
    ],
)
def test_damaged_pickles_are_rejected(tmp_path, body):
    write_member(tmp_path / "a.npz", objects(STEPS), body)
    (bad,) = read_file(tmp_path / "a.npz")
    assert isinstance(bad, Rejection)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ((10**9, 10**9, 3), "as its shape says"),
        ((2**62, 4, 3), "as its shape says"),
        ((3,), "1 dim"),
    ],
)
def test_implausible_shapes_are_rejected_before_allocating(tmp_path, shape, reason):
    stream = io.BytesIO()
    header = {"descr": "<i2", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    body = stream.getvalue() + bytes(6)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("train.npy", body)
    (bad,) = read_file(tmp_path / "a.npz")
    assert reason in bad.reason


def test_an_oversized_array_is_rejected_without_being_unpacked(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", train=np.zeros((100_000, 3)), valid=objects(STEPS))
    bad, good = read_file(tmp_path / "a.npz", max_record_bytes=10_000)
    assert "more than" in bad.reason
    assert isinstance(good, Record)


# STEPS with the pen's state in three columns: down, lifted after the point, ended before it.
FIVE = np.array(
    [
        [10, 20, 1, 0, 0],
        [1, 2, 0, 1, 0],
        [5, 5, 0, 1, 0],
        [1, 0, 1, 0, 0],
        [0, 1, 0, 1, 0],
        [0, 0, 0, 0, 1],
        [0, 0, 0, 0, 1],
    ]
)


@pytest.mark.parametrize("name", ["a.npz", "a.npy"])
@pytest.mark.parametrize("form", ["objects", "filled up", "floats"])
def test_stroke_5_is_read_up_to_the_end_of_each_drawing(tmp_path, name, form):
    arrays = {
        "objects": objects(FIVE, FIVE[:5]),
        "filled up": np.stack([FIVE, FIVE]),
        "floats": np.stack([FIVE, FIVE]).astype(np.float32),
    }[form]
    path = tmp_path / name
    np.savez(path, train=arrays) if name.endswith("z") else np.save(path, arrays)
    found = read_file(path)
    ids = ["a-train-0", "a-train-1"] if name.endswith("z") else ["a-0", "a-1"]
    assert [r.sketch.sketch_id for r in found] == ids
    for record in found:
        assert [s.tolist() for s in record.sketch.to_strokes()] == [
            [[10, 20], [11, 22]],
            [[16, 27]],
            [[17, 27], [17, 28]],
        ]


def test_an_array_that_is_one_drawing_has_the_name_of_its_file(tmp_path):
    np.save(tmp_path / "cat.npy", STEPS)
    (record,) = read_file(tmp_path / "cat.npy")
    assert (record.sketch.sketch_id, record.sketch.category) == ("cat", "cat")


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (FIVE[:, :4], "not stroke-3"),
        (np.where(FIVE == 1, 2, FIVE), "not stroke-5"),
        (np.zeros((3, 5)), "not stroke-5"),
        (FIVE[5:], "no strokes"),
        (FIVE.astype(complex), "is not an array of numbers"),
        (np.zeros(3), "1 dimensions"),
        (np.zeros((0, 2, 5)), "no drawing"),
    ],
)
def test_other_arrays_are_rejected(tmp_path, array, reason):
    np.save(tmp_path / "a.npy", array)
    (wrong,) = read_file(tmp_path / "a.npy")
    assert isinstance(wrong, Rejection)
    assert reason in wrong.reason


def test_a_pickle_in_npy_goes_through_the_restricted_reader(tmp_path):
    np.save(tmp_path / "a.npy", objects({"a": 1}, print), allow_pickle=True)
    (wrong,) = read_file(tmp_path / "a.npy")
    assert "which is not a numeric array" in wrong.reason


def test_a_header_that_is_cut_off_is_rejected(tmp_path):
    np.save(tmp_path / "a.npy", STEPS)
    data = bytearray((tmp_path / "a.npy").read_bytes())
    # The tokenizer that numpy tries on headers of Python 2 has an error of its own.
    del data[10]
    (tmp_path / "a.npy").write_bytes(data)
    (wrong,) = read_file(tmp_path / "a.npy")
    assert "not an npy array" in wrong.reason
