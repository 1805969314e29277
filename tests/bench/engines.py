# SPDX-License-Identifier: MIT
"""The peers, each behind the same two calls: scores() and logits() of uint8 pictures
[n][224][224][3] in B,G,R order. A setting is one way to run a peer; whatever its manual offers for
this work is here, so that the comparison can take each at its best."""

import concurrent.futures
import pathlib

import numpy

SIDE, CLASSES = 224, 29


def to_floats(pictures):
    """[n][h][w][3] bytes to [n][3][h][w] floats."""
    return numpy.ascontiguousarray(pictures.transpose(0, 3, 1, 2), numpy.float32)


class Torch:
    def __init__(self, files, threads, batch, layout, precision, compiled=False):
        import torch

        import networks

        torch.set_num_threads(threads)
        self.torch, self.layout = torch, layout
        self.network = networks.torch_network()
        self.network.load_state_dict(torch.load(files / "seed.pth", weights_only=True))
        self.network.eval()
        if layout == "channels_last":
            self.network.to(memory_format=torch.channels_last)
        self.autocast = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16")
        self.forward = self.forward_eager
        if compiled:
            from torch._inductor import config

            config.freezing = True  # weights become constants and are laid out once
            self.forward = torch.compile(self.forward_eager, dynamic=False)

    @staticmethod
    def settings(batch):
        for precision in ("fp32", "bf16"):
            for layout in ("NCHW", "channels_last"):
                for compiled in (False, True):
                    yield (f"{'compiled' if compiled else 'eager'}, {layout}", precision,
                           {"layout": layout, "precision": precision, "compiled": compiled})

    @staticmethod
    def level():
        import torch

        return torch.backends.cpu.get_cpu_capability()

    def forward_eager(self, pictures):
        values = pictures.permute(0, 3, 1, 2).float()
        if self.layout == "NCHW":
            values = values.contiguous()
        return self.network(values)

    def logits_tensor(self, pictures):
        return self.forward(self.torch.from_numpy(pictures)).float()

    def logits(self, pictures):
        with self.torch.no_grad(), self.autocast:
            return self.logits_tensor(pictures).numpy()

    def scores(self, pictures):
        with self.torch.no_grad(), self.autocast:
            return self.logits_tensor(pictures).softmax(1).numpy()


class OnnxRuntime:
    def __init__(self, files, threads, batch, takes_bytes):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        name = "seed_u8.onnx" if takes_bytes else "seed.onnx"
        self.session = onnxruntime.InferenceSession(files / name, options,
                                                    providers=["CPUExecutionProvider"])
        self.convert = numpy.asarray if takes_bytes else to_floats

    @staticmethod
    def settings(batch):
        yield "bytes to floats in numpy", "fp32", {"takes_bytes": False}
        yield "bytes to floats in the graph", "fp32", {"takes_bytes": True}

    def run(self, output, pictures):
        return self.session.run([output], {"pictures": self.convert(pictures)})[0]

    def logits(self, pictures):
        return self.run("logits", pictures)

    def scores(self, pictures):
        return self.run("scores", pictures)


class OpenVino:
    def __init__(self, files, threads, batch, precision):
        import openvino
        from openvino.preprocess import PrePostProcessor

        core = openvino.Core()
        model = core.read_model(files / "seed.onnx")
        model.reshape([batch, 3, SIDE, SIDE])
        steps = PrePostProcessor(model)
        layout = openvino.Layout
        steps.input().tensor().set_element_type(openvino.Type.u8).set_layout(layout("NHWC"))
        steps.input().model().set_layout(layout("NCHW"))
        compiled = core.compile_model(steps.build(), "CPU", {
            "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": {"fp32": "f32", "bf16": "bf16"}[precision]})  # fmt: skip
        self.request = compiled.create_infer_request()

    @staticmethod
    def settings(batch):
        for precision in ("fp32", "bf16"):
            yield "latency hint", precision, {"precision": precision}

    def run(self, output, pictures):
        self.request.infer({0: pictures}, share_inputs=True)
        return self.request.get_tensor(output).data

    def logits(self, pictures):
        return self.run("logits", pictures).copy()

    def scores(self, pictures):
        return self.run("scores", pictures)


class OpenCv:
    def __init__(self, files, threads, batch, engine):
        import cv2

        cv2.setNumThreads(threads)
        self.dnn = cv2.dnn
        self.network = cv2.dnn.readNetFromONNX(str(files / "seed.onnx"), getattr(cv2.dnn, engine))

    @staticmethod
    def settings(batch):
        yield "new engine", "fp32", {"engine": "ENGINE_NEW"}
        yield "classic engine", "fp32", {"engine": "ENGINE_CLASSIC"}

    def run(self, output, pictures):
        self.network.setInput(self.dnn.blobFromImages(list(pictures)))
        return self.network.forward(output)

    def logits(self, pictures):
        return self.run("logits", pictures)

    def scores(self, pictures):
        return self.run("scores", pictures)


class Ncnn:
    def __init__(self, files, threads, batch, precision):
        import ncnn

        self.ncnn, self.network = ncnn, ncnn.Net()
        self.network.opt.num_threads = threads
        self.network.opt.use_vulkan_compute = False
        if precision == "fp32":
            self.network.opt.use_fp16_packed = self.network.opt.use_fp16_storage = False
            self.network.opt.use_fp16_arithmetic = False
        self.network.opt.use_bf16_packed = self.network.opt.use_bf16_storage = precision == "bf16"
        if (self.network.load_param(str(files / "seed.param"))
                or self.network.load_model(str(files / "seed.bin"))):  # fmt: skip
            raise RuntimeError("ncnn cannot read the network")

    @staticmethod
    def settings(batch):
        for precision in ("fp32", "bf16"):
            yield "one by one" if batch > 1 else "default", precision, {"precision": precision}

    def run(self, output, pictures):
        """A picture at a time: ncnn's networks have no batch."""
        rows = []
        for picture in pictures:
            extractor = self.network.create_extractor()
            order = self.ncnn.Mat.PixelType.PIXEL_BGR
            extractor.input("pictures", self.ncnn.Mat.from_pixels(picture, order, SIDE, SIDE))
            rows.append(numpy.array(extractor.extract(output)[1]))
        return numpy.stack(rows)

    def logits(self, pictures):
        return self.run("logits", pictures)

    def scores(self, pictures):
        return self.run("scores", pictures)


class Split:
    """A batch in equal parts, each run by a copy of the engine on a thread of its own."""

    def __init__(self, engine, files, threads, batch, **setting):
        self.parts = [engine(files, 1, batch // threads, **setting) for _ in range(threads)]
        self.pool = concurrent.futures.ThreadPoolExecutor(threads)

    def run(self, method, pictures):
        shares = numpy.array_split(pictures, len(self.parts))
        calls = [getattr(part, method) for part in self.parts]
        results = self.pool.map(lambda call, share: call(share), calls, shares)
        return numpy.concatenate(list(results))

    def logits(self, pictures):
        return self.run("logits", pictures)

    def scores(self, pictures):
        return self.run("scores", pictures)


class TorchTraining:
    """Training steps as a careful user would write them, on pictures that lie in memory."""

    def __init__(self, weights, pictures, targets, threads, batch, layout, precision, compiled):
        import torch

        import networks

        torch.set_num_threads(threads)
        self.torch, self.batch, self.layout = torch, batch, layout
        self.network = networks.torch_network()
        if weights:
            self.network.load_state_dict({k: torch.tensor(v) for k, v in weights.items()})
        if layout == "channels_last":
            self.network.to(memory_format=torch.channels_last)
        self.autocast = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16")
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-3, fused=True)
        self.pictures, self.targets = torch.from_numpy(pictures), torch.from_numpy(targets)
        self.loss = self.loss_eager
        if compiled:
            from torch._inductor import config

            config.freezing = False
            self.loss = torch.compile(self.loss_eager, dynamic=False)

    settings = Torch.settings

    def loss_eager(self, pictures, targets):
        values = pictures.permute(0, 3, 1, 2).float()
        if self.layout == "NCHW":
            values = values.contiguous()
        with self.autocast:
            logits = self.network(values)
        return self.torch.nn.functional.cross_entropy(logits.float(), targets)

    def mean_loss(self):
        """Over all pictures, with the weights as they are."""
        with self.torch.no_grad():
            return float(self.loss_eager(self.pictures, self.targets))

    def epoch(self, order=None):
        """Over all pictures, or those at the places in `order`; returns the sum of the losses."""
        if order is None:
            order = self.torch.randperm(len(self.pictures))
        total = 0.0
        for part in order.split(self.batch):
            loss = self.loss(self.pictures[part], self.targets[part])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += loss.item()
        return total


ENGINES = {"torch": Torch, "onnxruntime": OnnxRuntime, "openvino": OpenVino, "opencv": OpenCv,
           "ncnn": Ncnn}  # fmt: skip
SPLITS = ("onnxruntime", "openvino", "ncnn")  # PyTorch and OpenCV share one pool in a process


def candidates(peer, batch, threads):
    """(setting's name, precision, maker(files) -> engine) of all ways to run `peer` on batches."""
    engine = ENGINES[peer]
    for name, precision, setting in engine.settings(batch):
        yield name, precision, lambda files, s=setting: engine(files, threads, batch, **s)
        if batch >= threads > 1 and peer in SPLITS:
            yield (f"{name}, {threads} x 1 thread", precision,
                   lambda files, s=setting: Split(engine, files, threads, batch, **s))


def first_label(peer, folder, picture, threads, labels):
    """What a short script does: from a JPEG on disk to a label. OpenCV decodes for all peers."""
    import cv2

    engine = ENGINES[peer]
    setting = next(setting for _, _, setting in engine.settings(1))
    network = engine(pathlib.Path(folder), threads, 1, **setting)
    print(labels[network.scores(cv2.imread(picture)[None]).argmax()])


def train_once(pictures, threads):
    """Two epochs of training in the plainest setting, to see what memory they take."""
    values = numpy.memmap(pictures, numpy.uint8, "c").reshape(-1, SIDE, SIDE, 3)
    targets = numpy.arange(len(values)) % CLASSES
    training = TorchTraining({}, values, targets, threads, 32, "NCHW", "fp32", False)
    training.epoch()
    training.epoch()
