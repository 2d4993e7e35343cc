"""Records ONNX files for test/fixtures/onnx: what PyTorch's two exporters and Keras write for the
layers that a network file has, the outputs that onnxruntime has for them, and PyTorch's gradients
by the inputs.

    python tools/record-onnx.py            (PyTorch 2.13, onnx, onnxscript, onnxruntime, Keras 3.15)

A model is NAME.onnx in the folder of its exporter; inputs ("NAME.x"), outputs ("NAME.y") and the
gradients of sum(y * y) / 2 by the inputs ("NAME.dx") are in values.safetensors beside it. What an
exporter notes for people who debug it, such as stacks with the folders of this machine, is left out.
"""

import io
import logging
import os
import sys
import tempfile
import warnings

os.environ["KERAS_BACKEND"] = "torch"
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import numpy as np
import onnx
import onnxruntime
import torch
from safetensors.numpy import save_file
from torch import nn

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "test", "fixtures", "onnx")


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


class Outputs(nn.Module):
    """The outputs of a recurrence, or what it ends with."""

    def __init__(self, inner, last=False):
        super().__init__()
        self.inner, self.last = inner, last

    def forward(self, x):
        y = self.inner(x)[0]
        return y[:, -1] if self.last else y


class Attention(nn.Module):
    def __init__(self, *args, causal=False, **more):
        super().__init__()
        self.inner, self.causal = nn.MultiheadAttention(*args, batch_first=True, **more), causal

    def forward(self, x):
        mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1) if self.causal else None
        return self.inner(x, x, x, need_weights=False, attn_mask=mask)[0]


class Branches(nn.Module):
    """Two branches, concatenated, and a product with what came in."""

    def __init__(self):
        super().__init__()
        self.left, self.right, self.head = nn.Linear(4, 3), nn.Linear(4, 2), nn.Linear(5, 4)

    def forward(self, x):
        both = torch.cat([torch.relu(self.left(x)), torch.tanh(self.right(x))], dim=-1)
        return self.head(both) * x


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(6, 4)
        self.out = nn.Linear(4, 6, bias=False)
        self.out.weight = self.table.weight

    def forward(self, x):
        return self.out(self.table(x))


class Reshape(nn.Module):
    def forward(self, x):
        return x.reshape(x.shape[0], 2, -1)


class Permute(nn.Module):
    def forward(self, x):
        return x.permute(0, 2, 1)


class EmbeddingBag(nn.Module):
    def __init__(self, **more):
        super().__init__()
        self.inner = nn.EmbeddingBag(6, 3, **more)

    def forward(self, x):
        return self.inner(x)


class Mean(nn.Module):
    def forward(self, x):
        return x.mean(dim=(2, 3))


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 12), nn.ReLU(), nn.Linear(12, 10))


def rows(*shape):
    return lambda: torch.randn(*shape)


def words(*shape):
    return lambda: torch.randint(0, 6, shape)


row, steps, plane, image, space = rows(3, 4), rows(2, 5, 4), rows(2, 4, 9), rows(2, 4, 7, 6), rows(2, 4, 5, 4, 3)

CASES = {
    "linear": (lambda: nn.Linear(4, 3), row),
    "linearNoBias": (lambda: nn.Linear(4, 3, bias=False), row),
    "linearSteps": (lambda: nn.Linear(4, 3), steps),
    "sequential": (lambda: nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2)), row),
    "identity": (lambda: nn.Sequential(nn.Identity(), nn.Linear(4, 3)), row),
    **{name: ((lambda make: lambda: make())(make), row) for name, make in {
        "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU,
        "leakyRelu": lambda: nn.LeakyReLU(0.2), "elu": lambda: nn.ELU(0.7),
        "celu": lambda: nn.CELU(0.7), "prelu": nn.PReLU, "rrelu": nn.RReLU, "selu": nn.SELU,
        "gelu": nn.GELU, "geluTanh": lambda: nn.GELU(approximate="tanh"), "silu": nn.SiLU,
        "mish": nn.Mish, "softplus": nn.Softplus, "softplusBeta": lambda: nn.Softplus(beta=2),
        "softsign": nn.Softsign, "logSigmoid": nn.LogSigmoid, "tanhshrink": nn.Tanhshrink,
        "softshrink": nn.Softshrink, "hardshrink": nn.Hardshrink,
        "threshold": lambda: nn.Threshold(0.3, -0.2), "glu": nn.GLU,
        "softmin": lambda: nn.Softmin(-1), "softmax": lambda: nn.Softmax(-1),
        "logSoftmax": lambda: nn.LogSoftmax(-1), "hardtanh": lambda: nn.Hardtanh(-0.5, 0.8),
        "relu6": nn.ReLU6, "hardsigmoid": nn.Hardsigmoid, "hardswish": nn.Hardswish}.items()},
    "preluChannels": (lambda: nn.PReLU(4), image),
    "conv1d": (lambda: nn.Conv1d(4, 3, 3, stride=2, padding=1), plane),
    "conv2d": (lambda: nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), groups=2), image),
    "conv2dSame": (lambda: nn.Conv2d(4, 3, 3, padding="same", dilation=2), image),
    "conv2dReflect": (lambda: nn.Conv2d(4, 3, 3, padding=1, padding_mode="reflect"), image),
    "conv2dNoBias": (lambda: nn.Conv2d(4, 3, 3, bias=False), image),
    "conv3d": (lambda: nn.Conv3d(4, 2, 2, dilation=(1, 2, 1)), space),
    "convTranspose1d": (lambda: nn.ConvTranspose1d(4, 3, 3, stride=2, padding=1, output_padding=1), plane),
    "convTranspose2d": (lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2, dilation=2), image),
    "convTranspose3d": (lambda: nn.ConvTranspose3d(4, 2, 2, bias=False), space),
    "maxPool1d": (lambda: nn.MaxPool1d(2), plane),
    "maxPool2d": (lambda: nn.MaxPool2d(3, stride=2, padding=1), image),
    "maxPool2dCeil": (lambda: nn.MaxPool2d(2, ceil_mode=True), image),
    "maxPool3d": (lambda: nn.MaxPool3d(2, stride=1), space),
    "avgPool1d": (lambda: nn.AvgPool1d(3, stride=2, padding=1), plane),
    "avgPool2d": (lambda: nn.AvgPool2d(3, stride=2, padding=1), image),
    "avgPool2dValid": (lambda: nn.AvgPool2d(2, padding=1, count_include_pad=False), image),
    "avgPool2dCeil": (lambda: nn.AvgPool2d(2, stride=2, ceil_mode=True), image),
    "avgPool3d": (lambda: nn.AvgPool3d(2), space),
    "adaptiveAvgPool1d": (lambda: nn.AdaptiveAvgPool1d(3), plane),
    "adaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d(1), image),
    "adaptiveAvgPool3d": (lambda: nn.AdaptiveAvgPool3d(1), space),
    "adaptiveMaxPool1d": (lambda: nn.AdaptiveMaxPool1d(3), plane),
    "adaptiveMaxPool2d": (lambda: nn.AdaptiveMaxPool2d(1), image),
    "adaptiveMaxPool3d": (lambda: nn.AdaptiveMaxPool3d(1), space),
    "globalMean": (lambda: nn.Sequential(nn.Conv2d(4, 3, 3), Mean()), image),
    "layerNorm": (lambda: nn.LayerNorm(4), steps),
    "layerNormPlain": (lambda: nn.LayerNorm(4, elementwise_affine=False), row),
    "rmsNorm": (lambda: nn.RMSNorm(4, eps=1e-5), steps),
    "groupNorm": (lambda: nn.GroupNorm(2, 4), image),
    "batchNorm1d": (lambda: nn.BatchNorm1d(4), row),
    "batchNorm2d": (lambda: nn.BatchNorm2d(4, momentum=0.3, eps=1e-4), image),
    "batchNorm3d": (lambda: nn.BatchNorm3d(4), space),
    "convBatchNorm": (lambda: nn.Sequential(nn.Conv2d(4, 3, 3), nn.BatchNorm2d(3), nn.ReLU()), image),
    "instanceNorm1d": (lambda: nn.InstanceNorm1d(4), plane),
    "instanceNorm2d": (lambda: nn.InstanceNorm2d(4, affine=True), image),
    "instanceNorm3d": (lambda: nn.InstanceNorm3d(4), space),
    "dropout": (lambda: nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.3), nn.ReLU()), row),
    "flatten": (lambda: nn.Flatten(), plane),
    "flattenSome": (lambda: nn.Flatten(2), image),
    "unflatten": (lambda: nn.Unflatten(1, (2, 2)), row),
    "reshapeTo": (Reshape, plane),
    "permute": (Permute, plane),
    "embedding": (lambda: nn.Embedding(6, 3), words(2, 5)),
    "embeddingMean": (lambda: nn.Sequential(nn.Embedding(6, 3), nn.Flatten(), nn.Linear(15, 2)), words(2, 5)),
    "embeddingBag": (EmbeddingBag, words(2, 5)),
    "bilinear": (lambda: Bilinear(), row),
    "rnn": (lambda: Outputs(nn.RNN(4, 3, batch_first=True)), steps),
    "rnnRelu": (lambda: Outputs(nn.RNN(4, 3, nonlinearity="relu", batch_first=True)), steps),
    "lstm": (lambda: Outputs(nn.LSTM(4, 3, batch_first=True)), steps),
    "lstmLast": (lambda: nn.Sequential(Outputs(nn.LSTM(4, 3, batch_first=True), True), nn.Linear(3, 2)), steps),
    "lstmDeep": (lambda: Outputs(nn.LSTM(4, 3, num_layers=2, bidirectional=True, batch_first=True)), steps),
    "gru": (lambda: Outputs(nn.GRU(4, 3, batch_first=True)), steps),
    "gruDeep": (lambda: Outputs(nn.GRU(4, 3, num_layers=2, bidirectional=True, batch_first=True)), steps),
    "multiHeadAttention": (lambda: Attention(4, 2), steps),
    "causalAttention": (lambda: Attention(4, 2, causal=True), steps),
    "transformerEncoderLayer": (lambda: nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), steps),
    "residual": (lambda: nn.Sequential(Residual(nn.Linear(4, 4), nn.ReLU()), nn.Linear(4, 2)), row),
    "graph": (Branches, row),
    "tied": (Tied, words(2, 5)),
    "lenet": (lenet, rows(2, 1, 28, 28)),
}


class Bilinear(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Bilinear(2, 2, 3)

    def forward(self, x):
        return self.inner(x[:, :2], x[:, 2:])


def spread(module):
    """Values as after some training: norms are no identities."""
    for name, value in [*module.named_parameters(), *module.named_buffers()]:
        if value.is_floating_point():
            if "var" in name:
                value.data.uniform_(0.5, 2)
            elif value.dim() < 2:
                value.data.add_(torch.rand_like(value) * 0.5)
    return module.eval()


def bare(model):
    """Without what an exporter notes for people."""
    def strip(graph):
        del graph.metadata_props[:]
        graph.doc_string = ""
        for node in graph.node:
            del node.metadata_props[:]
            node.doc_string = ""
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    strip(attribute.g)
        for value in [*graph.value_info, *graph.input, *graph.output, *graph.initializer]:
            del value.metadata_props[:]
            value.doc_string = ""
    strip(model.graph)
    for function in model.functions:
        del function.metadata_props[:]
        function.doc_string = ""
        for node in function.node:
            del node.metadata_props[:]
    del model.metadata_props[:]
    return model


def torch_file(module, x, dynamo):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "m.onnx")
        if dynamo:
            batch = torch.export.Dim("batch", min=2)
            torch.onnx.export(module, (x,), path, dynamo=True, verbose=False, external_data=False,
                              dynamic_shapes=({0: batch},))
        else:
            torch.onnx.export(module, (x,), path, dynamo=False, input_names=["x"], output_names=["y"],
                              dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}})
        return bare(onnx.load(path))


def run(model, x):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def record(folder, name, model, x, expected, values, dx=None):
    try:
        y = run(model, x)
    except Exception as error:  # such as a dilation beside auto_pad, which it does not know
        print("onnxruntime refuses:", folder, name, str(error).splitlines()[0][:200])
        y = expected
    if not np.allclose(y, expected, rtol=1e-4, atol=1e-5):
        print("onnxruntime differs:", folder, name, np.abs(y - expected).max())
    os.makedirs(os.path.join(FOLDER, folder), exist_ok=True)
    with open(os.path.join(FOLDER, folder, f"{name}.onnx"), "wb") as file:
        file.write(model.SerializeToString(deterministic=True))
    values[f"{name}.x"], values[f"{name}.y"] = x.astype(np.float32), np.ascontiguousarray(y)
    if dx is not None:
        values[f"{name}.dx"] = dx


def record_torch(only):
    for folder, dynamo in [("torch-dynamo", True), ("torch-script", False)]:
        values = {}
        for name, (make, given) in CASES.items():
            if only and name not in only:
                continue
            torch.manual_seed(7)
            module = spread(make())
            x = given()
            dx = None
            if x.is_floating_point():
                x.requires_grad_()
            y = module(x)
            if x.requires_grad:
                (0.5 * (y * y).sum()).backward()
                dx = x.grad.numpy()
            x = x.detach()
            try:
                model = torch_file(module, x, dynamo)
            except Exception as error:
                print(folder, name, "NOT EXPORTED:", str(error).splitlines()[0][:100])
                continue
            record(folder, name, model, x.numpy(), y.detach().numpy(), values, dx)
        if not only:
            save_file(values, os.path.join(FOLDER, folder, "values.safetensors"))


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    record_torch(sys.argv[1:])
