"""Records what PyTorch's optimizers and schedulers compute: optimizers.json and schedules.json.

Run from anywhere, after adding a case (the tests read the JSON and never need this script):

    python3 -m pip install torch==2.13.0 && python3 tools/record-optimizers.py

Recorded with torch 2.13.0 (CPU) and Python 3.11. With float64 as torch's default type its optimizers
are float64 inside, except for Muon, which is bfloat16. How a case is written down says
tools/recording.py.
"""

import torch
from recording import rand, renamed, seed, variable, write
from torch import inf

# --------------------------------------------------------------------------- optimizers.json

optimizers = []
seed("optimizers")
PROBLEM = [{"start": rand(n), "curvature": rand(n, n), "offset": rand(n)} for n in (3, 2)]
MATRICES = [{"start": rand(*s), "curvature": rand(s[0], s[0]), "offset": rand(*s)}
            for s in ((3, 2), (2, 4))]
OURS = {  # our name: the name in torch.optim, and what options are called there, where they differ
    "sgd": ("SGD", {}), "adam": ("Adam", {}), "adamW": ("AdamW", {}), "adamax": ("Adamax", {}),
    "nadam": ("NAdam", {"momentumDecay": "momentum_decay",
                        "decoupledWeightDecay": "decoupled_weight_decay"}),
    "radam": ("RAdam", {"decoupledWeightDecay": "decoupled_weight_decay"}),
    "rmsprop": ("RMSprop", {}), "adagrad": ("Adagrad", {}), "adadelta": ("Adadelta", {"decay": "rho"}),
    "asgd": ("ASGD", {"decay": "lambd", "power": "alpha", "averageFrom": "t0"}),
    "rprop": ("Rprop", {}),
}
PAIRS = {  # two of our options that are one of torch's
    "betas": ("beta1", "beta2", (0.9, 0.999)), "etas": ("decrease", "increase", (0.5, 1.2)),
    "step_sizes": ("smallestStep", "largestStep", (1e-6, 50)),
}


def optimize(name, parameters=1, groups=None, problem=PROBLEM, **options):
    """Ten steps on the sum over the parameters of ½‖curvature·p − offset‖².

    With two parameters "start", "curvature", "offset", "groups" (what one parameter has of its
    own) and each of the steps are lists, with an entry per parameter.
    """
    problem = problem[:parameters]
    values = [variable(part["start"]) for part in problem]
    named, names = OURS[name]
    clipping = "clipNorm", "clipNormOrder", "clipValue"
    theirs = {names.get(key, key): value for key, value in options.items() if key not in clipping}
    for together, (a, b, usual) in PAIRS.items():
        if a in options or b in options:
            pair = [theirs.pop(key, value) for key, value in zip((a, b), usual)]
            theirs[together] = tuple(pair)
    optimizer = getattr(torch.optim, named)(
        [{"params": [p]} | renamed(own) for p, own in zip(values, groups or [{}, {}])],
        foreach=False, **renamed(theirs))
    steps = []
    for _ in range(10):
        optimizer.zero_grad()
        errors = [part["curvature"] @ p - part["offset"] for part, p in zip(problem, values)]
        sum(0.5 * (error ** 2).sum() for error in errors).backward()
        torch.nn.utils.clip_grad_norm_(values, options.get("clipNorm", inf),
                                       norm_type=options.get("clipNormOrder", 2))
        torch.nn.utils.clip_grad_value_(values, options.get("clipValue", inf))
        optimizer.step()
        steps.append([p.detach().clone() for p in values])
    found = {"name": name, "options": options} | ({"groups": groups} if groups else {})
    found |= {key: [part[key] for part in problem] for key in problem[0]} | {"steps": steps}
    if name == "asgd":
        found["averages"] = [optimizer.state[p]["ax"] for p in values]
    if parameters == 1:
        found |= problem[0] | {"steps": [step[0] for step in steps]}
    optimizers.append(found)


for options in [
    {}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"weightDecay": 0.1},
    {"momentum": 0.9, "dampening": 0.5}, {"momentum": 0.9, "nesterov": True, "weightDecay": 0.1},
    {"momentum": 0.9, "dampening": 0.5, "weightDecay": 0.1}, {"parameters": 2},
    {"parameters": 2, "clipNorm": 5.0}, {"parameters": 2, "clipNorm": 0.5, "momentum": 0.9},
    {"parameters": 2, "clipValue": 1.0},
    {"parameters": 2, "groups": [{"learningRate": 0.05}, {"learningRate": 0.01}]},
    {"maximize": True, "momentum": 0.9, "weightDecay": 0.1},
]:
    optimize("sgd", learningRate=0.05, **options)
for options in [
    {}, {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3}, {"weightDecay": 0.1},
    {"beta1": 0.9, "beta2": 0.3, "amsgrad": True}, {"maximize": True, "weightDecay": 0.1},
    {"parameters": 2, "groups": [{}, {"learningRate": 0.02}]},
]:
    optimize("adam", learningRate=0.1, **options)
optimize("adamW", learningRate=0.1, weightDecay=0.01)
optimize("adamW", learningRate=0.1, weightDecay=0.01, maximize=True)
optimize("adamW", learningRate=0.1, beta1=0.8, beta2=0.3, epsilon=1e-6, weightDecay=0.2,
         amsgrad=True)
for options in [{}, {"beta1": 0.8, "beta2": 0.5, "epsilon": 1e-2}, {"weightDecay": 0.1},
                {"maximize": True}]:
    optimize("adamax", learningRate=0.1, **options)
for options in [{}, {"beta1": 0.8, "beta2": 0.9, "epsilon": 1e-3}, {"momentumDecay": 1.0},
                {"weightDecay": 0.1}, {"weightDecay": 0.1, "decoupledWeightDecay": True},
                {"maximize": True, "weightDecay": 0.1}]:
    optimize("nadam", learningRate=0.1, **options)
# With 0.999 the sixth step is the first that is rectified; with 0.5 none ever is.
for options in [{}, {"beta1": 0.8, "beta2": 0.9, "epsilon": 1e-2}, {"beta2": 0.5},
                {"weightDecay": 0.1}, {"weightDecay": 0.1, "decoupledWeightDecay": True},
                {"maximize": True, "weightDecay": 0.1}]:
    optimize("radam", learningRate=0.1, **options)
optimize("rmsprop", learningRate=0.01, decay=0.99, epsilon=1e-8)
all_three = {"momentum": 0.9, "centered": True, "weightDecay": 0.1}
for options in ({"momentum": 0.9}, {"centered": True}, {"weightDecay": 0.1}, all_three,
                {"maximize": True, "momentum": 0.5}):
    optimize("rmsprop", learningRate=0.05, decay=0.9, epsilon=1e-8, **options)
for options in ({}, {"learningRateDecay": 0.3}, {"initialAccumulator": 0.5}, {"weightDecay": 0.1},
                {"maximize": True}):
    optimize("adagrad", learningRate=0.2, epsilon=1e-10, **options)
for options in [{}, {"learningRate": 30.0}, {"learningRate": 2.0, "decay": 0.5, "epsilon": 1e-3},
                {"weightDecay": 0.1}, {"maximize": True}]:
    optimize("adadelta", **options)
for options in [{}, {"decay": 0.5, "power": 0.5}, {"averageFrom": 3}, {"weightDecay": 0.1},
                {"averageFrom": 0, "decay": 0.1, "maximize": True}]:
    optimize("asgd", learningRate=0.05, **options)
for options in [{}, {"learningRate": 0.3}, {"learningRate": 0.3, "decrease": 0.7, "increase": 1.5},
                {"learningRate": 0.1, "smallestStep": 0.05, "largestStep": 0.2}, {"maximize": True}]:
    optimize("rprop", **options)

write("optimizers", optimizers)
