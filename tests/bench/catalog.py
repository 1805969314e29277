# SPDX-License-Identifier: MIT
"""The peers by name: title, package on PyPI, and the environment that holds them to AVX2 (None:
they choose their kernels by the processor alone)."""

PEERS = {
    "torch": {
        "title": "PyTorch",
        "package": "torch",
        "avx2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
    },
    "onnxruntime": {"title": "ONNX Runtime", "package": "onnxruntime", "avx2": None},
    "openvino": {
        "title": "OpenVINO",
        "package": "openvino",
        "avx2": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
    },
    "opencv": {
        "title": "OpenCV DNN",
        "package": "opencv-python-headless",
        "avx2": {"OPENCV_CPU_DISABLE": "AVX512-SKX"},
    },
    "ncnn": {"title": "ncnn", "package": "ncnn", "avx2": None},
}
