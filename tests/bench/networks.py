# SPDX-License-Identifier: MIT
"""The seed network in the formats of the peers, all with the weights of one model file.

    python3 networks.py MODEL.safetensors FOLDER

writes FOLDER/seed.onnx (float pictures [n][3][224][224]), seed_u8.onnx (bytes as they come,
[n][224][224][3]), seed.param and seed.bin (ncnn) and, where PyTorch is there, seed.pth."""

import json
import pathlib
import struct
import sys

import numpy

SIDE, CLASSES = 224, 29


def read_model(path):
    """Labels, and name to float32 array, out of a model file (docs/model-format.md)."""
    content = pathlib.Path(path).read_bytes()
    start = 8 + struct.unpack_from("<Q", content)[0]
    header = json.loads(content[8:start])
    labels = header.pop("__metadata__")["asl.labels"].split(",")
    weights = {}
    for name, tensor in header.items():
        begin, end = tensor["data_offsets"]
        values = numpy.frombuffer(content[start + begin : start + end], "<f4")
        weights[name] = values.reshape(tensor["shape"])
    return labels, weights


def onnx_model(weights, takes_bytes):
    """The network as an ONNX file's bytes, with the outputs `logits` and `scores`."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes = []

    def add(kind, inputs, output=None, **attributes):
        output = output or f"{kind}_{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    value = "pictures"
    if takes_bytes:
        value = add("Cast", [value], to=TensorProto.FLOAT)
        value = add("Transpose", [value], perm=[0, 3, 1, 2])
    for i in range(1, 5):
        kernel = weights[f"conv{i}.weight"].shape[2:]
        value = add("Conv", [value, f"conv{i}.weight", f"conv{i}.bias"], kernel_shape=kernel)
        value = add("Relu", [value])
        value = add("MaxPool", [value], kernel_shape=[2, 2], strides=[2, 2])
    value = add("Flatten", [add("GlobalAveragePool", [value])])
    value = add("Relu", [add("Gemm", [value, "fc1.weight", "fc1.bias"], transB=1)])
    value = add("Gemm", [value, "fc2.weight", "fc2.bias"], "logits", transB=1)
    add("Softmax", [value], "scores", axis=1)

    shape = ["n", SIDE, SIDE, 3] if takes_bytes else ["n", 3, SIDE, SIDE]
    kind = TensorProto.UINT8 if takes_bytes else TensorProto.FLOAT
    graph = helper.make_graph(
        nodes, "seed", [helper.make_tensor_value_info("pictures", kind, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", CLASSES])
         for name in ("logits", "scores")],
        [numpy_helper.from_array(array, name) for name, array in weights.items()])  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def ncnn_model(weights):
    """The network as ncnn's two files: text of the layers, bytes of the weights. Each layer takes
    the output of the one before."""
    layers, data, last = [], b"", None

    def add(kind, parameters, output=None):
        nonlocal last
        output = output or f"blob{len(layers)}"
        ends = f"1 1 {last} {output}" if last else f"0 1 {output}"
        layers.append(f"{kind} layer{len(layers)} {ends} {parameters}")
        last = output

    def add_weights(name):
        nonlocal data
        data += struct.pack("<I", 0)  # float32 follows
        data += weights[name + ".weight"].tobytes() + weights[name + ".bias"].tobytes()

    add("Input", f"0={SIDE} 1={SIDE} 2=3", "pictures")
    for i in range(1, 5):
        outputs, _, kernel, _ = weights[f"conv{i}.weight"].shape
        size = weights[f"conv{i}.weight"].size
        add("Convolution", f"0={outputs} 1={kernel} 5=1 6={size} 9=1")  # bias, ReLU
        add("Pooling", "0=0 1=2 2=2 5=1")  # largest of 2x2, incomplete windows dropped
        add_weights(f"conv{i}")
    add("Pooling", "0=1 4=1")  # average of all
    for name, output, activation in (("fc1", None, " 9=1"), ("fc2", "logits", "")):
        outputs, inputs = weights[name + ".weight"].shape
        add("InnerProduct", f"0={outputs} 1=1 2={outputs * inputs}{activation}", output)
        add_weights(name)
    add("Softmax", "0=0", "scores")
    return "\n".join(["7767517", f"{len(layers)} {len(layers)}", *layers, ""]), data


def torch_network():
    """The network as the tutorial defines it; takes float pictures [n][3][224][224]."""
    import torch
    from torch.nn import functional

    class Seed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = torch.nn.Conv2d(3, 16, 5)
            self.conv2 = torch.nn.Conv2d(16, 32, 5)
            self.conv3 = torch.nn.Conv2d(32, 64, 3)
            self.conv4 = torch.nn.Conv2d(64, 128, 5)
            self.fc1 = torch.nn.Linear(128, 256)
            self.fc2 = torch.nn.Linear(256, CLASSES)

        def forward(self, x):
            for convolution in (self.conv1, self.conv2, self.conv3, self.conv4):
                x = functional.max_pool2d(functional.relu(convolution(x)), 2)
            x = functional.adaptive_avg_pool2d(x, 1).flatten(1)
            return self.fc2(functional.relu(self.fc1(x)))

    return Seed()


def main(model_path, folder):
    (_, weights), folder = read_model(model_path), pathlib.Path(folder)
    (folder / "seed.onnx").write_bytes(onnx_model(weights, takes_bytes=False))
    (folder / "seed_u8.onnx").write_bytes(onnx_model(weights, takes_bytes=True))
    text, data = ncnn_model(weights)
    (folder / "seed.param").write_text(text)
    (folder / "seed.bin").write_bytes(data)
    try:
        import torch
    except ImportError:
        return
    torch.save({name: torch.tensor(array) for name, array in weights.items()}, folder / "seed.pth")


if __name__ == "__main__":
    main(*sys.argv[1:])
