# SPDX-License-Identifier: MIT
"""One peer against libasl in one process: agreement first, then times in interleaved pairs.

    python3 duel.py JOB.json

Run by peers.py, one process for each peer and round, so that no two peers share one; the rows are
the last line on standard output."""

import json
import os
import pathlib
import sys
import traceback

import numpy

import asl
import engines
import networks
import stats

LOGITS_ABSOLUTE = 1e-3  # fp32
LOGITS_RELATIVE = 0.03  # bf16 has 8 bits of precision: 0.4 % a rounding, through six layers


def disagreement(logits, wanted, precision):
    """Why two sets of logits are not those of one network, or None."""
    if not numpy.isfinite(logits).all():
        return "logits that are not finite"
    if precision == "fp32":
        worst = float(numpy.abs(logits - wanted).max())
        return None if worst <= LOGITS_ABSOLUTE else f"logits differ by {worst:.1e}"
    worst = float(numpy.linalg.norm(logits - wanted) / numpy.linalg.norm(wanted))
    if worst <= LOGITS_RELATIVE:
        return None
    return f"logits differ by {100 * worst:.1f} % of their norm"


def fault_of(error):
    """A setting that this peer or machine lacks is a row of the result, not its end."""
    traceback.print_exception(error)
    text = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {text[0][:120]}"


class Rotation:
    """The next pictures of the set with each call."""

    def __init__(self, engine, pictures, batch):
        self.engine, self.batches, self.turn = engine, len(pictures) // batch, 0
        self.pictures = pictures[: self.batches * batch].reshape(-1, batch, *pictures.shape[1:])

    def __call__(self):
        self.turn = (self.turn + 1) % self.batches
        return self.engine.scores(self.pictures[self.turn]).argmax(1)


def infer(job, library, pictures, batch, ours_in):
    """A row for each setting of the peer at this batch size; libasl multiplies in `ours_in`."""
    files, threads = pathlib.Path(job["files"]), job["threads"]
    wanted = asl.Inferer(library, job["model"], threads, batch, job["isa"]).logits(pictures)
    ours = asl.Inferer(library, job["model"], threads, batch, job["isa"], ours_in)
    fault = disagreement(ours.logits(pictures), wanted, ours_in)
    if fault:
        sys.exit(f"libasl in {ours_in}: {fault}")
    our_turn = Rotation(ours, pictures, batch)
    our_repeats = stats.repeats_for(our_turn, job["block_s"])
    for setting, precision, make in engines.candidates(job["peer"], batch, threads):
        if job["isa"] != "auto" and precision != "fp32":
            continue
        row = {"kind": "infer", "batch": batch, "setting": setting, "precision": precision,
               "ours": ours_in}
        try:
            theirs = make(files)
            logits = numpy.concatenate([theirs.logits(pictures[i : i + batch])
                                        for i in range(0, len(pictures) - batch + 1, batch)])
            row["fault"] = disagreement(logits, wanted[: len(logits)], precision)
            if not row["fault"]:
                their_turn = Rotation(theirs, pictures, batch)
                their_repeats = stats.repeats_for(their_turn, job["block_s"])
                row["pairs"] = stats.interleave(lambda: stats.block(our_turn, our_repeats),
                                                lambda: stats.block(their_turn, their_repeats),
                                                job["pairs"])
        except Exception as error:
            row["fault"] = fault_of(error)
        yield row


def train(job, library, pictures, ours_in):
    """A row for each setting of the peer; times are of an epoch over the same pictures."""
    labels, weights = networks.read_model(job["fresh"])
    targets = numpy.array([labels.index(name) for name in job["classes"]])
    batch = job["train_batch"]
    still = asl.Trainer(library, job["fresh"], job["pack"], job["threads"], batch, 1e-30)
    still.epoch()
    our_loss = still.metrics().train_loss
    still.free()
    for setting, precision, options in engines.TorchTraining.settings(batch):
        row = {"kind": "train", "batch": batch, "setting": setting, "precision": precision,
               "ours": ours_in}
        try:
            ours = asl.Trainer(library, job["fresh"], job["pack"], job["threads"], batch,
                               precision=ours_in)
            theirs = engines.TorchTraining(weights, pictures, targets, job["threads"], batch,
                                           **options)
            difference = abs(theirs.mean_loss() - our_loss)
            if difference > (1e-4 if precision == "fp32" else 1e-2):
                row["fault"] = f"the losses of the first weights differ by {difference:.1e}"
            else:
                ours.epoch()
                theirs.epoch()
                row["pairs"] = stats.interleave(lambda: stats.single(ours.epoch),
                                                lambda: stats.single(theirs.epoch),
                                                job["train_pairs"])
            ours.free()
        except Exception as error:
            row["fault"] = fault_of(error)
        yield row


def main(path):
    job = json.loads(pathlib.Path(path).read_text())
    library = asl.Library(job["library"])
    pictures = numpy.fromfile(job["pictures"], numpy.uint8).reshape(-1, asl.SIDE, asl.SIDE, 3)
    allowed = os.sched_getaffinity(0)
    rows = []
    for ours_in in job["ours_in"]:
        for batch in job["batches"]:
            rows += infer(job, library, pictures, batch, ours_in)
        if job["train_pairs"]:
            rows += train(job, library, pictures, ours_in)
    if os.sched_getaffinity(0) != allowed:
        sys.exit("the peer bound this process, and libasl with it, to fewer processors")
    if job["peer"] == "torch" and job["isa"] == "avx2" and engines.Torch.level() != "AVX2":
        sys.exit("PyTorch is not held to AVX2")
    print(json.dumps({"rows": rows}))


if __name__ == "__main__":
    main(*sys.argv[1:])
