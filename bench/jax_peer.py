"""
JAX as a peer, its best form on small networks: the whole loop compiled, `jax.lax.fori_loop` over
steps. `chainrule bench --peer "JAX=python3 bench/jax_peer.py"`.
"""
import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
import jax.numpy as jnp
import numpy as np
from workloads import serve

jax.config.update("jax_enable_x64", True)


def open_machine(spec):
    if spec.get("convolutions") or "transformer" in spec:
        raise ValueError("not implemented: convolutions and transformers")
    dtype = spec["dtype"]
    start = [jnp.asarray(p, dtype) for p in spec["parameters"]]
    xs = jnp.asarray(np.stack([x for x, _ in spec["batches"]]))
    ys = jnp.asarray(np.stack([y for _, y in spec["batches"]]))
    activation = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}[
        spec["activation"]
    ]
    last_too = spec["activation"] == "sigmoid"
    kind, rate, momentum = spec["optimizer"]
    rate = dtype(rate)

    def loss_of(parameters, x, y):
        a = x
        layers = list(zip(parameters[0::2], parameters[1::2]))
        for l, (w, b) in enumerate(layers):
            a = a @ w + b
            if last_too or l + 1 < len(layers):
                a = activation(a)
        if spec["loss"] == "cross-entropy":
            picked = jnp.take_along_axis(jax.nn.log_softmax(a), y[:, None], 1)
            return -jnp.mean(picked)
        if spec["loss"] == "squared error":
            return jnp.mean((a - y) ** 2)
        return 0.5 * jnp.sum((y - a) ** 2)

    def update(i, p, g, m, v):
        if kind == "sgd":
            m = dtype(momentum) * m + g
            return p - rate * m, m, v
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
