"""Records what PyTorch's recurrences compute: test/fixtures/torch/recurrences.json. How to run it,
and what the file holds, says record-fixtures.py.

Sequences of different length go through pack_padded_sequence, as PyTorch has it.
"""

from torch import nn, tensor
from torch.autograd import grad
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from recording import rand, seed, variable, write

cases = []
MODULES = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
TORCH = {"layers": "num_layers", "batchFirst": "batch_first", "projection": "proj_size"}


def case(name, inputs, hidden, steps, batch, lengths=None, given=False, **options):
    """`given`: whether the first state is given. `options` are those of our layer; inputs and outputs
    are [batch, steps, features] but with batchFirst=False."""
    seed(f"{name}{len(cases)}")
    theirs = {TORCH.get(key, key): value for key, value in options.items() if key != "dropout"}
    module = MODULES[name](inputs, hidden, **({"batch_first": True} | theirs))
    for value in module.state_dict().values():
        value.copy_(rand(*value.shape, low=-1.0, high=1.0, digits=2))
    state = {key: value.clone() for key, value in module.state_dict().items()}
    first = options.get("batchFirst", True)
    x = variable(rand(*([batch, steps] if first else [steps, batch]), inputs, digits=2))
    count = options.get("layers", 1) * (2 if options.get("bidirectional") else 1)
    sizes = [options.get("projection") or hidden] + ([hidden] if name == "lstm" else [])
    begin = [variable(rand(count, batch, size, digits=2)) for size in sizes] if given else []
    argument = () if not given else (tuple(begin) if name == "lstm" else begin[0],)
    if lengths is None:
        output, end = module(x, *argument)
    else:
        packed = pack_padded_sequence(x, tensor(lengths), batch_first=first, enforce_sorted=False)
        output, end = module(packed, *argument)
        output, _ = pad_packed_sequence(output, batch_first=first, total_length=steps)
    ends = list(end) if name == "lstm" else [end]
    upstreams = [rand(*y.shape, digits=2) for y in [output, *ends]]
    trained = dict(module.named_parameters())
    gradients = grad([output, *ends], [x, *begin, *trained.values()], upstreams)
    found = {"name": name, "arguments": [inputs, hidden], "options": options, "state": state,
             "input": x, "first": begin, "output": output, "last": ends, "upstreams": upstreams,
             "gradient": gradients[0], "gradientsOfFirst": gradients[1:1 + len(begin)],
             "gradients": dict(zip(trained, gradients[1 + len(begin):]))}
    cases.append(found | ({"lengths": lengths} if lengths else {}))


for name, own in [("rnn", {}), ("rnn", dict(nonlinearity="relu")), ("lstm", {}),
                  ("lstm", dict(projection=2)), ("gru", {})]:
    case(name, 2, 3, 4, 2, **own)
    case(name, 3, 3, 1, 1, given=True, **own)
    case(name, 2, 3, 4, 3, lengths=[2, 4, 1], given=True, **own)
    case(name, 2, 3, 3, 2, bias=False, batchFirst=False, **own)
    case(name, 2, 3, 3, 2, bidirectional=True, given=True, **own)
    case(name, 1, 3, 3, 2, layers=3, given=True, **own)
    case(name, 2, 3, 4, 3, layers=2, bidirectional=True, lengths=[3, 1, 4], given=True,
         batchFirst=False, **own)

write("recurrences", cases)
