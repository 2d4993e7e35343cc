"""
JAX as a peer, its best form on small networks: the whole loop compiled, `jax.lax.fori_loop` over
steps. `chainrule bench --peer "JAX=python3 bench/jax_peer.py"`; OMP_NUM_THREADS says how many threads.
"""
import os

# JAX asks nothing but how many processors there are for it.
if "OMP_NUM_THREADS" in os.environ and hasattr(os, "sched_setaffinity"):
    own = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, own[-int(os.environ["OMP_NUM_THREADS"]) :])
os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
import jax.numpy as jnp
import numpy as np
from workloads import serve

jax.config.update("jax_enable_x64", True)


def layers(spec):
    """What the parameters make of a batch: convolutions first, where there are some."""
    convolutions = spec["convolutions"] if "convolutions" in spec else ()
    activation = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}[
        spec["activation"]
    ]
    last_too = spec["activation"] == "sigmoid"

    def apply(parameters, a):
        pairs = list(zip(parameters[0::2], parameters[1::2]))
        for l, (w, b) in enumerate(pairs):
            if l < len(convolutions):
                around = [(convolutions[l][2],) * 2] * 2
                a = jax.lax.conv_general_dilated(a, w, (1, 1), around) + b[:, None, None]
                sizes = (1, 1, 2, 2)
                a = jax.lax.reduce_window(
                    jax.nn.relu(a), -jnp.inf, jax.lax.max, sizes, sizes, "VALID"
                )
                continue
            a = a.reshape(a.shape[0], -1) @ w + b
            if last_too or l + 1 < len(pairs):
                a = activation(a)
        return a

    return apply


def language_model(spec):
    """W5: what the parameters, in order, make of characters: numbers for the next ones."""
    blocks, heads, features = spec["transformer"]

    def norm(h, scale, shift):
        centred = h - jnp.mean(h, -1, keepdims=True)
        variance = jnp.mean(centred * centred, -1, keepdims=True)
        return centred * jax.lax.rsqrt(variance + np.float32(1e-5)) * scale + shift

    def apply(parameters, x):
        own = iter(parameters)
        take = lambda n: [next(own) for _ in range(n)]
        embedding, positions = take(2)
        h = embedding[x] + positions
        rows, places = x.shape
        mask = jnp.tril(jnp.ones((places, places), bool))
        for _ in range(blocks):
            a = norm(h, *take(2))
            w, b = take(2)
            q, k, v = (
                t.reshape(rows, places, heads, features // heads).transpose(0, 2, 1, 3)
                for t in jnp.split(a @ w + b, 3, -1)
            )
            scores = q @ k.transpose(0, 1, 3, 2) / np.float32(np.sqrt(features // heads))
            a = jax.nn.softmax(jnp.where(mask, scores, -jnp.inf)) @ v
            w, b = take(2)
            h = h + a.transpose(0, 2, 1, 3).reshape(rows, places, features) @ w + b
            a = norm(h, *take(2))
            w, b, w2, b2 = take(4)
            h = h + jax.nn.gelu(a @ w + b, approximate=True) @ w2 + b2
        return (norm(h, *take(2)) @ take(1)[0]).reshape(rows * places, -1)

    return apply


def open_machine(spec):
    dtype = spec["dtype"]
    start = [jnp.asarray(p, dtype) for p in spec["parameters"]]
    xs = jnp.asarray(np.stack([x for x, _ in spec["batches"]]))
    ys = jnp.asarray(np.stack([y for _, y in spec["batches"]]))
    apply = language_model(spec) if "transformer" in spec else layers(spec)
    kind, rate, more = spec["optimizer"]
    rate, more = dtype(rate), dtype(more)

    def loss_of(parameters, x, y):
        a = apply(parameters, x)
        if spec["loss"] == "cross-entropy":
            picked = jnp.take_along_axis(jax.nn.log_softmax(a), y.reshape(-1, 1), 1)
            return -jnp.mean(picked)
        if spec["loss"] == "squared error":
            return jnp.mean((a - y) ** 2)
        return 0.5 * jnp.sum((y - a) ** 2)

    def update(i, p, g, m, v):
        if kind == "sgd":
            m = more * m + g
            return p - rate * m, m, v
        if kind == "adamw":
            p = p - rate * more * p
        m = dtype(0.9) * m + dtype(0.1) * g
        v = dtype(0.999) * v + dtype(0.001) * g * g
        t = (i + 1).astype(jnp.float64)
        root = jnp.sqrt(1 - 0.999**t).astype(dtype)
        scaled = rate / (1 - 0.9**t).astype(dtype)
        return p - scaled * m / (jnp.sqrt(v) / root + dtype(1e-8)), m, v

    def step(i, carry):
        parameters, ms, vs, _ = carry
        at = i % xs.shape[0]
        loss, gradients = jax.value_and_grad(loss_of)(parameters, xs[at], ys[at])
        made = []
        for k, (p, g, m, v) in enumerate(zip(parameters, gradients, ms, vs)):
            frozen = spec["frozen_biases"] and k % 2 == 1
            made.append((p, m, v) if frozen else update(i, p, g, m, v))
        new, ms, vs = (list(column) for column in zip(*made))
        return new, ms, vs, loss

    loop = jax.jit(lambda a, b, carry: jax.lax.fori_loop(a, b, step, carry))
    state = {}

    def reset():
        zeros = [jnp.zeros_like(p) for p in start]
        state["carry"] = (start, zeros, zeros, jnp.asarray(0, dtype))
        state["step"] = 0

    def run(steps):
        from_ = state["step"]
        state["carry"] = loop(from_, from_ + steps, state["carry"])
        state["step"] += steps
        return float(state["carry"][3])

    return reset, run


serve(f"JAX {jax.__version__}", open_machine)
