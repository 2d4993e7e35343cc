"""Records what PyTorch's losses compute: test/fixtures/torch/losses.json. How to run it, and what the
files hold, says record-fixtures.py. A case has the gradient by its output, and of losses that compare
outputs by each of them; a tensor among the attributes is an option that is one.
"""

import math

import torch
import torch.nn.functional as F
from recording import TORCH, rand, seed, variable, vec, write
from torch import inf
from torch.autograd import grad

NAMES = TORCH | {"epsilon": "eps", "ignoreIndex": "ignore_index", "logInput": "log_input",
                 "logTarget": "log_target", "variance": "var"}
losses = []
ALL = ["mean", "sum", "none"]


def loss(name, function, *inputs, note=None, reductions=ALL, by=1, **attributes):
    """`by` is how many of the inputs have a gradient."""
    options = {NAMES.get(key, key): torch.tensor(value) if isinstance(value, list) else
               torch.tensor(value) if key == "positiveWeight" else value
               for key, value in attributes.items()}
    for reduction in reductions:
        given = [variable(x) for x in inputs[:by]] + list(inputs[by:])
        value = function(*given, reduction=reduction.lower(), **options)
        gradients = grad(value, given[:by], torch.ones_like(value))
        found = {"name": name, "attributes": {"reduction": reduction} | attributes,
                 "inputs": given, "value": value, "gradients": gradients}
        losses.append(found | ({"note": note} if note else {}))


def reduce(x, reduction):
    return {"mean": x.mean, "sum": x.sum, "none": x.clone,
            "batchmean": lambda: x.sum() / x.shape[0]}[reduction]()


def each(function):
    """A loss of this formula."""
    return lambda *inputs, reduction, **options: reduce(function(*inputs, **options), reduction)


def classes_last(function):
    """PyTorch has the classes on axis 1."""
    def call(output, target, **options):
        soft = target.is_floating_point()
        back = target.movedim(-1, 1) if soft else target
        return function(output.movedim(-1, 1), back, **options)
    return call


# ------------------------------------------------------------------------------- numbers
seed("regression")
output, target = rand(3, 2), rand(3, 2)
target[1, 0] = output[1, 0]  # no error at all: the kink of the absolute value
weights = rand(3, 2, low=0.1)
loss("halfSquaredError", each(lambda o, t: 0.5 * (t - o) ** 2), output, target,
     reductions=ALL + ["batchMean"])
loss("meanSquaredError", F.mse_loss, output, target)
loss("meanSquaredError", F.mse_loss, output, target, weights=weights)
loss("meanAbsoluteError", F.l1_loss, output, target)
loss("meanAbsoluteError", F.l1_loss, output, target, weights=weights)
for delta in 1.0, 0.5:
    loss("huber", F.huber_loss, output, target, delta=delta)
    loss("huber", F.huber_loss, output, target, delta=delta, weights=weights)
edges = vec(-3, -1, -0.5, 0, 0.5, 1, 3, 1e150), torch.zeros(8)
for size in 1.0, 0.5:
    loss("huber", F.huber_loss, *edges, note="the kinks", delta=size)
    loss("smoothL1", F.smooth_l1_loss, *edges, note="the kinks", beta=size)
loss("smoothL1", F.smooth_l1_loss, *edges, note="the absolute value", beta=0.0)
for beta in 1.0, 0.3:
    loss("smoothL1", F.smooth_l1_loss, output, target, beta=beta)
counts = torch.tensor([[0.0, 1.0], [2.0, 3.0], [0.5, 20.0]])
rates = rand(3, 2, low=0.1)
for full in False, True:
    loss("poissonNegativeLogLikelihood", F.poisson_nll_loss, output, counts, full=full)
    for epsilon in 1e-8, 0.25:
        loss("poissonNegativeLogLikelihood", F.poisson_nll_loss, rates, counts, logInput=False,
             full=full, epsilon=epsilon)
loss("poissonNegativeLogLikelihood", F.poisson_nll_loss, vec(-700, 700, 0, 0), vec(1, 1, 1, 0),
     note="saturated")
loss("poissonNegativeLogLikelihood", F.poisson_nll_loss, vec(0, 0), vec(0, 2), logInput=False,
     note="a rate of 0")
GAUSSIAN = F.gaussian_nll_loss


def gaussian(output, target, var, **options):
    if var.shape == output.shape[:-1]:  # PyTorch's rule
        var = var.unsqueeze(-1)
    return GAUSSIAN(output, target, var, **options)


for full in False, True:
    for variance in rand(3, 2, low=0.1), rand(3, 1, low=0.1), rand(3, low=0.1):
        loss("gaussianNegativeLogLikelihood", gaussian, output, target, variance=variance,
             full=full)
loss("gaussianNegativeLogLikelihood", lambda o, t, var, **options: GAUSSIAN(o, t, var, **options),
     output, target, variance=0.5)
loss("gaussianNegativeLogLikelihood", gaussian, output, target, note="below epsilon",
     variance=torch.tensor([[0.0, 1e-7], [1e-6, 1], [0.5, 0.2]]), epsilon=1e-6)
loss("gaussianNegativeLogLikelihood", gaussian, output, target, variance=rand(3, 2, low=0.1),
     epsilon=0.5)


def both(output, target, **options):
    mean, spread = output.chunk(2, -1)
    return GAUSSIAN(mean, target, spread.exp(), **options)


for full in False, True:
    loss("gaussianNegativeLogLikelihood", both, rand(3, 4), target, full=full)

# --------------------------------------------------------------------------------- signs
seed("binary")
BCE, BCE_LOGITS = F.binary_cross_entropy, F.binary_cross_entropy_with_logits
output, target, weights = rand(3, 2), rand(3, 2, low=0, high=1), rand(3, 2, low=0.1)
target[0] = vec(0, 1)
probabilities = rand(3, 2, low=0.01, high=0.99)
for given in {}, {"weights": weights}:
    loss("binaryCrossEntropy", BCE, probabilities, target, **given)
    loss("binaryCrossEntropyWithLogits", BCE_LOGITS, output, target, **given)
loss("binaryCrossEntropy", BCE, vec(0, 0, 1, 1), vec(0, 1, 0, 1),
     note="log stops at -100; the gradient's denominator at 1e-12")
for positive in 3.0, [0.5, 2.0]:
    loss("binaryCrossEntropyWithLogits", BCE_LOGITS, output, target, positiveWeight=positive)
loss("binaryCrossEntropyWithLogits", BCE_LOGITS, output, target, positiveWeight=[0.5, 2.0],
     weights=weights)
loss("binaryCrossEntropyWithLogits", BCE_LOGITS, vec(1000, 1000, -1000, -1000, 0),
     vec(0, 1, 0, 1, 1), note="large logits")
signs = torch.tensor([[1.0, -1.0], [-1.0, -1.0], [1.0, 1.0]])
loss("hinge", each(lambda o, t: torch.relu(1 - t * o)), output, signs)
loss("softMargin", F.soft_margin_loss, output, signs)
loss("softMargin", F.soft_margin_loss, vec(40, 40, -40, -40, 0), vec(1, -1, 1, -1, 1),
     note="saturated")
for margin in 1.0, 0.25, 0.0:
    loss("hingeEmbedding", F.hinge_embedding_loss, output.abs(), signs, margin=margin)
    loss("hingeEmbedding", F.hinge_embedding_loss, vec(1, 1, 0.25, 0.25, 0, 0),
         vec(1, -1, 1, -1, 1, -1), note="the kink", margin=margin)


def focal(z, t, gamma=2.0, alpha=0.25):
    """As torchvision's sigmoid_focal_loss, but 1 - p_t without cancellation."""
    missed = torch.sigmoid(-z) * t + torch.sigmoid(z) * (1 - t)
    costs = BCE_LOGITS(z, t, reduction="none") * missed ** gamma
    return costs if alpha is False else costs * (alpha * t + (1 - alpha) * (1 - t))


for options in {}, {"gamma": 0.0}, {"gamma": 0.5, "alpha": False}, {"gamma": 3.0, "alpha": 0.75}:
    loss("focal", each(focal), output, target, **options)
loss("focal", each(focal), vec(40, 40, -40, -40, 0), vec(0, 1, 0, 1, 1), note="saturated")
several = torch.tensor([[1.0, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]])
logits = rand(4, 3)
for given in {}, {"classWeights": [0.5, 2.0, 1.25]}:
    loss("multiLabelSoftMargin", F.multilabel_soft_margin_loss, logits, several, **given)
loss("multiLabelSoftMargin", F.multilabel_soft_margin_loss,
     torch.tensor([[1000.0, -1000, 0], [1000, -1000, 0]]),
     torch.tensor([[1.0, 0, 1], [0, 1, 0]]), note="large logits")
lists = torch.tensor([[0, 2, -1], [-1, 0, 1], [2, 1, 0], [1, -1, 2]])
loss("multiLabelMargin", F.multilabel_margin_loss, logits, lists)
loss("multiLabelMargin", F.multilabel_margin_loss, torch.tensor([[1.0, 0, 2], [0.5, 0.5, -0.5]]),
     torch.tensor([[0, -1, 0], [1, 2, -1]]), note="the kink")

# ------------------------------------------------------------------------------- classes
seed("classes")
logits, labels = rand(4, 3), torch.tensor([2, 0, 1, 2])
probabilities = torch.tensor([[0.5, 0.25, 0.25], [1, 0, 0], [0.125, 0.5, 0.375], [0, 0.25, 0.75]])
log_probabilities = torch.log_softmax(logits, 1)
large = torch.tensor([[1000.0, 999, 0], [-1000, -1001, -1000], [1000, -1000, 0]])
weighted = {"classWeights": [0.5, 2.0, 1.25]}
for target in labels, probabilities:
    for given in {}, {"labelSmoothing": 0.1}, weighted, {"labelSmoothing": 0.1} | weighted:
        loss("crossEntropy", F.cross_entropy, logits, target, **given)
loss("crossEntropy", F.cross_entropy, large, torch.tensor([0, 1, 2]), note="large logits")
loss("crossEntropy", F.cross_entropy, logits, labels, labelSmoothing=1.0, **weighted)
loss("negativeLogLikelihood", F.nll_loss, log_probabilities, labels)
loss("negativeLogLikelihood", F.nll_loss, log_probabilities, labels, **weighted)
some = torch.tensor([2, -100, 1, -100])
for given in {}, weighted, {"labelSmoothing": 0.1}, {"labelSmoothing": 0.1} | weighted:
    loss("crossEntropy", F.cross_entropy, logits, some, ignoreIndex=-100, **given)
    loss("crossEntropy", F.cross_entropy, logits, labels, ignoreIndex=2, **given)
for given in {}, weighted:
    loss("negativeLogLikelihood", F.nll_loss, log_probabilities, some, ignoreIndex=-100, **given)
loss("crossEntropy", F.cross_entropy, logits, torch.full([4], -100), ignoreIndex=-100,
     note="all ignored")
# Classes on axis 1, and places of sequences and of pictures.
for shape in [2, 3, 4], [2, 3, 2, 2]:
    plane = rand(*shape)
    places = torch.randint(0, 3, [shape[0], *shape[2:]])
    places[0, 1] = -100
    soft = torch.softmax(rand(*shape), 1)
    soft = torch.round(soft, decimals=3)
    for given in {}, weighted, {"labelSmoothing": 0.2} | weighted:
        loss("crossEntropy", lambda o, t, dim, **options: F.cross_entropy(o, t, **options), plane,
             places, axis=1, ignoreIndex=-100, **given)
        loss("crossEntropy", classes_last(F.cross_entropy), plane.movedim(1, -1).contiguous(),
             places, ignoreIndex=-100, **given)
    # With classWeights PyTorch takes probabilities with classes on axis 1, too.
    for given in {}, {"labelSmoothing": 0.2}, weighted, {"labelSmoothing": 0.2} | weighted:
        loss("crossEntropy", lambda o, t, dim, **options: F.cross_entropy(o, t, **options), plane,
             soft, reductions=["none", "sum"], axis=1, **given)
        loss("crossEntropy", classes_last(F.cross_entropy), plane.movedim(1, -1).contiguous(),
             soft.movedim(1, -1).contiguous(), reductions=["none", "sum", "mean"], **given)
    loss("negativeLogLikelihood", lambda o, t, dim, **options: F.nll_loss(o, t, **options),
         torch.log_softmax(plane, 1), places, axis=1, ignoreIndex=-100, **weighted)
loss("klDivergence", F.kl_div, log_probabilities, probabilities, reductions=ALL + ["batchMean"])
loss("klDivergence", F.kl_div, log_probabilities, torch.log(rand(4, 3, low=0.1, high=1)),
     reductions=ALL + ["batchMean"], logTarget=True)
for options in {"margin": 1.0}, {"margin": 0.5}, {"p": 2}, {"p": 2, "margin": 0.5} | weighted, weighted:
    loss("multiMargin", F.multi_margin_loss, logits, labels, **options)
    loss("multiMargin", F.multi_margin_loss, torch.tensor([[1.0, 0, 2], [0.5, 0.5, 0]]),
         torch.tensor([0, 1]), note="the kink", **options)

# --------------------------------------------------------------------------------- pairs
seed("pairs")
a, b, t = rand(4), rand(4), vec(1, -1, 1, -1)
b[3] = a[3]
for margin in 0.0, 0.5:
    loss("marginRanking", F.margin_ranking_loss, a, b, t, by=2, margin=margin)
loss("marginRanking", F.margin_ranking_loss, vec(1, 1, 1.5), vec(1, 1, 1), vec(1, -1, 1), by=2,
     margin=0.5, note="the kink")
a, b = rand(4, 3), rand(4, 3)
b[2] = 2 * a[2]
for margin in 0.0, 0.5, -0.25:
    loss("cosineEmbedding", F.cosine_embedding_loss, a, b, t, by=2, margin=margin)
loss("cosineEmbedding", F.cosine_embedding_loss, torch.zeros(2, 3), a[:2], vec(1, -1), by=2,
     note="a vector of length 0; 1e-12 is a 32-bit number")
c = rand(4, 3)
b[0] = c[0]
c[1] = a[1] + 5
for options in [{}, {"margin": 0.5}, {"p": 1.0}, {"p": 3.0}, {"p": inf}, {"swap": True},
                {"swap": True, "p": 1.0, "margin": 2.0}, {"epsilon": 0.1}]:
    loss("tripletMargin", F.triplet_margin_loss, a, b, c, by=3, **options)
loss("tripletMargin", F.triplet_margin_loss, a, a, a, by=3, epsilon=0.0,
     note="distances of 0")

write("losses", losses)

# -------------------------------------------------------------------------------- ctc.json
# By the logits of log_softmax: PyTorch's gradient by log-probabilities supposes that these were.
losses.clear()
seed("ctc")


def ctc(logits, targets, blank=0, inputLengths=None, targetLengths=None, zero_infinity=False,
        reduction="mean"):
    steps, batch, _ = logits.shape
    inputs = torch.tensor(inputLengths or [steps] * batch)
    lengths = torch.tensor(targetLengths or [targets.shape[1]] * batch)
    return F.ctc_loss(torch.log_softmax(logits, 2), targets, inputs, lengths, blank, reduction,
                      zero_infinity)


NAMES["zeroInfinity"] = "zero_infinity"
logits = rand(6, 3, 4)
labels = torch.tensor([[1, 2, 3], [2, 2, 1], [3, 1, 3]])
SHORT = {"inputLengths": (6, 4, 5), "targetLengths": (3, 2, 1)}
loss("ctc", ctc, logits, labels)
loss("ctc", ctc, logits, labels, **SHORT)
loss("ctc", ctc, logits, torch.tensor([[0, 1, 3], [3, 3, 1], [0, 0, 0]]), blank=2)
loss("ctc", ctc, logits, labels, targetLengths=(3, 0, 1), note="no label")
loss("ctc", ctc, 40 * logits, labels, note="saturated")
loss("ctc", ctc, logits[:1], labels[:, :1], note="one step")
loss("ctc", ctc, logits[:3], labels, zeroInfinity=True,
     note="2, 2 needs four steps: infinity is 0")
loss("ctc", ctc, rand(30, 2, 5), torch.randint(1, 5, (2, 9)))

write("ctc", losses)
