"""Records what PyTorch's convolutions, pools and layers compute: test/fixtures/torch/windows.json,
layers.json, first-values.json and rotary.json. How to run it, and what the files hold, says record-fixtures.py.
"""

import torch
import torch.nn.functional as F
from torch import inf, nan, nn, tensor
from torch.autograd import grad
from torch.nn.utils import parametrizations

from recording import rand, seed, variable, write

TORCH = {"kernelSize": "kernel_size", "outputSize": "output_size", "ceilMode": "ceil_mode",
         "countIncludePad": "count_include_pad", "outputPadding": "output_padding"}


def renamed(attributes):
    return {TORCH.get(key, key): value for key, value in attributes.items()}


# ------------------------------------------------------------------------------ windows.json

windows = []


def case(name, function, inputs, note=None, **attributes):
    seed(f"{name}{len(windows)}")
    inputs = [variable(rand(*x) if isinstance(x, list) else x) for x in inputs]
    output = function(*inputs, **renamed(attributes))
    upstream = rand(*output.shape)
    gradients = grad(output, inputs, upstream)
    found = {"name": name, "attributes": attributes, "inputs": inputs, "output": output,
             "upstream": upstream, "gradients": gradients}
    windows.append(found | ({"note": note} if note else {}))


CONVOLUTIONS = [F.conv1d, F.conv2d, F.conv3d]
TRANSPOSED = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d]
for sizes, kernel, options in [
    ([7], [3], {}),
    ([7], [2], dict(stride=3)),
    ([6], [3], dict(padding=2, stride=2)),
    ([8], [3], dict(dilation=3, padding=1)),
    ([5], [4], dict(padding="same")),
    ([5], [2], dict(padding="same", dilation=3)),
    ([5], [2], dict(padding="valid")),
    ([5, 6], [3, 2], {}),
    ([6, 7], [3, 3], dict(padding=[1, 0], stride=[2, 1])),
    ([7, 8], [2, 3], dict(stride=[2, 3], dilation=[2, 1], padding=[1, 2])),
    ([4, 4], [4, 4], {}),
    ([5, 4], [1, 1], dict(stride=2)),
    ([3, 4, 3], [2, 2, 3], dict(padding=1, stride=[1, 2, 1])),
]:
    for groups in 1, 2:
        more = options | (dict(groups=groups) if groups > 1 else {})
        x, w = [2, 2 * groups, *sizes], [3 * groups, 2, *kernel]
        case("convolution", CONVOLUTIONS[len(sizes) - 1], [x, w], **more)
case("convolution", F.conv2d, [[2, 3, 4, 4], [6, 1, 3, 3]], groups=3, padding=1, note="depthwise")
case("convolution", F.conv2d, [[3, 5, 5], [2, 3, 2, 2]], note="one example, without a batch axis")
case("convolution", F.conv1d, [[0, 2, 5], [3, 2, 2]], note="an empty batch")

for sizes, kernel, options in [
    ([4], [3], {}),
    ([4], [3], dict(stride=2, padding=1, outputPadding=1)),
    ([3], [2], dict(stride=3)),
    ([4], [2], dict(padding=2)),
    ([5], [3], dict(dilation=2, padding=3)),
    ([3, 4], [2, 3], dict(stride=[2, 1], padding=[0, 1])),
    ([3, 3], [3, 3], dict(stride=2, padding=1, outputPadding=1, dilation=2)),
    ([2, 3, 2], [2, 2, 2], dict(stride=2, padding=[1, 0, 0])),
]:
    for groups in 1, 2:
        more = options | (dict(groups=groups) if groups > 1 else {})
        x, w = [2, 2 * groups, *sizes], [2 * groups, 3, *kernel]
        case("transposedConvolution", TRANSPOSED[len(sizes) - 1], [x, w], **more)
case("transposedConvolution", F.conv_transpose2d, [[2, 3, 3], [2, 3, 2, 2]], stride=2,
     note="one example, without a batch axis")

for options in [dict(kernelSize=2), dict(kernelSize=[3, 2], stride=[2, 1], padding=[1, 0]),
                dict(kernelSize=2, dilation=2, padding=1, stride=3)]:
    case("unfold", F.unfold, [[2, 3, 5, 6]], **options)
for shape, options in [
    ([2, 12, 12], dict(outputSize=[4, 5], kernelSize=2)),
    ([1, 12, 10], dict(outputSize=[4, 6], kernelSize=[3, 2], stride=[2, 1], padding=[1, 0])),
    ([2, 8, 4], dict(outputSize=[5, 6], kernelSize=2, dilation=2, padding=1, stride=3)),
]:
    case("fold", F.fold, [shape], **options)

MAX = [F.max_pool1d, F.max_pool2d, F.max_pool3d]
AVG = [F.avg_pool1d, F.avg_pool2d, F.avg_pool3d]
for sizes, options in [
    ([8], dict(kernelSize=2)),
    ([7], dict(kernelSize=3, stride=2)),
    ([7], dict(kernelSize=3, stride=2, padding=1)),
    ([8], dict(kernelSize=3, ceilMode=True)),
    ([7], dict(kernelSize=2, stride=3, padding=1, ceilMode=True)),
    ([5, 6], dict(kernelSize=2)),
    ([5, 6], dict(kernelSize=[2, 3], stride=1, padding=[1, 1])),
    ([6, 7], dict(kernelSize=3, stride=2, padding=1, ceilMode=True)),
    ([3, 4, 5], dict(kernelSize=2, stride=[1, 2, 1])),
    ([4, 4, 4], dict(kernelSize=3, padding=1, ceilMode=True, stride=2)),
]:
    shape = [2, 2, *sizes]
    case("maxPool", MAX[len(sizes) - 1], [shape], **options)
    case("avgPool", AVG[len(sizes) - 1], [shape], **options)
    if options.get("padding"):
        case("avgPool", AVG[len(sizes) - 1], [shape], **options, countIncludePad=False)
case("maxPool", F.max_pool1d, [[2, 1, 9]], kernelSize=3, dilation=2, stride=1, padding=1)
case("maxPool", F.max_pool2d, [[1, 1, 8, 7]], kernelSize=[2, 3], dilation=[3, 2], ceilMode=True)
case("maxPool", F.max_pool2d, [tensor([[[[1., 1, 0, 0], [1, 1, 0, 0]]]])], kernelSize=2,
     note="of several the first has the gradient")
case("maxPool", F.max_pool1d, [tensor([[[1., nan, 3, 2]]])], kernelSize=2, note="NaN")

ADAPTIVE = [("adaptiveAvgPool", [F.adaptive_avg_pool1d, F.adaptive_avg_pool2d]),
            ("adaptiveMaxPool", [F.adaptive_max_pool1d, F.adaptive_max_pool2d])]
for name, functions in ADAPTIVE:
    for sizes, target in [([6], 3), ([7], 3), ([3], 5), ([5, 7], 1), ([6, 7], [3, 2]),
                          ([5, 4], [4, 6])]:
        case(name, functions[len(sizes) - 1], [[2, 2, *sizes]], outputSize=target)
case("adaptiveMaxPool", F.adaptive_max_pool2d, [tensor([[[[1., 2, 2], [0, 2, 2], [2, 2, 1]]]])],
     outputSize=2, note="of several the first has the gradient")

write("windows", windows)

# ------------------------------------------------------------------------------- layers.json

layers = []
OTHERS = {"right": "input2", "perSampleWeights": "per_sample_weights"}


def layer(name, module, x, *arguments, note=None, training=False, others=None, **options):
    """What a module makes of an input, with the state that it begins with (drawn here), that of its
    buffers afterwards while training, and the gradients of all that has one. `arguments` and
    `options` are those of our layer `name`; `others` are further inputs by our names, the first of
    which is the name of `x`: dict(left=None, right=[2, 3])."""
    seed(f"{name}{len(layers)}")
    x = variable(rand(*x) if isinstance(x, list) else x)
    first, *names = others or {"x": None}
    further = [variable(rand(*others[key]) if isinstance(others[key], list) else others[key])
               for key in names]
    module.train(training)
    for key, value in module.state_dict().items():
        if value.is_floating_point():
            low, high = (0.5, 2.0) if key == "running_var" else (-1.0, 1.0)
            value.copy_(rand(*value.shape, low=low, high=high))
    state = {key: value.clone() for key, value in module.state_dict().items()}
    output = module(x, **{OTHERS.get(key, key): y for key, y in zip(names, further)})
    upstream = rand(*output.shape)
    trained = dict(module.named_parameters())
    inputs = [y for y in [x, *further] if y.requires_grad]
    gradients = grad(output, [*inputs, *trained.values()], upstream, allow_unused=True)
    found = {"name": name, "arguments": arguments, "options": options, "state": state, "input": x,
             "output": output, "upstream": upstream,
             "gradient": gradients[0] if x.requires_grad else None,
             "gradients": dict(zip(trained, gradients[len(inputs):]))}
    if others:
        own = iter(gradients[1:] if x.requires_grad else gradients)
        found["first"] = first
        found["others"] = {key: {"value": y, "gradient": next(own) if y.requires_grad else None}
                           for key, y in zip(names, further)}
    if training:
        found["after"] = dict(module.named_buffers())
    layers.append(found | ({"note": note} if note else {}))


layer("conv1d", nn.Conv1d(3, 4, 3), [2, 3, 6], 3, 4, 3)
layer("conv1d", nn.Conv1d(2, 4, 2, stride=2, padding=1, dilation=2, groups=2, bias=False),
      [2, 2, 7], 2, 4, 2, stride=2, padding=1, dilation=2, groups=2, bias=False)
layer("conv2d", nn.Conv2d(2, 3, (3, 2), padding="same"), [2, 2, 4, 5], 2, 3, [3, 2],
      padding="same")
layer("conv2d", nn.Conv2d(4, 4, 3, padding=1, groups=4), [1, 4, 4, 4], 4, 4, 3, padding=1,
      groups=4, note="depthwise")
layer("conv3d", nn.Conv3d(2, 2, 2, stride=(1, 2, 1)), [1, 2, 3, 4, 3], 2, 2, 2, stride=[1, 2, 1])
layer("convTranspose1d", nn.ConvTranspose1d(3, 2, 3, stride=2, padding=1, output_padding=1),
      [2, 3, 4], 3, 2, 3, stride=2, padding=1, outputPadding=1)
layer("convTranspose2d", nn.ConvTranspose2d(4, 6, 2, stride=2, groups=2), [1, 4, 2, 3], 4, 6, 2,
      stride=2, groups=2)
layer("convTranspose3d", nn.ConvTranspose3d(2, 1, 2, dilation=2), [1, 2, 2, 2, 2], 2, 1, 2,
      dilation=2)
for axes, sizes in [(1, [7]), (2, [5, 6]), (3, [4, 5, 4])]:
    x = [2, 2, *sizes]
    layer(f"maxPool{axes}d", getattr(nn, f"MaxPool{axes}d")(2), x, 2)
    layer(f"maxPool{axes}d", getattr(nn, f"MaxPool{axes}d")(3, 2, padding=1, ceil_mode=True), x, 3,
          stride=2, padding=1, ceilMode=True)
    layer(f"avgPool{axes}d", getattr(nn, f"AvgPool{axes}d")(2), x, 2)
    layer(f"avgPool{axes}d",
          getattr(nn, f"AvgPool{axes}d")(3, 2, padding=1, count_include_pad=False), x, 3, stride=2,
          padding=1, countIncludePad=False)
    layer(f"adaptiveAvgPool{axes}d", getattr(nn, f"AdaptiveAvgPool{axes}d")(1), x, 1)
    layer(f"adaptiveMaxPool{axes}d", getattr(nn, f"AdaptiveMaxPool{axes}d")(3), x, 3)
layer("flatten", nn.Flatten(), [2, 3, 2, 2])
layer("flatten", nn.Flatten(0, 1), [2, 3, 2], startAxis=0, endAxis=1)

layer("layerNorm", nn.LayerNorm(4), [2, 3, 4], 4)
layer("layerNorm", nn.LayerNorm([3, 4], eps=0.1, bias=False), [2, 3, 4], [3, 4], epsilon=0.1,
      bias=False)
layer("layerNorm", nn.LayerNorm(4, elementwise_affine=False), [2, 4], 4, affine=False)
layer("layerNorm", nn.LayerNorm(4), 10000 + rand(3, 4), 4, note="mean 10,000")
layer("rmsNorm", nn.RMSNorm(4), [2, 3, 4], 4)
layer("rmsNorm", nn.RMSNorm([3, 4], eps=1e-3, elementwise_affine=False), [2, 3, 4], [3, 4],
      epsilon=1e-3, affine=False)
layer("groupNorm", nn.GroupNorm(2, 4), [2, 4, 3], 2, 4)
layer("groupNorm", nn.GroupNorm(3, 3, eps=0.1, affine=False), [2, 3, 2, 2], 3, 3, epsilon=0.1,
      affine=False)
for training in False, True:
    for sizes in [], [5]:
        layer("batchNorm1d", nn.BatchNorm1d(3), [4, 3, *sizes], 3, training=training)
    layer("batchNorm2d", nn.BatchNorm2d(3, momentum=None), [2, 3, 2, 4], 3, training=training,
          momentum=None)
    layer("batchNorm2d", nn.BatchNorm2d(2, eps=0.1, momentum=0.5, affine=False), [3, 2, 2, 2], 2,
          training=training, epsilon=0.1, momentum=0.5, affine=False)
    layer("batchNorm3d", nn.BatchNorm3d(2, track_running_stats=False), [2, 2, 2, 1, 3], 2,
          training=training, trackRunningStats=False)
    layer("instanceNorm1d", nn.InstanceNorm1d(3), [2, 3, 5], 3, training=training)
    layer("instanceNorm2d", nn.InstanceNorm2d(2, affine=True, track_running_stats=True),
          [3, 2, 2, 3], 2, training=training, affine=True, trackRunningStats=True)
    layer("instanceNorm3d", nn.InstanceNorm3d(2, affine=True), [2, 2, 2, 2, 2], 2,
          training=training, affine=True)
layer("embedding", nn.Embedding(5, 3), tensor([[0, 4, 4], [2, 0, 1]]), 5, 3)
layer("embedding", nn.Embedding(4, 2, padding_idx=-1), tensor([3, 1, 3, 0]), 4, 2,
      paddingIndex=-1)

layer("prelu", nn.PReLU(), [3, 4])
layer("prelu", nn.PReLU(), tensor([[0., -0.0, -1, 2]]), note="the slope at 0 is the weight")
layer("prelu", nn.PReLU(3), [2, 3], 3)
layer("prelu", nn.PReLU(2), [2, 2, 3, 2], 2)
layer("glu", nn.GLU(), [2, 3, 4])
layer("glu", nn.GLU(1), [2, 4, 3], axis=1)
for mode in "mean", "sum", "max":
    layer("embeddingBag", nn.EmbeddingBag(5, 3, mode=mode), tensor([[0, 4, 3], [2, 1, 1]]), 5, 3,
          mode=mode)
    layer("embeddingBag", nn.EmbeddingBag(4, 2, mode=mode, padding_idx=1),
          tensor([[3, 1, 2], [1, 1, 1], [0, 1, 1]]), 4, 2, mode=mode, paddingIndex=1)
for axes in 1, 2, 3:
    x = [2, 3, 4, 2, 2][:axes + 2]
    layer(f"dropout{axes}d", getattr(nn, f"Dropout{axes}d")(0.5), x, 0.5)
    layer(f"dropout{axes}d", getattr(nn, f"Dropout{axes}d")(0.0), x, 0, training=True)
    layer(f"dropout{axes}d", getattr(nn, f"Dropout{axes}d")(1.0), x, 1, training=True)
for name in "dropout", "alphaDropout", "featureAlphaDropout":
    module = getattr(nn, name[0].upper() + name[1:])
    for rate in 0, 1:
        layer(name, module(float(rate)), [2, 3, 4], rate, training=True)

for mode in "reflect", "replicate", "circular":
    layer("conv1d", nn.Conv1d(2, 3, 3, padding=2, padding_mode=mode, stride=2), [2, 2, 5], 2, 3, 3,
          padding=2, paddingMode=mode, stride=2)
    layer("conv2d", nn.Conv2d(2, 2, (4, 3), padding="same", padding_mode=mode), [1, 2, 4, 3], 2, 2,
          [4, 3], padding="same", paddingMode=mode)
    layer("conv2d", nn.Conv2d(2, 4, 2, padding=(1, 0), padding_mode=mode, groups=2, dilation=2),
          [2, 2, 3, 4], 2, 4, 2, padding=[1, 0], paddingMode=mode, groups=2, dilation=2)
    layer("conv3d", nn.Conv3d(1, 2, 2, padding=(1, 2, 1), padding_mode=mode, bias=False),
          [1, 1, 2, 3, 2], 1, 2, 2, padding=[1, 2, 1], paddingMode=mode, bias=False)
layer("conv1d", nn.Conv1d(1, 1, 2, padding="valid", padding_mode="circular"), [1, 1, 3], 1, 1, 2,
      padding="valid", paddingMode="circular")

for bias in True, False:
    layer("bilinear", nn.Bilinear(2, 3, 4, bias=bias), [5, 2], 2, 3, 4,
          others=dict(left=None, right=[5, 3]), **({} if bias else dict(bias=False)))
layer("bilinear", nn.Bilinear(3, 1, 2), [2, 2, 3], 3, 1, 2, others=dict(left=None, right=[2, 2, 1]))
layer("rrelu", nn.RReLU(), tensor([[-2., -0.0, 0, 1], [nan, -inf, inf, -1e-3]]))
layer("rrelu", nn.RReLU(-0.5, 0.1), [3, 4], lower=-0.5, upper=0.1)
layer("rrelu", nn.RReLU(0.3, 0.3), [3, 4], lower=0.3, upper=0.3, training=True)
for mode in "mean", "sum", "max":
    for last in False, True:
        offsets = tensor([0, 2, 2, 3, *([5] if last else [])])
        layer("embeddingBag", nn.EmbeddingBag(5, 3, mode=mode, include_last_offset=last),
              tensor([0, 4, 4, 2, 1, 4, 0] if not last else [0, 4, 4, 2, 1]), 5, 3,
              others=dict(indices=None, offsets=offsets), mode=mode,
              **(dict(includeLastOffset=True) if last else {}))
    layer("embeddingBag", nn.EmbeddingBag(4, 2, mode=mode, padding_idx=1),
          tensor([3, 1, 2, 1, 1, 3, 3]), 4, 2, mode=mode, paddingIndex=1,
          others=dict(indices=None, offsets=tensor([0, 3, 5])), note="only padding in a bag")
layer("embeddingBag", nn.EmbeddingBag(5, 3, mode="sum"), tensor([0, 4, 4, 2, 1]), 5, 3, mode="sum",
      others=dict(indices=None, offsets=tensor([0, 0, 4]), perSampleWeights=[5]))
layer("embeddingBag", nn.EmbeddingBag(5, 3, mode="sum", padding_idx=-1), tensor([[0, 4], [2, 2]]),
      5, 3, mode="sum", paddingIndex=-1,
      others=dict(indices=None, perSampleWeights=[2, 2]))

# Layers around layers: `base` is the layer inside, [name, arguments, options].
def wrapped(name, module, x, base, note=None, training=False, **options):
    layer(name, module, x, note=note, training=training, **options)
    layers[-1]["base"] = base


LINEAR = lambda: nn.Linear(3, 4)
CONV = lambda: nn.Conv2d(4, 2, (2, 1), groups=2, bias=False)
UP = lambda: nn.ConvTranspose1d(2, 3, 2)
INSIDE = [(LINEAR, [2, 3], ["linear", [3, 4], {}]),
          (CONV, [2, 4, 3, 2], ["conv2d", [4, 2, [2, 1]], dict(groups=2, bias=False)]),
          (UP, [1, 2, 3], ["convTranspose1d", [2, 3, 2], {}])]
for make, x, base in INSIDE:
    for dim in 0, 1, -1:
        options = dict(axis=None if dim < 0 else dim) if dim else {}
        wrapped("weightNorm", parametrizations.weight_norm(make(), dim=dim), x, base, **options)
    for training in False, True:
        wrapped("spectralNorm", parametrizations.spectral_norm(make()), x, base, training=training)
        wrapped("spectralNorm", parametrizations.spectral_norm(make(), n_power_iterations=3, dim=1,
                                                               eps=0.1),
                x, base, training=training, iterations=3, axis=1, epsilon=0.1)
wrapped("weightNorm", parametrizations.weight_norm(nn.Embedding(5, 2)), tensor([1, 4, 1]),
        ["embedding", [5, 2], {}])


class Lora(nn.Module):
    """loralib's: W + alpha/r · B A, of an embedding (B A) transposed."""

    def __init__(self, inside, rank, alpha=None):
        super().__init__()
        self.inside, self.scale = [inside], (alpha or rank) / rank
        self.weight, self.bias = inside.weight, getattr(inside, "bias", None)
        self.table = isinstance(inside, nn.Embedding)
        rows = self.weight.shape[0]
        columns = self.weight.numel() // rows
        if self.table:
            rows, columns = columns, rows
        self.lora_A = nn.Parameter(torch.zeros(rank, columns))
        self.lora_B = nn.Parameter(torch.zeros(rows, rank))

    def forward(self, x):
        product = self.lora_B @ self.lora_A * self.scale
        product = (product.T if self.table else product).view(self.weight.shape)
        values = {"weight": self.weight + product} | ({} if self.bias is None else {"bias": self.bias})
        return torch.func.functional_call(self.inside[0], values, x)


for make, x, base in [*INSIDE, (lambda: nn.Embedding(5, 2), tensor([1, 4, 1]),
                                ["embedding", [5, 2], {}])]:
    wrapped("lora", Lora(make(), 2), x, base, rank=2)
    wrapped("lora", Lora(make(), 1, alpha=3), x, base, rank=1, alpha=3)


class Cell(nn.Module):
    """A cell whose state is one tensor, h beside c."""

    def __init__(self, cell):
        super().__init__()
        self.cell = [cell]
        for name, value in cell.named_parameters():
            setattr(self, name, value)

    def forward(self, x, h=None, c=None):
        found = self.cell[0](x, None if h is None else h if c is None else (h, c))
        return torch.cat(found, -1) if isinstance(found, tuple) else found


for name, make in [("rnnCell", nn.RNNCell), ("lstmCell", nn.LSTMCell), ("gruCell", nn.GRUCell)]:
    state = dict(h=[2, 4]) | (dict(c=[2, 4]) if name == "lstmCell" else {})
    layer(name, Cell(make(3, 4)), [2, 3], 3, 4, others=dict(x=None) | state)
    layer(name, Cell(make(3, 4, bias=False)), [2, 3], 3, 4, others=dict(x=None) | state, bias=False)
    layer(name, Cell(make(3, 4)), [2, 3], 3, 4, others=dict(x=None), note="a state of zeros")
layer("rnnCell", Cell(nn.RNNCell(3, 4, nonlinearity="relu")), [2, 3], 3, 4,
      others=dict(x=None, h=[2, 4]), nonlinearity="relu")


# Encodings, which torch has no module of: their papers' formulas, in its numbers and its gradients.
class Sinusoidal(nn.Module):
    """Vaswani et al. 2017, 3.5: sine and cosine in turn."""

    def __init__(self, base=10000.0):
        super().__init__()
        self.base = base

    def forward(self, x):
        length, features = x.shape[-2:]
        t = torch.arange(length)[:, None]
        even = torch.arange(0, features, 2)
        angle = t / self.base ** (even / features)
        table = torch.stack([angle.sin(), angle.cos()], -1).flatten(1)[:, :features]
        return x + table


class Learned(nn.Module):
    def __init__(self, places, features):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(places, features))

    def forward(self, x):
        return x + F.embedding(torch.arange(x.shape[-2]), self.weight)


layer("sinusoidalEncoding", Sinusoidal(), [2, 5, 6])
layer("sinusoidalEncoding", Sinusoidal(100.0), [1, 40, 3], base=100, note="an odd number of features")
layer("learnedEncoding", Learned(6, 3), [2, 4, 3], 6, 3)

write("layers", layers)

# --------------------------------------------------------------------------- first-values.json

first = []


def begins(name, make, *arguments, **options):
    """Mean, deviation and largest size of what each parameter of a module begins with."""
    seed(name)
    numbers = {key: {"shape": list(value.shape), "mean": value.mean().item(),
                     "std": value.std(correction=0).item(), "largest": value.abs().max().item()}
               for key, value in make().state_dict().items() if value.is_floating_point()}
    first.append({"name": name, "arguments": arguments, "options": options, "numbers": numbers})


begins("linear", lambda: nn.Linear(96, 64), 96, 64)
begins("bilinear", lambda: nn.Bilinear(20, 9, 40), 20, 9, 40)
for axes in 1, 2, 3:
    conv, up = getattr(nn, f"Conv{axes}d"), getattr(nn, f"ConvTranspose{axes}d")
    begins(f"conv{axes}d", lambda: conv(24, 48, 3), 24, 48, 3)
    begins(f"conv{axes}d", lambda: conv(24, 96, 3, groups=4), 24, 96, 3, groups=4)
    begins(f"convTranspose{axes}d", lambda: up(24, 96, 3), 24, 96, 3)
    begins(f"convTranspose{axes}d", lambda: up(48, 96, 3, groups=4), 48, 96, 3, groups=4)
begins("embedding", lambda: nn.Embedding(70, 60), 70, 60)
begins("embedding", lambda: nn.Embedding(70, 60, padding_idx=3), 70, 60, paddingIndex=3)
begins("embeddingBag", lambda: nn.EmbeddingBag(70, 60), 70, 60)
begins("rnn", lambda: nn.RNN(40, 60), 40, 60)
begins("lstm", lambda: nn.LSTM(40, 30, num_layers=2, proj_size=20), 40, 30, layers=2, projection=20)
begins("gru", lambda: nn.GRU(40, 30, bidirectional=True), 40, 30, bidirectional=True)
begins("rnnCell", lambda: nn.RNNCell(40, 60), 40, 60)
begins("lstmCell", lambda: nn.LSTMCell(40, 30), 40, 30)
begins("gruCell", lambda: nn.GRUCell(40, 30), 40, 30)
begins("multiHeadAttention", lambda: nn.MultiheadAttention(48, 4), 48, 4)
begins("multiHeadAttention", lambda: nn.MultiheadAttention(48, 4, kdim=24, vdim=96), 48, 4, keyFeatures=24,
       valueFeatures=96)
begins("transformerEncoderLayer", lambda: nn.TransformerEncoderLayer(32, 2, 128), 32, 2, hidden=128)
begins("transformerDecoderLayer", lambda: nn.TransformerDecoderLayer(32, 2, 128), 32, 2, hidden=128)
begins("prelu", lambda: nn.PReLU(5), 5)
begins("layerNorm", lambda: nn.LayerNorm(6), 6)
begins("rmsNorm", lambda: nn.RMSNorm(6), 6)
begins("groupNorm", lambda: nn.GroupNorm(2, 6), 2, 6)
begins("batchNorm1d", lambda: nn.BatchNorm1d(6), 6)
begins("instanceNorm2d", lambda: nn.InstanceNorm2d(6, affine=True, track_running_stats=True), 6, affine=True,
       trackRunningStats=True)

write("first-values", first)

# ------------------------------------------------------------------------------- rotary.json

rotary = []


def turned(x, base=10000.0, interleaved=False, offset=0, features=None):
    """Su et al. 2021: each pair of features as a complex number times e^(i t base^(-2k/n))."""
    n = x.shape[-1] if features is None else features
    own, rest = x[..., :n], x[..., n:]
    t = torch.arange(offset, offset + x.shape[-2])[:, None]
    angle = t * base ** (-torch.arange(0, n, 2) / n)
    if interleaved:
        pairs = own.unflatten(-1, (n // 2, 2)).contiguous()
    else:
        pairs = torch.stack([own[..., :n // 2], own[..., n // 2:]], -1)
    y = torch.view_as_real(torch.view_as_complex(pairs) * torch.polar(torch.ones_like(angle), angle))
    y = y.flatten(-2) if interleaved else torch.cat([y[..., 0], y[..., 1]], -1)
    return torch.cat([y, rest], -1)


for options in [{}, dict(interleaved=True), dict(base=100, offset=7), dict(offset=-2),
                dict(features=4), dict(features=2, interleaved=True, base=50)]:
    seed(f"rotary{len(rotary)}")
    x = variable(rand(2, 5, 6))
    y = turned(x, **options)
    upstream = rand(*y.shape)
    rotary.append({"options": options, "input": x, "output": y, "upstream": upstream,
                   "gradient": grad(y, x, upstream)[0]})

write("rotary", rotary)
