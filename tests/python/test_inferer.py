# SPDX-License-Identifier: MIT
"""From pictures to letters."""

from __future__ import annotations

import dataclasses
import math
import pathlib
import pickle
import shutil
from collections.abc import Iterator

import libasl
import pytest
from conftest import LABELS


def test_a_prediction(inferer: libasl.Inferer, picture: pathlib.Path) -> None:
    found = inferer.classify(picture)
    assert found.labels == inferer.labels == LABELS
    assert math.isclose(sum(found.scores), 1.0, abs_tol=1e-5)
    assert found.label == LABELS[found.index] == found.ranked[0].label
    assert found.score == found.scores[found.index] == found.ranked[0].score
    assert [pair.score for pair in found.ranked] == sorted(found.scores, reverse=True)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.labels = ()  # type: ignore[misc]
    logits = inferer.logits(picture)
    total = sum(math.exp(value) for value in logits)
    for score, value in zip(found.scores, logits):
        assert math.isclose(score, math.exp(value) / total, rel_tol=1e-4)


def test_sources_of_pictures(inferer: libasl.Inferer, picture: pathlib.Path) -> None:
    expected = inferer.classify(picture)
    image = libasl.Image(picture)
    bgr = image.convert("bgr24")
    assert inferer.classify(str(picture)) == expected
    assert inferer.classify(image) == inferer.classify(image.pixels) == expected
    assert inferer.classify(bgr) == inferer.classify(libasl.View(bgr.pixels, bgr=True)) == expected
    assert inferer.classify(bgr.pixels, bgr=True) == expected
    assert inferer.classify(bgr.pixels, format="bgr24") == expected
    assert inferer.classify(bgr.pixels) != expected
    assert inferer.logits(bgr.pixels, bgr=True) == inferer.logits(picture)


def test_regions(inferer: libasl.Inferer, picture: pathlib.Path) -> None:
    image = libasl.Image(picture)
    part = image.convert(region=(4, 2, 20, 24))
    assert inferer.classify(image, region=(4, 2, 20, 24)) == inferer.classify(part)
    assert inferer.logits(image, region=(4, 2, 20, 24)) == inferer.logits(part)
    with pytest.raises(libasl.ArgumentError, match="region|leaves"):
        inferer.classify(image, region=(20, 20, 20, 20))


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_batches(model: libasl.Model, dataset: libasl.Dataset, batch_size: int) -> None:
    with libasl.Inferer(model, threads=1, batch_size=batch_size) as inferer:
        images = [dataset.image(i % len(dataset)) for i in range(50)]
        one_by_one = [inferer.classify(image) for image in images]
        together = inferer.classify_batch(iter(images))
        assert len(together) == 50
        for left, right in zip(one_by_one, together):
            assert left.scores == pytest.approx(right.scores, abs=1e-5)
        assert inferer.classify_batch([]) == []
        buffers = [image.convert("bgr24").pixels for image in images[:5]]
        for left, right in zip(one_by_one, inferer.classify_batch(buffers, bgr=True)):
            assert left.scores == pytest.approx(right.scores, abs=1e-5)


def test_a_batch_whose_source_fails(inferer: libasl.Inferer, picture: pathlib.Path) -> None:
    def pictures() -> Iterator[pathlib.Path]:
        yield picture
        raise KeyError("gone")

    with pytest.raises(KeyError):
        inferer.classify_batch(pictures())
    assert inferer.classify(picture)


def test_options(model: libasl.Model, picture: pathlib.Path) -> None:
    plain = libasl.Inferer(model, backend="reference")
    assert plain.backend.startswith("reference")
    fast = libasl.Inferer(model, backend="cpu", isa="c", precision="fp32", threads=2)
    assert fast.backend.startswith("cpu c")
    assert repr(fast) == f"<libasl.Inferer on {fast.backend}>"
    expected = plain.classify(picture).scores
    assert fast.classify(picture).scores == pytest.approx(expected, abs=1e-4)
    with pytest.raises(libasl.BackendError):
        libasl.Inferer(model, backend="abacus")


def test_profile(model: libasl.Model, picture: pathlib.Path) -> None:
    times = libasl.Inferer(model, backend="cpu", threads=1).profile(picture, 5)
    assert times[0].name == "input" and times[0].layer_count == 0
    assert all(layer.nanoseconds >= 0.0 and layer.method for layer in times)
    assert sum(layer.mac_count for layer in times) == model.info.mac_count


def test_evaluation(inferer: libasl.Inferer, signers: pathlib.Path) -> None:
    told: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        told.append((done, total))

    dataset = libasl.Dataset(signers)
    found = inferer.evaluate(dataset, threads=1, progress=tell)
    assert told[-1] == (24, 24)
    assert found.labels == LABELS and found.count == 24 and found.issues == ()
    assert found.accuracy == found.correct / 24 and found.loss > 0.0
    assert [sum(row) for row in found.confusion] == [8, 8, 8]
    assert sum(found.confusion[i][i] for i in range(3)) == found.correct
    assert [group.name for group in found.groups] == list(dataset.groups)
    assert sum(group.count for group in found.groups) == 24
    assert sum(group.correct for group in found.groups) == found.correct
    assert found.sources == (libasl.GroupResult("signers", 24, found.correct),)
    assert found == inferer.evaluate(dataset)
    with pytest.raises(libasl.StoppedError):
        inferer.evaluate(dataset, progress=lambda done, total: 1)


def test_results_of_pictures(
    model: libasl.Model, dataset: libasl.Dataset, signers: pathlib.Path
) -> None:
    mix = libasl.Dataset.mix([dataset, libasl.Dataset(signers)], names=["a", "b"])
    with libasl.Inferer(model, threads=1) as inferer:
        found = inferer.evaluate(mix)
    results = found.results
    assert len(results) == found.count == 48 and len(list(results)) == 48
    assert sum(result.correct for result in results) == found.correct
    assert [source.count for source in found.sources] == [24, 24]
    for result in (*results[::7], results[-1]):
        sample = mix[result.sample]
        assert (result.truth, result.path) == (sample.label, sample.path)
        assert (result.group, result.source) == (sample.group, sample.source)
        assert result.truth == LABELS[result.truth_index]
        assert result.prediction.labels == LABELS and len(result.logits) == 3
        assert sum(result.prediction.scores) == pytest.approx(1.0, abs=1e-5)
        again = libasl.Inferer(model, threads=1)
        assert again.logits(mix.image(result.sample)) == pytest.approx(result.logits, abs=1e-4)
    with pytest.raises(IndexError):
        results[48]
    copy = pickle.loads(pickle.dumps(found))
    assert copy == found and copy.results == tuple(results)


def test_sides(model: libasl.Model, picture: pathlib.Path) -> None:
    image = libasl.Image(picture)
    rows = zip(*[iter(bytes(image.pixels))] * (3 * image.width))
    turned = b"".join(bytes(row[i : i + 3]) for row in rows for i in range(93, -1, -3))
    flipped = libasl.View(turned, width=32, height=32, format="rgb24")
    plain = libasl.Inferer(model, threads=1, mirror="off")
    assert plain.mirror is libasl.Mirror.OFF
    assert libasl.Inferer(model, threads=1).mirror is libasl.Mirror.OFF  # the model says nothing
    both = libasl.Inferer(model, threads=1, mirror="both")
    left, right = plain.logits(image), plain.logits(flipped)
    mean = [(a + b) / 2 for a, b in zip(left, right)]
    assert both.logits(image) == pytest.approx(mean, abs=1e-4)
    assert libasl.Inferer(model, mirror="on").logits(image) == pytest.approx(right, abs=1e-4)
    auto = libasl.Inferer(model, threads=1, mirror="auto")
    for _ in range(30):
        assert auto.mirror is libasl.Mirror.AUTO
        auto.classify(image)
    assert auto.mirror in (libasl.Mirror.OFF, libasl.Mirror.ON)
    auto.reset()
    assert auto.mirror is libasl.Mirror.AUTO
    plain.reset()
    assert plain.mirror is libasl.Mirror.OFF


def test_the_temperature_flattens_scores(model: libasl.Model, picture: pathlib.Path) -> None:
    cold = libasl.Inferer(model, threads=1)
    warm = libasl.Inferer(model.with_calibration(temperature=10), threads=1)
    assert warm.logits(picture) == cold.logits(picture)
    assert warm.classify(picture).score < cold.classify(picture).score


def test_an_evaluation_tells_what_it_could_not_read(
    inferer: libasl.Inferer, folder: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    shutil.copytree(folder, tmp_path / "all")
    path = tmp_path / "all" / "B" / "B0003.png"
    path.write_bytes(path.read_bytes()[:80])
    found = inferer.evaluate(libasl.Dataset(tmp_path / "all"))
    assert found.count == 23
    assert [issue.path for issue in found.issues] == ["B/B0003.png"]


def test_classes_that_do_not_match(inferer: libasl.Inferer, tmp_path: pathlib.Path,
                                   folder: pathlib.Path) -> None:  # fmt: skip
    shutil.copytree(folder, tmp_path / "all")
    (tmp_path / "all" / "A").rename(tmp_path / "all" / "Q")
    with pytest.raises(libasl.LabelsError, match="Q"):
        inferer.evaluate(libasl.Dataset(tmp_path / "all"))
