#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The whole way from a folder of pictures to naming a letter.

    python3 tutorial.py FOLDER RUN PICTURE [EPOCHS]

FOLDER holds one folder of pictures for each letter. RUN receives model.safetensors, metrics.csv and
a checkpoint; run it again after Ctrl-C, and it goes on where it was."""

import csv
import dataclasses
import pathlib
import sys

import libasl

SIZE = 64


def main(folder: str, run: pathlib.Path, picture: str, epochs: int) -> None:
    run.mkdir(parents=True, exist_ok=True)
    dataset = libasl.Dataset(folder)
    for issue in dataset.issues:
        print(f"skipped {issue.path}: {issue.message}", file=sys.stderr)
    packed = dataset.pack(run / "pictures.pack", width=SIZE, height=SIZE)
    train, validation, kind = packed.split(fraction=0.15)
    print(f"{len(train)} pictures to learn from, {len(validation)} to measure on ({kind} split)")

    checkpoint = run / "checkpoint"
    if checkpoint.exists():
        trainer = libasl.Trainer.resume(checkpoint, train, validation, checkpoint=checkpoint)
    else:
        model = libasl.Model.create("tiny", width=SIZE, height=SIZE, labels=dataset.classes)
        trainer = libasl.Trainer(model, train, validation, epochs=epochs, checkpoint=checkpoint)
    trainer.run(
        on_progress=lambda now: print(
            f"\repoch {now.epoch}/{now.epochs}  {now.done}/{now.total}  loss {now.loss:.3f}", end=""
        ),
        on_epoch=lambda epoch: print(f"  accuracy {epoch.val_accuracy:.3f}"),
    )
    with open(run / "metrics.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, [f.name for f in dataclasses.fields(libasl.EpochMetrics)])
        writer.writeheader()
        writer.writerows(map(dataclasses.asdict, trainer.history))

    best = trainer.best_model()
    best.save(run / "model.safetensors")
    with libasl.Inferer(best) as inferer:
        evaluation = inferer.evaluate(validation)
        print(f"{evaluation.correct} of {evaluation.count} right: {evaluation.accuracy:.1%}")
        top = inferer.classify(picture)
        print(f"{picture}: {top.label} ({top.score:.2f})")


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    try:
        main(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3], int((*sys.argv, "20")[4]))
    except libasl.Error as error:
        sys.exit(f"tutorial: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
