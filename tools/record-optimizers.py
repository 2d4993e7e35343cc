"""Records what PyTorch's optimizers and schedulers compute: optimizers.json and schedules.json.

Run from anywhere, after adding a case (the tests read the JSON and never need this script):

    python3 -m pip install torch==2.13.0 && python3 tools/record-optimizers.py

Recorded with torch 2.13.0 (CPU) and Python 3.11. With float64 as torch's default type its optimizers
are float64 inside, except for Muon, which is bfloat16. How a case is written down says
tools/recording.py.
"""

import warnings

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
    "muon": ("Muon", {"iterations": "ns_steps", "scale": "adjust_lr_fn"}),
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
    options_ = options | ({"scale": "match_rms_adamw"} if options.get("scale") == "adamW" else {})
    theirs = {names.get(key, key): value for key, value in options_.items() if key not in clipping}
    for together, (a, b, usual) in PAIRS.items():
        if a in options or b in options:
            pair = [theirs.pop(key, value) for key, value in zip((a, b), usual)]
            theirs[together] = tuple(pair)
    optimizer = getattr(torch.optim, named)(
        [{"params": [p]} | renamed(own) for p, own in zip(values, groups or [{}, {}])],
        **({} if name == "muon" else {"foreach": False}), **renamed(theirs))
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

# Its matrices are bfloat16 inside: the tests allow for that.
for options in [{}, {"nesterov": False, "momentum": 0.8}, {"weightDecay": 0.5, "scale": "adamW"},
                {"iterations": 3}]:
    optimize("muon", parameters=2, problem=MATRICES, learningRate=0.02, **options)

write("optimizers", optimizers)

# ----------------------------------------------------------------------------- schedules.json

warnings.filterwarnings("ignore")
schedules = []
lr = torch.optim.lr_scheduler


def schedule(name, make, arguments, initial=0.1, momentum=False, count=20):
    """The rates (and momenta) of the first steps; `arguments` are those of our function."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=initial, momentum=0.9)
    scheduler = make(optimizer)
    found = {"name": name, "arguments": arguments, "rates": [], "momenta": []}
    for _ in range(count):
        found["rates"].append(float(optimizer.param_groups[0]["lr"]))
        found["momenta"].append(float(optimizer.param_groups[0]["momentum"]))
        optimizer.step()
        scheduler.step()
    schedules.append(found if momentum else {k: found[k] for k in found if k != "momenta"})


schedule("stepDecay", lambda o: lr.StepLR(o, 3), [0.1, {"steps": 3}])
schedule("stepDecay", lambda o: lr.StepLR(o, 4, 0.5), [0.1, {"steps": 4, "rate": 0.5}])
schedule("multiStepDecay", lambda o: lr.MultiStepLR(o, [2, 3, 11], 0.5),
         [0.1, {"steps": [2, 3, 11], "rate": 0.5}])
schedule("multiStepDecay", lambda o: lr.MultiStepLR(o, [5]), [0.1, {"steps": [5]}])
schedule("exponentialDecay", lambda o: lr.ExponentialLR(o, 0.9), [0.1, {"rate": 0.9}])
schedule("linearRamp", lambda o: lr.LinearLR(o), [0.1, {"steps": 5}])
schedule("linearRamp", lambda o: lr.LinearLR(o, 1.0, 0.25, 12), [0.1, {"steps": 12, "from": 1, "to": 0.25}])
schedule("constantStart", lambda o: lr.ConstantLR(o), [0.1, {"steps": 5}])
schedule("constantStart", lambda o: lr.ConstantLR(o, 0.5, 7), [0.1, {"steps": 7, "share": 0.5}])
schedule("polynomialDecay", lambda o: lr.PolynomialLR(o), [0.1, {"steps": 5}])
schedule("polynomialDecay", lambda o: lr.PolynomialLR(o, 14, 2.5), [0.1, {"steps": 14, "power": 2.5}])
schedule("cosineDecay", lambda o: lr.CosineAnnealingLR(o, 19), [0.1, {"steps": 19}])
schedule("cosineDecay", lambda o: lr.CosineAnnealingLR(o, 6, 0.02),
         [0.1, {"steps": 6, "minimum": 0.2, "periodic": True}])
schedule("cosineRestarts", lambda o: lr.CosineAnnealingWarmRestarts(o, 6), [0.1, {"steps": 6}])
schedule("cosineRestarts", lambda o: lr.CosineAnnealingWarmRestarts(o, 2, 2, 0.01),
         [0.1, {"steps": 2, "growth": 2, "minimum": 0.1}])
schedule("cosineRestarts", lambda o: lr.CosineAnnealingWarmRestarts(o, 1, 3),
         [0.1, {"steps": 1, "growth": 3}])
for mode, shape, more in [("triangular", "triangular", {}), ("triangular2", "triangular2", {}),
                          ("exp_range", "exponential", {"rate": 0.9})]:
    for up, down in (4, None), (3, 5):
        given = {"peak": 0.5, "rise": up} | ({} if down is None else {"fall": down})
        schedule("cyclic", lambda o: lr.CyclicLR(o, 0.1, 0.5, up, down, mode, more.get("rate", 1.0)),
                 [0.1, given | {"shape": shape} | more], momentum=True)
for strategy, shape in ("cos", "cosine"), ("linear", "linear"):
    for three in False, True:
        schedule("oneCycle", lambda o: lr.OneCycleLR(o, 0.5, total_steps=20, anneal_strategy=strategy,
                                                     three_phase=three),
                 [0.5, {"steps": 20, "shape": shape, "threePhases": three}], momentum=True)
schedule("oneCycle", lambda o: lr.OneCycleLR(o, 0.5, total_steps=20, pct_start=0.45, div_factor=10,
                                             final_div_factor=3),
         [0.5, {"steps": 20, "riseShare": 0.45, "divisor": 10, "finalDivisor": 3}])
schedule("sequential", lambda o: lr.SequentialLR(o, [lr.LinearLR(o, 0.25, 1.0, 4), lr.ExponentialLR(o, 0.9),
                                                     lr.ConstantLR(o, 0.5, 3)], [5, 12]), [])
schedule("chained", lambda o: lr.ChainedScheduler([lr.ConstantLR(o, 0.5, 4), lr.ExponentialLR(o, 0.9)]), [])
schedule("lambda", lambda o: lr.LambdaLR(o, lambda k: 0.95 ** k / (k + 1)), [])
schedule("perEpoch", lambda o: lr.LambdaLR(o, lambda k: 0.5 ** (k // 4)), [])

# Plateau: the rate after each metric.
METRICS = [1.0, 0.9, 0.9, 0.95, 0.89995, 0.8, 0.8, 0.81, 0.82, 0.7999, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5,
           0.4, 0.41, 0.42, 0.43]
for given, theirs in [
    ({}, {}), ({"patience": 2}, {"patience": 2}),
    ({"factor": 0.5, "patience": 1, "threshold": 0.01, "thresholdMode": "absolute", "cooldown": 2},
     {"factor": 0.5, "patience": 1, "threshold": 0.01, "threshold_mode": "abs", "cooldown": 2}),
    ({"factor": 0.5, "patience": 0, "minimum": 0.01}, {"factor": 0.5, "patience": 0, "min_lr": 0.01}),
    ({"factor": 0.5, "patience": 1, "mode": "highest"}, {"factor": 0.5, "patience": 1, "mode": "max"}),
]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    plateau = lr.ReduceLROnPlateau(optimizer, **theirs)
    rates = []
    for metric in METRICS:
        plateau.step(metric)
        rates.append(optimizer.param_groups[0]["lr"])
    schedules.append({"name": "plateau", "arguments": [given], "metrics": METRICS, "rates": rates})

write("schedules", schedules)

# --------------------------------------------------------------------------------- lbfgs.json

lbfgs = []
PROBLEMS = {
    "rosenbrock": ([-1.2, 1.0], lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2),
    "quartic": ([3.0, -2.0, 0.5], lambda x: ((x - 1) ** 4).sum() + (x.sum() - 2) ** 2),
    "waves": ([0.3, 2.0], lambda x: torch.sin(3 * x[0]) + torch.cos(2 * x[1]) + 0.1 * (x ** 2).sum()),
}
for problem, (start, function) in PROBLEMS.items():
    for ours, theirs in [
        ({"iterations": 4}, {"max_iter": 4}), ({"iterations": 3, "history": 2}, {"max_iter": 3, "history_size": 2}),
        ({"iterations": 3, "learningRate": 0.3}, {"max_iter": 3, "lr": 0.3}),
        ({"iterations": 3, "lineSearch": "none", "learningRate": 0.1}, {"max_iter": 3, "lr": 0.1}),
    ]:
        x = variable(torch.tensor(start))
        optimizer = torch.optim.LBFGS(
            [x], line_search_fn=None if "lineSearch" in ours else "strong_wolfe", **theirs)

        def closure():
            optimizer.zero_grad()
            value = function(x)
            value.backward()
            return value

        steps, losses = [], []
        for _ in range(6):
            losses.append(float(optimizer.step(closure)))
            steps.append(x.detach().clone())
        lbfgs.append({"name": problem, "options": ours, "start": start, "steps": steps, "losses": losses})

write("lbfgs", lbfgs)
