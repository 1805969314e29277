# SPDX-License-Identifier: MIT
"""However the interpreter ends, it ends by itself: each program here leaves objects, threads and
calls behind in another order. sys.argv is a model, a folder and a picture."""

from __future__ import annotations

import os
import pathlib

import libasl
import pytest
from conftest import Run

BEGIN = """
import atexit, gc, os, signal, sys, threading, time, weakref
import libasl
model_path, folder, picture = sys.argv[1:]
"""
ALL = """
dataset = libasl.Dataset(folder)
model = libasl.Model(model_path)
inferer = libasl.Inferer(model, threads=2)
trainer = libasl.Trainer(model, dataset, epochs=100000, batch_size=4, threads=2)
speller = libasl.Speller(model)
image = libasl.Image(picture)
inferer.classify(image)
augmentation = libasl.Augmentation()
results = inferer.evaluate(libasl.Dataset.mix([dataset], names=["all"])).results
"""
STOP = "trainer.run(on_epoch=lambda epoch: trainer.request_stop())\n"

# The program after BEGIN, and the exit code if it is not 0.
ORDERS: dict[str, tuple[str, int]] = {
    "nothing but the import": ("", 0),
    "all left open": (ALL + STOP, 0),
    "closed from the parents on": (
        ALL + STOP + "for h in (image, dataset, model, inferer, trainer, speller): h.close()\n", 0),
    "closed from the children on": (
        ALL + STOP + "for h in (speller, trainer, inferer, model, dataset, image): h.close()\n", 0),
    "deleted from the parents on": (
        ALL + STOP + "del dataset, model; gc.collect(); inferer.classify(image); del inferer\n"
        "trainer.model(); del image, trainer\n", 0),
    "leaving a context by sys.exit": (
        "with libasl.Model(model_path) as model, libasl.Inferer(model) as inferer:\n"
        "    inferer.classify(picture)\n    sys.exit(3)\n", 3),
    "an exception nobody catches": (ALL + "raise RuntimeError('on purpose')\n", 1),
    "os._exit": (ALL + "os._exit(4)\n", 4),
    "sys.exit in a callback": (
        ALL + "trainer.run(on_epoch=lambda epoch: sys.exit(5))\n", 5),
    "sys.exit in progress of an evaluation": (
        ALL + "inferer.evaluate(dataset, progress=lambda *n: sys.exit(6))\n", 6),
    "os._exit in a callback": (ALL + "trainer.run(on_epoch=lambda epoch: os._exit(7))\n", 7),
    "a daemon thread that trains": (
        ALL + "threading.Thread(target=trainer.run, daemon=True).start()\ntime.sleep(0.1)\n", 0),
    "a daemon thread that trains and calls back": (
        ALL + "threading.Thread(target=trainer.run, args=(lambda p: None, lambda e: None),\n"
        "    daemon=True).start()\ntime.sleep(0.1)\n", 0),
    "a daemon thread that trains and closes": (
        ALL + "threading.Thread(target=trainer.run, daemon=True).start()\ntime.sleep(0.05)\n"
        "trainer.close(); model.close(); dataset.close()\n", 0),
    "a daemon thread that evaluates": (
        ALL + "def work():\n    while True:\n        inferer.evaluate(dataset)\n"
        "threading.Thread(target=work, daemon=True).start()\ntime.sleep(0.1)\n", 0),
    "daemon threads that classify": (
        ALL + "def work():\n    own = libasl.Inferer(model)\n    while True:\n"
        "        own.classify(image.pixels)\n"
        "for _ in range(4):\n    threading.Thread(target=work, daemon=True).start()\n"
        "time.sleep(0.1)\n", 0),
    "daemon threads that make and drop": (
        ALL + "def work():\n    while True:\n        libasl.Image(picture).pixels\n"
        "        libasl.Inferer(libasl.Model(model_path)).close()\n"
        "for _ in range(2):\n    threading.Thread(target=work, daemon=True).start()\n"
        "time.sleep(0.1)\n", 0),
    "a thread that is waited for": (
        ALL + "threading.Thread(target=lambda: [inferer.classify(image) for _ in range(99)])"
        ".start()\n", 0),
    "a thread that trains until it is stopped": (
        ALL + "threading.Thread(target=trainer.run).start()\n"
        "threading.Timer(0.1, trainer.request_stop).start()\n", 0),
    "a circle of references": (
        ALL + "gc.disable()\nclass Node: pass\nnode = Node()\nnode.node, node.all = node, "
        "(model, inferer, trainer, image.pixels, model.parameters)\ndel node\n", 0),
    "handles in other modules": (
        ALL + "sys.kept, os.kept, libasl.kept = inferer, trainer, image.pixels\n", 0),
    "used when the interpreter ends": (
        ALL + "atexit.register(lambda: print(inferer.classify(image).label, trainer.options))\n",
        0),
    "closed when the interpreter ends": (ALL + "atexit.register(trainer.close)\n", 0),
    "used by a finalizer": (
        ALL + "class Last:\n    def __del__(self, inferer=inferer, image=image):\n"
        "        inferer.classify(image)\nlast = Last()\n", 0),
    "training begun when the interpreter ends": (
        ALL + "atexit.register(trainer.run, on_epoch=lambda epoch: trainer.request_stop())\n", 0),
    "views that outlive their owners": (
        ALL + "kept = image.pixels, model.parameters\nview = libasl.View(kept[0])\n"
        "image.close(); model.close()\nprint(kept[0][0, 0, 0], kept[1][0])\n", 0),
    "a forked child that exits": (
        ALL + "child = os.fork()\nif child == 0:\n    inferer.classify(image)\n    sys.exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\ninferer.classify(image)\n", 0),
    "a child forked while a thread trains": (
        ALL + "threading.Thread(target=trainer.run, daemon=True).start()\ntime.sleep(0.1)\n"
        "child = os.fork()\nif child == 0:\n    libasl.Inferer(model).classify(picture)\n"
        "    sys.exit(0)\nassert os.waitpid(child, 0)[1] == 0\n", 0),
    "a child forked in a callback": (
        ALL + "def fork(epoch):\n    child = os.fork()\n    if child == 0:\n        sys.exit(0)\n"
        "    assert os.waitpid(child, 0)[1] == 0\n    trainer.request_stop()\n"
        "trainer.run(on_epoch=fork)\n", 0),
    "Ctrl-C while training": (
        ALL + "threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "try:\n    trainer.run()\nexcept KeyboardInterrupt:\n    sys.exit(8)\n", 8),
    "imported twice": (
        ALL + "for name in [n for n in sys.modules if n.startswith('libasl')]:\n"
        "    del sys.modules[name]\nimport libasl as again\n"
        "assert again is not libasl and again.Model(model_path).labels == model.labels\n", 0),
    "weak references with callbacks": (
        ALL + "kept = [weakref.ref(h, lambda _: print('gone')) for h in (model, inferer, image)]\n"
        "del inferer\n", 0),
}  # fmt: skip


@pytest.mark.parametrize("order", ORDERS)
def test_exit(
    order: str,
    run_python: Run,
    model_path: pathlib.Path,
    folder: pathlib.Path,
    picture: pathlib.Path,
) -> None:
    if order.startswith("a child forked") and "LD_PRELOAD" in os.environ:
        pytest.skip("the sanitizers' own locks do not survive fork() of a busy process")
    program, code = ORDERS[order]
    done = run_python("-c", BEGIN + program, model_path, folder, picture, code=code)
    if code != 1:
        assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr


def test_importing_needs_no_library_and_little_time(run_python: Run) -> None:
    program = """
import sys, time
begun = time.process_time()
import libasl
assert "numpy" not in sys.modules and not vars(libasl._native.lib)
print(time.process_time() - begun)
"""
    limit = 0.1 if "LD_PRELOAD" not in os.environ else 0.5
    # Once of several times: others may be using the processor too.
    assert any(float(run_python("-c", program).stdout) < limit for _ in range(9))


def test_a_daemon_thread_that_trains_leaves_a_checkpoint(
    run_python: Run, folder: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """Before the first epoch is over, so that only stopping writes it."""
    program = """
import sys, threading, time
import libasl
data = libasl.Dataset(sys.argv[1])
model = libasl.Model.create("seed", labels=data.classes)
trainer = libasl.Trainer(
    model, data, batch_size=1, backend="reference", threads=1, checkpoint=sys.argv[2])
threading.Thread(target=trainer.run, daemon=True).start()
time.sleep(0.3)
"""
    path = tmp_path / "checkpoint"
    run_python("-c", program, folder, path)
    assert path.exists() and not libasl.Trainer.resume(path, libasl.Dataset(folder)).history
