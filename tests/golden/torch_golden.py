#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Computes tests/backends/golden.inc with PyTorch, in double precision.

    python3 tests/golden/torch_golden.py > tests/backends/golden.inc

Needs PyTorch (Debian: python3-torch; the committed file was made with 1.13.1). Only whoever adds a
case runs this; the tests read the committed numbers. Each case is a small network on made-up
pictures: logits outside training, mean loss and gradient of batch 1, and all parameters after three
optimiser steps on batches 1, 2, 3. Parameters and batches are pure functions of integers that
tests/backends/problem.c repeats; keep the two in step.
"""

import torch
import torch.nn.functional as F

PARAMETERS, IMAGES, LABELS = 1, 100, 200
MEAN, STD = (100.0, 120.0, 140.0), (60.0, 50.0, 70.0)
STEPS = 3

SGD = dict(optimizer="sgd", lr=0.05, momentum=0.9)
ADAM = dict(optimizer="adam", lr=0.01)

# architecture, width, height, classes, pictures, and what differs from the defaults
CASES = [
    ("dense classes", 1, 1, 3, 4, dict(SGD)),
    ("global_pool avg; dense 20; relu; dense 7; dense classes", 3, 2, 5, 6,
     dict(ADAM, weight_decay=0.1)),
    ("conv2d 5 k3 bias; global_pool avg; dense classes", 7, 6, 4, 3,
     dict(SGD, weight_decay=0.1, bgr=1)),
    ("conv2d 4 k5 s2 p2; conv2d 5 k3 s3 p1 bias; global_pool both; dense classes", 11, 9, 3, 4,
     dict(SGD, nesterov=1, weight_decay=0.1)),
    ("conv2d 18 k2 s2 p1 bias; conv2d 3 k1; global_pool max; dense classes", 5, 8, 3, 5,
     dict(optimizer="adamw", lr=0.01, weight_decay=0.5)),
    ("conv2d 4 k3 p1; batch_norm; relu; conv2d 5 k2; batch_norm; global_pool avg; dense classes",
     5, 4, 3, 4, dict(SGD, nesterov=1)),
    ("conv2d 4 k3 bias; relu; max_pool 2; conv2d 6 k2 bias; relu; max_pool 3; global_pool avg; "
     "dense classes", 17, 19, 4, 3, dict(ADAM)),
    ("conv2d 4 k2; global_pool avg; dense classes", 4, 4, 6, 5,
     dict(optimizer="adam", lr=0.02, beta1=0.8, beta2=0.95, epsilon=1e-4, weight_decay=0.2,
          label_smoothing=0.2)),
    ("conv2d 4 k2; global_pool both; dense classes", 4, 3, 6, 5,
     dict(optimizer="adamw", lr=0.02, beta1=0.8, beta2=0.95, epsilon=1e-4, weight_decay=0.2,
          label_smoothing=1.0)),
    ("conv2d 4 k3 s2 p1; batch_norm; relu; conv2d 6 k3 p1; batch_norm; relu; global_pool both; "
     "dropout 0; dense classes", 8, 8, 5, 4,
     dict(optimizer="sgd", lr=0.1, momentum=0.0, weight_decay=0.01, label_smoothing=0.1)),
]

DEFAULTS = dict(lr=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8, momentum=0.9, weight_decay=0.0,
                label_smoothing=0.0, nesterov=0, bgr=0)


def value(stream, index):
    """problem_value() of tests/backends/problem.c."""
    mask = 0xFFFFFFFF
    h = (index * 0x9E3779B1 + stream * 0x85EBCA77 + 0x27D4EB2F) & mask
    h = ((h ^ (h >> 15)) * 0x2C1B3C6D) & mask
    h = ((h ^ (h >> 13)) * 0x297A2D39) & mask
    h ^= h >> 16
    return (h >> 16) / 65536 - 0.5


class Network:
    """The layers of a list, with their tensors in canonical order."""

    def __init__(self, architecture, classes):
        self.layers, self.tensors, self.offset = [], [], 0
        channels = 3
        for text in architecture.split(";"):
            kind, *words = text.split()
            layer = dict(kind=kind, words=words, own=[])
            if kind == "conv2d":
                options = {word[0]: int(word[1:]) for word in words[1:] if word != "bias"}
                layer.update(stride=options.get("s", 1), padding=options.get("p", 0))
                outputs, k = int(words[0]), options["k"]
                fan_in = channels * k * k
                self.add(layer, (outputs, channels, k, k), fan_in, decayed=True)
                if "bias" in words:
                    self.add(layer, (outputs,), fan_in)
                channels = outputs
            elif kind == "dense":
                outputs = classes if words[0] == "classes" else int(words[0])
                self.add(layer, (outputs, channels), channels, decayed=True)
                self.add(layer, (outputs,), channels)
                channels = outputs
            elif kind == "batch_norm":
                for around, trained in ((1, True), (0, True), (0, False), (1, False)):
                    self.add(layer, (channels,), 0, around=around, trained=trained)
            elif kind == "global_pool" and words[0] == "both":
                channels *= 2
            self.layers.append(layer)

    def add(self, layer, shape, fan_in, around=0, trained=True, decayed=False):
        scale = 4.0 if fan_in else 1.0
        while scale * scale * fan_in > 24:
            scale /= 2
        count = torch.Size(shape).numel()
        values = [around + scale * value(PARAMETERS, self.offset + i) for i in range(count)]
        tensor = torch.tensor(values, dtype=torch.float64).reshape(shape).requires_grad_(trained)
        self.offset += count
        self.tensors.append((tensor, trained, decayed))
        layer["own"].append(tensor)

    def flat(self, part=lambda tensor: tensor):
        return torch.cat([part(tensor).detach().flatten() for tensor, _, _ in self.tensors])

    def run(self, x, training):
        for layer in self.layers:
            kind, words, own = layer["kind"], layer["words"], layer["own"]
            if kind == "conv2d":
                bias = own[1] if len(own) > 1 else None
                x = F.conv2d(x, own[0], bias, layer["stride"], layer["padding"])
            elif kind == "dense":
                x = F.linear(x.flatten(1), own[0], own[1])
            elif kind == "batch_norm":
                scale, shift, mean, variance = own
                x4 = x if x.dim() == 4 else x[:, :, None, None]
                x = F.batch_norm(x4, mean, variance, scale, shift, training, 0.1, 1e-5)
            elif kind == "relu":
                x = F.relu(x)
            elif kind == "max_pool":
                x = F.max_pool2d(x, int(words[0]))
            elif kind == "global_pool":
                average, largest = F.adaptive_avg_pool2d(x, 1), F.adaptive_max_pool2d(x, 1)
                x = dict(avg=average, max=largest, both=torch.cat([average, largest], 1))[words[0]]
            elif kind == "dropout":
                pass  # the masks are libasl's own; see test_dropout.c
        return x


def make_batch(batch, width, height, classes, count, bgr):
    size = count * height * width * 3
    pixels = [float(int(256 * (value(IMAGES + batch, i) + 0.5))) for i in range(size)]
    x = torch.tensor(pixels, dtype=torch.float64).reshape(count, height, width, 3)
    x = x.permute(0, 3, 1, 2)
    if bgr:
        x = x.flip(1)
    mean, std = (torch.tensor(t, dtype=torch.float64)[None, :, None, None] for t in (MEAN, STD))
    labels = [int((value(LABELS + batch, n) + 0.5) * classes) for n in range(count)]
    return (x - mean) / std, torch.tensor(labels)


def make_optimizer(network, o):
    groups = [dict(params=[t for t, trained, decayed in network.tensors if trained and decayed],
                   weight_decay=o["weight_decay"]),
              dict(params=[t for t, trained, decayed in network.tensors if trained and not decayed],
                   weight_decay=0.0)]
    if o["optimizer"] == "sgd":
        return torch.optim.SGD(groups, o["lr"], momentum=o["momentum"],
                               nesterov=bool(o["nesterov"]))
    kind = torch.optim.Adam if o["optimizer"] == "adam" else torch.optim.AdamW
    return kind(groups, o["lr"], betas=(o["beta1"], o["beta2"]), eps=o["epsilon"])


def number(x):
    text = f"{x:.9g}"
    return text + ("f" if "." in text or "e" in text else ".0f")


def print_array(name, values):
    lines, line = [], "   "
    for x in values:
        if len(line) + len(number(x)) + 2 > 100:
            lines.append(line)
            line = "   "
        line += f" {number(x)},"
    print(f"static const float {name}[] = {{\n" + "\n".join(lines + [line]) + "\n};")


def run_case(index, architecture, width, height, classes, count, changes):
    o = dict(DEFAULTS, **changes)
    network = Network(architecture, classes)
    x, labels = make_batch(1, width, height, classes, count, o["bgr"])
    print_array(f"golden_logits_{index}", network.run(x, False).detach().flatten().tolist())
    optimizer = make_optimizer(network, o)
    for step in range(1, STEPS + 1):
        x, labels = make_batch(step, width, height, classes, count, o["bgr"])
        optimizer.zero_grad()
        loss = F.cross_entropy(network.run(x, True), labels, label_smoothing=o["label_smoothing"])
        loss.backward()
        if step == 1:
            first_loss = loss.item()
            gradient = network.flat(lambda t: t.grad if t.requires_grad else torch.zeros_like(t))
        optimizer.step()
    print_array(f"golden_gradients_{index}", gradient.tolist())
    print_array(f"golden_parameters_{index}", network.flat().tolist())
    kind = dict(adam=0, adamw=1, sgd=2)[o["optimizer"]]
    return (f"    {{{{\"{architecture}\",\n"
            f"      {width}, {height}, {classes}, {count}, {o['bgr']},\n"
            f"      {{{kind}, {o['nesterov']}, 0, 0, 0, {o['lr']!r}, {o['beta1']!r}, "
            f"{o['beta2']!r}, {o['epsilon']!r}, {o['momentum']!r},\n       {o['weight_decay']!r}, "
            f"{o['label_smoothing']!r}}}}},\n"
            f"     {first_loss!r}, golden_logits_{index}, golden_gradients_{index}, "
            f"golden_parameters_{index}}},")


def main():
    print("/* SPDX-License-Identifier: MIT */")
    print("/* Written by tests/golden/torch_golden.py; do not edit. */")
    print("/* clang-format off */")
    entries = [run_case(i, *case) for i, case in enumerate(CASES)]
    print("static const golden_case golden_cases[] = {\n" + "\n".join(entries) + "\n};")


if __name__ == "__main__":
    main()
