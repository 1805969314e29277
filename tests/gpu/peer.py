# SPDX-License-Identifier: MIT
"""PyTorch learns from the same pictures with the same network, in the ways that its manual offers
for speed: the data set on the GPU as bytes, channels last, bfloat16, torch.compile, CUDA graphs.

    python3 peer.py PACK --seconds N [--cpu]

One JSON line for each setting as it is measured; the most important ones come first."""

import argparse
import json
import pathlib
import statistics
import struct
import sys
import time

import numpy
import torch

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
import networks  # noqa: E402

HEADER, SAMPLE = 4096, 16  # docs/pack-format.md
CLASSES = 29


def read_pack(path):
    """Pixels as bytes [n][h][w][3], from a map, and classes."""
    with open(path, "rb") as file:
        header = file.read(HEADER)
    width, height, count = struct.unpack_from("<IIQ", header, 32)
    pixels = numpy.memmap(path, numpy.uint8, "r", HEADER, (count, height, width, 3))
    table = numpy.memmap(path, "<u4", "r", HEADER + pixels.size, (count, SAMPLE // 4))
    return pixels, table[:, 1].astype(numpy.int64)


def wait(device):
    if device == "cuda":
        torch.cuda.synchronize()


def seconds_of(call, device):
    wait(device)
    begin = time.perf_counter()
    call()
    wait(device)
    return time.perf_counter() - begin


class Network:
    """The seed network on bytes, R,G,B, as they lie in a pack."""

    def __init__(self, device, precision, channels_last):
        torch.manual_seed(1)
        self.device, self.precision = device, precision
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.network = networks.torch_network().to(device, memory_format=self.format)

    def logits(self, pictures):
        values = pictures.flip(-1).permute(0, 3, 1, 2).float().contiguous(memory_format=self.format)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.precision == "bf16"):
            return self.network(values).float()


class Training(Network):
    """`way` is "eager", "compiled" (torch.compile with its CUDA graphs) or "one graph" (the whole
    step, compiled and captured)."""

    def __init__(self, pictures, classes, batch, way, precision, channels_last):
        super().__init__(pictures.device.type, precision, channels_last)
        self.pictures, self.classes, self.batch, self.way = pictures, classes, batch, way
        whole = way == "one graph"
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-4, fused=True,
                                          capturable=whole)  # fmt: skip
        self.loss = self.plain_loss
        if way == "compiled":
            self.loss = torch.compile(self.plain_loss, mode="reduce-overhead", dynamic=False)
        elif whole:
            self.loss = torch.compile(self.plain_loss, dynamic=False)
        self.graph, self.index = None, torch.arange(batch, device=pictures.device)
        self.total = torch.zeros((), device=pictures.device)

    def plain_loss(self, pictures, classes):
        return torch.nn.functional.cross_entropy(self.logits(pictures), classes)

    def step(self, index):
        loss = self.loss(self.pictures[index], self.classes[index])
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=self.way != "one graph")
        self.total += loss.detach()

    def capture(self):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(5):
                self.step(self.index)
        torch.cuda.current_stream().wait_stream(side)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.step(self.index)

    def steps(self, count):
        """On shuffled pictures, whole batches only: no setting has to deal with another size."""
        order = torch.randperm(len(self.pictures), device=self.pictures.device)
        whole = len(order) // self.batch
        for i in range(count):
            part = order[i % whole * self.batch :][: self.batch]
            if self.graph:
                self.index.copy_(part)
                self.graph.replay()
            else:
                self.step(part)

    def measure(self, patience):
        """Seconds of an epoch: a whole one when that is not too long, otherwise from its part."""
        device, begin = self.device, time.perf_counter()
        if self.way == "one graph":
            self.capture()
        self.steps(8)
        wait(device)
        warm = time.perf_counter() - begin
        steps = len(self.pictures) / self.batch
        each = seconds_of(lambda: self.steps(10), device) / 10
        count = max(10, min(int(steps), int(patience / each)))
        times = [seconds_of(lambda: self.steps(count), device) / count
                 for _ in range(3 if count * each < patience / 3 else 1)]  # fmt: skip
        return {"epoch_s": min(times) * steps, "pictures_per_s": self.batch / min(times),
                "steps_timed": count, "warm_up_s": warm,
                "mean_loss": float(self.total) / (count * len(times))}  # fmt: skip


def latency(picture, device, way, precision):
    """Seconds from a picture in the host's memory to the number of its class."""
    network = Network(device, precision, True)
    network.network.eval()
    pinned = torch.from_numpy(picture[None].copy())
    if device == "cuda":
        pinned = pinned.pin_memory()
    static = pinned.to(device)

    def forward(pictures):
        with torch.no_grad():
            return network.logits(pictures).argmax(1)

    if way == "one graph":
        forward = torch.compile(forward, dynamic=False)
        for _ in range(3):
            label = forward(static)
        wait(device)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            label = forward(static)

        def once():
            static.copy_(pinned, non_blocking=True)
            graph.replay()
            return label.item()
    else:

        def once():
            return forward(pinned.to(device, non_blocking=True)).item()

    for _ in range(20):
        once()
    times = sorted(seconds_of(once, device) for _ in range(500))
    return {"p50_us": 1e6 * statistics.median(times), "p95_us": 1e6 * times[len(times) * 95 // 100]}


def settings(cpu):
    """(kind, batch, way, precision, channels last)"""
    if cpu:
        return [("train", 32, "eager", "fp32", False), ("latency", 1, "eager", "fp32", True)]
    ways = [(way, precision) for way in ("eager", "one graph", "compiled")
            for precision in ("bf16", "tf32")]  # fmt: skip
    rows = [("train", 32, *ways[0], True), ("train", 512, *ways[0], True)]
    rows += [("latency", 1, *ways[0], True), ("latency", 1, "one graph", "bf16", True)]
    rows += [("train", 32, *ways[2], True), ("train", 512, *ways[2], True)]
    rows += [("train", 32, *ways[3], True), ("train", 32, *ways[4], True)]
    rows += [("train", 32, *ways[1], False), ("train", 32, *ways[5], True)]
    return rows + [("train", 512, *ways[4], True)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pack")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--cpu", action="store_true")
    arguments = parser.parse_args()
    begin, device = time.perf_counter(), "cpu" if arguments.cpu else "cuda"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    pixels, classes = read_pack(arguments.pack)
    name = "cpu" if arguments.cpu else torch.cuda.get_device_name()
    print(json.dumps({"torch": torch.__version__, "cuda": torch.version.cuda, "device": name,
                      "cudnn": torch.backends.cudnn.version()}), flush=True)  # fmt: skip
    if arguments.cpu:  # a rehearsal's pictures are few and small
        pixels = pixels[:64].repeat(-(-96 // pixels.shape[1]), 1).repeat(-(-96 // pixels.shape[2]), 2)
    pictures = torch.from_numpy(numpy.ascontiguousarray(pixels)).to(device)
    targets = torch.from_numpy(classes[: len(pictures)] % CLASSES).to(device)
    for kind, batch, way, precision, last in settings(arguments.cpu):
        if time.perf_counter() - begin > arguments.seconds:
            break
        row = {"kind": kind, "batch": batch, "way": way, "precision": precision,
               "channels_last": last}  # fmt: skip
        try:
            torch.compiler.reset()
            if kind == "train":
                training = Training(pictures, targets, batch, way, precision, last)
                row |= training.measure(0.5 if arguments.cpu else 4.0)
            else:
                row |= latency(pixels[0], device, way, precision)
        except Exception as error:  # one setting's trouble is not the others'
            row["fault"] = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
