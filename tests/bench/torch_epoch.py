# SPDX-License-Identifier: MIT
"""One epoch of PyTorch over the training pictures of a run, in its fastest setting.

    python3 torch_epoch.py JOB.json

Run by epoch.py with the Python that has the peers; the result is the last line on standard
output."""

import json
import pathlib
import sys

import numpy
import torch

import engines
import networks
import stats
from duel import fault_of

PIXELS_AT = 4096  # in a pack, docs/pack-format.md


def read_pictures(pack, numbers):
    """Some pictures of a pack, in B,G,R order: from a map, so that only these are in memory."""
    size = 3 * engines.SIDE**2
    stored = numpy.memmap(pack, numpy.uint8, "r", PIXELS_AT, ((max(numbers) + 1) * size,))
    stored = stored.reshape(-1, engines.SIDE, engines.SIDE, 3)
    pictures = numpy.empty((len(numbers), *stored.shape[1:]), numpy.uint8)
    for picture, number in zip(pictures, numbers):
        picture[:] = stored[number, :, :, ::-1]
    return pictures


class Work:
    """What there is to learn from, and how it is learnt."""

    def __init__(self, job):
        self.batch, self.threads, self.trial = job["batch"], job["threads"], job["trial_batches"]
        self.pictures = read_pictures(job["pack"], job["numbers"])
        self.targets = numpy.array(job["classes"])
        _, self.weights = networks.read_model(job["fresh"])
        self.order = torch.randperm(len(self.pictures))

    def training(self, options):
        return engines.TorchTraining(self.weights, self.pictures, self.targets, self.threads,
                                     self.batch, **options)

    def try_setting(self, options):
        """Seconds a batch, after a first round of these that is not counted."""
        training, some = self.training(options), self.order[: self.trial * self.batch]
        training.epoch(some)
        return stats.single(lambda: training.epoch(some)) / self.trial

    def epoch(self, options):
        """Seconds and mean loss of an epoch from the fresh weights, but for a whole batch and one
        like the epoch's last, with which what is compiled gets compiled."""
        torch._dynamo.reset()
        training = self.training(options)
        training.epoch(self.order[: self.batch + len(self.order) % self.batch])
        losses = []
        seconds = stats.single(lambda: losses.append(training.epoch()))
        return {"seconds": seconds, "loss": losses[0] / -(-len(self.order) // self.batch)}


def main(path):
    job = json.loads(pathlib.Path(path).read_text())
    work, trials = Work(job), []
    for setting, precision, options in engines.TorchTraining.settings(job["batch"]):
        row = {"setting": setting, "precision": precision}
        try:
            row["batch_s"] = work.try_setting(options)
        except Exception as error:
            row["fault"] = fault_of(error)
        trials.append(row)
        print(row, file=sys.stderr, flush=True)
        row["options"] = options
    done = [row for row in trials if "fault" not in row]
    best = [min(rows, key=lambda row: row["batch_s"])
            for rows in ([row for row in done if row["precision"] == "fp32"], done)]  # fmt: skip
    if best[0] is best[1]:
        best.pop()
    epochs = [{key: row[key] for key in ("setting", "precision")} | work.epoch(row["options"])
              for row in best]  # fmt: skip
    print(json.dumps({"version": torch.__version__, "trials": trials, "epochs": epochs}))


if __name__ == "__main__":
    main(*sys.argv[1:])
