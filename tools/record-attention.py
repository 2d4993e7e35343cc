"""Records what PyTorch's attention and transformer blocks compute:
test/fixtures/torch/attention.json. How to run it, and what the files hold, says record-fixtures.py.

A case is {"name", "arguments", "options", "state", "inputs": by name, "output", "upstream",
"gradients": by name}: the function, or a layer with the state that it begins with. PyTorch's masks of
layers say true for what is left out; ours say true for what is seen, and so do the cases.
"""

import torch
import torch.nn.functional as F
from torch import nn, tensor
from torch.autograd import grad

from recording import rand, seed, variable, write

cases = []


def record(name, compute, inputs, module=None, arguments=(), options=None, note=None):
    """`compute` makes the output of the inputs by name; what floats among them has a gradient."""
    output = compute(**inputs)
    upstream = rand(*output.shape)
    trained = dict(module.named_parameters()) if module else {}
    own = {key: x for key, x in inputs.items() if x is not None and x.requires_grad}
    gradients = grad(output, [*own.values(), *trained.values()], upstream, allow_unused=True)
    names = [*own, *trained]
    cases.append({
        "name": name, "arguments": list(arguments), "options": options or {},
        "state": {key: value.clone() for key, value in module.state_dict().items()} if module else {},
        "inputs": {key: x for key, x in inputs.items() if x is not None}, "output": output,
        "upstream": upstream, "gradients": dict(zip(names, gradients)),
    } | ({"note": note} if note else {}))


# ----------------------------------------------------------------- scaledDotProductAttention

SEEN = tensor([[True, False, True, True], [False, False, False, True], [True, True, True, True]])
ADDED = tensor([[0.5, -torch.inf, 0, 1], [-1, 0.25, -torch.inf, -torch.inf], [0, 0, 2, 0]])


def attention(shapes, mask=None, causal=False, scale=None, groups=1, note=None):
    seed(f"attention{len(cases)}")
    q, k, v = (variable(rand(*shape)) for shape in shapes)
    mask = None if mask is None else variable(mask)

    def compute(q, k, v, mask=None):
        return F.scaled_dot_product_attention(q, k, v, mask, is_causal=causal, scale=scale,
                                              enable_gqa=groups > 1)

    options = {"causal": causal, "groups": groups} | ({"scale": scale} if scale else {})
    record("scaledDotProductAttention", compute, dict(q=q, k=k, v=v, mask=mask), options=options,
           note=note)


SHAPES = [2, 3, 4], [2, 4, 4], [2, 4, 5]
attention(SHAPES)
attention(SHAPES, scale=0.7)
attention(SHAPES, causal=True, note="more keys than queries")
attention(([2, 5, 4], [2, 2, 4], [2, 2, 3]), causal=True, note="more queries than keys")
attention(SHAPES, mask=SEEN, note="a mask of true and false")
attention(SHAPES, mask=ADDED, note="numbers that are added")
attention(SHAPES, mask=rand(2, 3, 4), note="numbers of their own for each example")
attention(([2, 2, 3, 4], [2, 2, 4, 4], [2, 2, 4, 2]), mask=SEEN, note="heads")
attention(([2, 6, 3, 4], [2, 2, 4, 4], [2, 2, 4, 2]), groups=3, note="three heads share one")
attention(([2, 4, 3, 2], [2, 1, 4, 2], [2, 1, 4, 2]), groups=4, mask=ADDED, note="all share one")
attention(([1, 4, 3, 2], [1, 2, 3, 2], [1, 2, 3, 2]), groups=2, causal=True, note="causal groups")
attention(([3, 4], [4, 4], [4, 2]), note="without axes in front")
attention(([2, 3, 4], [4, 4], [4, 2]), note="one set of keys for all")
attention(([1, 3, 4], [1, 1, 4], [1, 1, 2]), note="one key")
attention(([1, 3, 2], [1, 3, 2], [1, 3, 2]), causal=True, scale=300.0, note="sharp scores")


# ------------------------------------------------------------------------ multiHeadAttention

def drawn(module):
    for value in module.state_dict().values():
        value.copy_(rand(*value.shape, low=-1.0, high=1.0))
    return module


PADDING = tensor([[True, True, True, False], [True, False, False, False]])


def heads(module, q, k=None, v=None, mask=None, padding=None, causal=False, note=None, **options):
    seed(f"heads{len(cases)}")
    drawn(module)
    inputs = {"query": q, "key": k, "value": v}
    inputs = {key: variable(rand(*s)) for key, s in inputs.items() if s is not None}
    inputs |= {"mask": mask, "keyPadding": padding}

    def compute(query, key=None, value=None, mask=None, keyPadding=None):
        key = query if key is None else key
        value = key if value is None else value
        left_out = None if keyPadding is None else ~keyPadding
        hidden = torch.triu(torch.ones(query.shape[1], key.shape[1], dtype=bool), 1) if causal else None
        if mask is not None:
            hidden = ~mask if mask.dtype == torch.bool else mask
        return module(query, key, value, key_padding_mask=left_out, attn_mask=hidden,
                      need_weights=False)[0]

    if causal:
        options["causal"] = True
    record("multiHeadAttention", compute, inputs, module,
           [module.embed_dim, module.num_heads], options, note)


def mha(features, count, **options):
    return nn.MultiheadAttention(features, count, batch_first=True, **options)


heads(mha(4, 2), [2, 3, 4], note="self attention")
heads(mha(4, 1, bias=False), [2, 3, 4], bias=False)
heads(mha(6, 3), [2, 4, 6], causal=True)
heads(mha(4, 2), [2, 3, 4], [2, 4, 4], note="queries and another sequence")
heads(mha(4, 2, kdim=3, vdim=5), [2, 3, 4], [2, 4, 3], [2, 4, 5], keyFeatures=3, valueFeatures=5)
heads(mha(4, 2, kdim=3, vdim=4, bias=False), [2, 3, 4], [2, 4, 3], [2, 4, 4], keyFeatures=3,
      bias=False)
heads(mha(4, 2), [2, 3, 4], [2, 4, 4], padding=PADDING, note="padded keys")
heads(mha(4, 2), [2, 3, 4], [2, 4, 4], mask=SEEN, note="a mask")
heads(mha(4, 2), [2, 3, 4], [2, 4, 4], mask=SEEN, padding=PADDING | tensor([[False, False, False, True]]),
      note="both masks")
heads(mha(4, 2), [2, 3, 4], [2, 4, 4], mask=ADDED.nan_to_num(neginf=-torch.inf), note="numbers that are added")

# --------------------------------------------------------------------------- encoder, decoder


def block(kind, name, features, count, inputs, memory=None, causal=False, note=None, layers=None, **options):
    seed(f"block{len(cases)}")
    torch_names = {"normFirst": "norm_first", "epsilon": "layer_norm_eps", "bias": "bias"}
    given = {torch_names[key]: value for key, value in options.items() if key in torch_names}
    activation = {"gelu": F.gelu, "relu": F.relu, None: F.relu}[options.get("activation")]
    module = kind(features, count, dim_feedforward=5, dropout=0.0, activation=activation,
                  batch_first=True, **given)
    if layers is not None:
        norm = nn.LayerNorm(features) if options.get("norm") else None
        many = nn.TransformerEncoder if kind is nn.TransformerEncoderLayer else nn.TransformerDecoder
        extra = {"enable_nested_tensor": False} if many is nn.TransformerEncoder else {}
        module = many(module, layers, norm=norm, **extra)
    drawn(module).train()
    own = {"input": variable(rand(*inputs))}
    if memory is not None:
        own["memory"] = variable(rand(*memory))

    def compute(input, memory=None):
        n = input.shape[1]
        hidden = torch.triu(torch.ones(n, n, dtype=bool), 1) if causal else None
        if memory is None:
            if layers is not None:
                return module(input, mask=hidden)
            return module(input, src_mask=hidden)
        return module(input, memory, tgt_mask=hidden)

    arguments = [features, count] if layers is None else [features, count, layers]
    options = {"hidden": 5, "dropout": 0} | options | ({"causal": True} if causal else {})
    record(name, compute, own, module, arguments, options, note)


E, D = nn.TransformerEncoderLayer, nn.TransformerDecoderLayer
block(E, "transformerEncoderLayer", 4, 2, [2, 3, 4])
block(E, "transformerEncoderLayer", 4, 2, [2, 3, 4], normFirst=True, activation="gelu", causal=True)
block(E, "transformerEncoderLayer", 4, 1, [1, 3, 4], bias=False, epsilon=0.1)
block(D, "transformerDecoderLayer", 4, 2, [2, 3, 4], [2, 5, 4], causal=True)
block(D, "transformerDecoderLayer", 4, 2, [2, 3, 4], [2, 2, 4], normFirst=True, activation="gelu",
      causal=True)
block(D, "transformerDecoderLayer", 4, 2, [2, 3, 4], [2, 2, 4], bias=False, causal=True)
block(E, "transformerEncoder", 4, 2, [2, 3, 4], layers=2)
block(E, "transformerEncoder", 4, 2, [2, 3, 4], layers=2, normFirst=True, norm=True, causal=True)
block(D, "transformerDecoder", 4, 2, [2, 3, 4], [2, 2, 4], layers=2, norm=True, causal=True)

write("attention", cases)
