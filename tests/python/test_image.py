# SPDX-License-Identifier: MIT
# mypy: disable-error-code="call-overload"
"""Pictures, and the pixels of the host."""

from __future__ import annotations

import array
import gc
import mmap
import pathlib
import pickle

import libasl
import programs
import pytest

RED, GREEN, BLUE = (200, 10, 20), (30, 210, 40), (50, 60, 220)
PIXELS = bytes((*RED, *GREEN, *BLUE, *BLUE, *RED, *GREEN))  # 3x2


def view(data: bytes | bytearray, stride: int | None = None) -> libasl.View:
    return libasl.View(data, width=3, height=2, stride=stride, format="rgb24")


def pixels(picture: libasl.Picture) -> bytes:
    return picture.convert().pixels.tobytes()


def test_reading_and_writing_files(tmp_path: pathlib.Path) -> None:
    source = programs.png(5, 4, lambda x, y: (x * 40, y * 50, 7))
    (tmp_path / "a.png").write_bytes(source)
    image = libasl.Image(tmp_path / "a.png")
    assert (image.width, image.height, image.stride, image.format) == (5, 4, 15, 0)
    assert image.pixels.shape == (4, 5, 3) and image.pixels[2, 3, 0] == 120
    assert libasl.Image(str(tmp_path / "a.png")).pixels == image.pixels
    assert libasl.Image(bytes(tmp_path / "a.png")).pixels == image.pixels
    assert libasl.Image.decode(source).pixels == image.pixels
    image.save(tmp_path / "b.png")
    assert pixels(libasl.Image(tmp_path / "b.png")) == pixels(image)
    image.save(tmp_path / "b.jpg", quality=100)
    assert (tmp_path / "b.jpg").read_bytes() == image.encode("jpeg", quality=100)
    assert image.encode()[:4] == b"\x89PNG"
    assert repr(image) == "<libasl.Image 5x4 RGB24>"


def test_limits_of_decoding(picture: pathlib.Path) -> None:
    options = libasl.DecodeOptions(max_side=16)
    with pytest.raises(libasl.LimitError):
        libasl.Image(picture, decode=options)
    with pytest.raises(libasl.LimitError):
        libasl.Image.decode(picture.read_bytes(), decode=options)
    assert libasl.Image(picture, decode=libasl.DecodeOptions(True, 32)).width == 32


def test_pixels_can_be_written_and_outlive_the_image() -> None:
    image = libasl.Image.create(4, 3, "gray8")
    assert image.pixels.shape == (3, 4) and not any(image.pixels.tobytes())
    image.pixels[1, 2] = 77
    kept = image.pixels
    assert kept[1, 2] == 77
    used = libasl.memory_usage().current
    image.close()
    gc.collect()
    kept[0, 0] = 5
    assert libasl.memory_usage().current == used  # still lent
    del kept
    assert libasl.memory_usage().current < used


def test_regions_and_formats() -> None:
    source = view(PIXELS)
    assert source.convert("bgr24").pixels.tobytes()[:3] == bytes(reversed(RED))
    assert source.convert(libasl.Format.RGBA32).pixels.shape == (2, 3, 4)
    part = source.convert(region=(1, 0, 2, 1))
    assert part.pixels.tobytes() == bytes((*GREEN, *BLUE))
    assert pixels(source.resize(1, 1, region=(0, 1, 1, 1))) == bytes(BLUE)
    assert source.resize(6, 4).pixels.shape == (4, 6, 3)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, "array", "mmap"])
def test_flat_buffers_of_any_kind(kind: object) -> None:
    buffer: object
    if kind == "array":
        buffer = array.array("B", PIXELS)
    elif kind == "mmap":
        buffer = mmap.mmap(-1, len(PIXELS))
        buffer.write(PIXELS)
    else:
        assert callable(kind)
        buffer = kind(PIXELS)
    lent = libasl.View(buffer, width=3, height=2, format="rgb24")  # type: ignore[arg-type]
    assert pixels(lent) == PIXELS
    lent.close()
    if isinstance(buffer, mmap.mmap):
        buffer.close()  # nothing holds it any more


def test_rows_may_lie_apart() -> None:
    gap = b"\xee" * 5
    assert pixels(view(PIXELS[:9] + gap + PIXELS[9:], stride=14)) == PIXELS
    shaped = memoryview(PIXELS).cast("B", (2, 3, 3))
    assert pixels(libasl.View(shaped)) == PIXELS
    assert pixels(libasl.View(shaped, bgr=True))[:3] == bytes(reversed(RED))
    with memoryview(bytearray(PIXELS)) as flat, libasl.View(flat.cast("B", (2, 3, 3))) as lent:
        before = pixels(lent)
        flat[0] = 1
        assert before == PIXELS and pixels(lent)[0] == 1  # not a copy


def test_a_view_holds_its_buffer() -> None:
    buffer = bytearray(PIXELS)
    lent = view(buffer)
    with pytest.raises(BufferError):
        buffer.clear()
    lent.close()
    lent.close()
    buffer.clear()
    with pytest.raises(libasl.ClosedError):
        lent.convert()


@pytest.mark.parametrize(
    "format, size, expected",
    [("yuyv", 2 * 4 * 2, (2, 4)), ("nv12", 4 * 2 * 3 // 2, (2, 4)), ("i420", 12, (2, 4))],
)
def test_formats_of_cameras(format: str, size: int, expected: tuple[int, int]) -> None:
    lent = libasl.View(bytes([128]) * size, width=4, height=2, format=format)
    assert lent.convert("gray8").pixels.shape == expected
    with pytest.raises(libasl.ArgumentError, match="too few"):
        libasl.View(bytes(size - 1), width=4, height=2, format=format)


def test_planar_pictures_reach_past_the_first_plane() -> None:
    plane = bytes(16)
    lent = libasl.View(plane + bytes([128]) * 8, width=2, height=4, stride=4, format="nv12")
    assert lent.convert("gray8").pixels.tobytes() == bytes(8)
    with pytest.raises(libasl.ArgumentError, match="too few"):
        libasl.View(plane + bytes(7), width=2, height=4, stride=4, format="nv12")
    with pytest.raises(libasl.ArgumentError, match="even"):
        libasl.View(bytes(100), width=3, height=2, format="i420")


def test_numpy_arrays() -> None:
    numpy = pytest.importorskip("numpy")
    frame = numpy.arange(6 * 8 * 3, dtype=numpy.uint8).reshape(6, 8, 3)
    for part in (frame, frame[1:5], frame[:, 2:7], frame[::2, 3:5], frame[2:3], frame[:, 4:5]):
        assert pixels(libasl.View(part)) == part.tobytes()
        flipped = numpy.ascontiguousarray(part[..., ::-1])
        assert pixels(libasl.View(part, bgr=True)) == flipped.tobytes()
    grey = frame[..., 0].copy()
    assert pixels(libasl.View(grey[1:4, 1:3]))[::3] == grey[1:4, 1:3].tobytes()
    assert libasl.View(grey[..., None]).format == libasl.Format.GRAY8
    assert libasl.View(numpy.zeros((2, 2, 4), numpy.uint8), bgr=True).format == 3
    assert libasl.View(numpy.zeros((2, 4, 2), numpy.uint8), format="yuyv").width == 4
    frame.flags.writeable = False
    assert pixels(libasl.View(frame)) == frame.tobytes()
    image = libasl.Image.create(3, 2)
    shared = numpy.asarray(image)
    shared[1, 2] = 9
    assert image.pixels[1, 2, 0] == 9
    image.close()
    assert shared[1, 2, 1] == 9
    assert numpy.asarray(shared, dtype=float).sum() == 27.0


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda n: n.zeros((4, 4, 3), n.float32), "unsigned bytes"),
        (lambda n: n.zeros((4, 4, 3), n.int8), "unsigned bytes"),
        (lambda n: n.zeros((4, 4, 3), n.uint8)[..., ::-1], "follow each other"),
        (lambda n: n.zeros((4, 4, 3), n.uint8)[:, ::2], "follow each other"),
        (lambda n: n.zeros((4, 4, 3), n.uint8)[:, ::-1], "follow each other"),
        (lambda n: n.zeros((3, 4, 4), n.uint8).transpose(1, 2, 0), "follow each other"),
        (lambda n: n.zeros((4, 4, 3), n.uint8)[::-1], "backwards"),
        (lambda n: n.broadcast_to(n.zeros((1, 4, 3), n.uint8), (4, 4, 3)), "overlap"),
        (lambda n: n.zeros((0, 4, 3), n.uint8), "0x4x3"),
        (lambda n: n.zeros((4, 4, 5), n.uint8), "4x4x5"),
        (lambda n: n.zeros((4, 4, 2), n.uint8), "4x4x2"),
        (lambda n: n.zeros((2, 4, 4, 3), n.uint8), "2x4x4x3"),
        (lambda n: n.zeros((), n.uint8), "a single number"),
        (lambda n: n.zeros((40000, 1), n.uint8), "40000"),
    ],
)
def test_arrays_that_are_no_pictures(make: object, message: str) -> None:
    numpy = pytest.importorskip("numpy")
    assert callable(make)
    with pytest.raises(libasl.ArgumentError, match=message):
        libasl.View(make(numpy)).convert()


def test_images_are_not_copied_between_processes() -> None:
    with pytest.raises(TypeError, match="belongs to this process"):
        pickle.dumps(libasl.Image.create(1, 1))
