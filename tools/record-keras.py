"""Records models of Keras 3.15 (TensorFlow 2.21) with what they compute:

    python tools/record-keras.py [wide]

Writes test/fixtures/keras/models.json: for each model its .keras file (gzip, base64), the same file with
gradients of sum(direction * output) in the place of its weights, inputs and outputs; of some the weights
after ten steps of training ("trained"; "resumed" from the optimizer's memory; "wide" in 64 bits, which alone
are recorded where that is asked for)."""

import base64
import gzip
import json
import os
import pathlib
import sys
import tempfile

from recording_keras import chain  # before TensorFlow, for which it sets the environment

import keras
import numpy as np
import tensorflow as tf
from keras import layers as L

rng = np.random.default_rng(0)


def branches():
    x = keras.Input((4,))
    shared = L.Dense(3, activation="tanh", name="dense_7")
    a = shared(x)
    b = L.Dense(4, name="a-b")(a)
    c = shared(b)
    s = L.Add()([a, c])
    p = L.Multiply()([a, s])
    m = L.Average()([a, c, p])
    d = L.Subtract()([a, c])
    inner = keras.Sequential([keras.Input((3,)), L.Dense(2, activation="relu")], name="inner")
    y = L.Concatenate()([m, d, b, inner(s), inner(p)])
    return keras.Model(x, L.Dense(2)(y * 2 + 1))


def two_inputs():
    a, b = keras.Input((3,), name="a"), keras.Input((2, 4), name="b")
    c = L.Concatenate(axis=1)([L.Reshape((1, 4))(L.Dense(4)(a)), b])
    return keras.Model([a, b], [L.Dense(2)(L.Flatten()(c)), c])


def attention():
    x = keras.Input((4, 6))
    a = L.MultiHeadAttention(2, 3)(x, x)
    b = L.LayerNormalization()(x + a)
    c = L.MultiHeadAttention(3, 2, use_bias=False)(b, x, use_causal_mask=True)
    return keras.Model(x, L.GlobalAveragePooling1D()(c))


def normalized():
    norm = L.Normalization()
    norm.adapt(rng.normal(size=(20, 3)).astype("f"))
    return chain((3,), norm, L.Dense(2))


models = {
    "dense": lambda: chain((3,), L.Dense(4, "gelu"), L.Dense(3, "softmax", use_bias=False)),
    "activations": lambda: chain(
        (3,),
        *[
            layer
            for name in "relu relu6 leaky_relu elu celu selu silu mish hard_sigmoid hard_silu hard_tanh "
            "tanh_shrink softplus softsign log_sigmoid".split()
            for layer in (L.Dense(4), L.Activation(name))
        ],
        L.Dense(4, activation=L.LeakyReLU(negative_slope=0.05)),
        L.LeakyReLU(),
        L.Dense(4),
        L.ELU(0.5),
        L.ReLU(max_value=1.5, negative_slope=0.1),
        L.Dense(4),
        L.PReLU(),
        L.Softmax(),
    ),
    "conv1d": lambda: chain(
        (9, 2),
        L.Conv1D(4, 3, padding="same", strides=2, groups=2),
        L.Conv1D(3, 2, dilation_rate=2, padding="causal"),
        L.AveragePooling1D(2, 1, padding="same"),
        L.MaxPooling1D(2),
        L.SpatialDropout1D(0.3),
        L.Conv1DTranspose(2, 3, strides=2, padding="same"),
        L.Flatten(),
        L.Dense(2),
    ),
    "conv2d": lambda: chain(
        (8, 7, 3),
        L.Conv2D(4, 3, padding="same", strides=2, activation="relu"),
        L.BatchNormalization(),
        L.Conv2D(4, (2, 3), padding="same", activation="softmax"),
        L.MaxPooling2D(3, 2, padding="same"),
        L.AveragePooling2D(2, 1, padding="same"),
        L.Flatten(),
        L.Dense(2),
    ),
    "conv3d": lambda: chain(
        (3, 4, 5, 2),
        L.Conv3D(2, 2, padding="same"),
        L.MaxPooling3D(2),
        L.Conv3DTranspose(2, 2, strides=2),
        L.GlobalAveragePooling3D(keepdims=True),
        L.Flatten(),
    ),
    "grouped": lambda: chain((3, 4, 4), L.GroupNormalization(2), L.Conv2D(2, 2)),
    "separable": lambda: chain(
        (6, 6, 2),
        L.DepthwiseConv2D(3, depth_multiplier=2, padding="same"),
        L.SeparableConv2D(3, 3, strides=2, padding="same"),
        L.UpSampling2D((2, 1)),
        L.Flatten(),
    ),
    "rearranged": lambda: chain(
        (4, 6),
        L.Permute((2, 1)),
        L.LayerNormalization(),
        L.Reshape((2, -1)),
        L.TimeDistributed(L.Dense(4)),
        L.UnitNormalization(),
        L.RMSNormalization(),
        L.GlobalMaxPooling1D(),
        L.RepeatVector(3),
        L.Rescaling(0.5, offset=1),
        L.BatchNormalization(),
        L.Flatten(),
    ),
    "branches": branches,
    "two_inputs": two_inputs,
    "attention": attention,
    "normalized": normalized,
    "embedding": lambda: chain((4,), L.Embedding(5, 3), L.Flatten(), L.Dense(2)),
    "recurrent": lambda: chain(
        (4, 3),
        L.LSTM(3, return_sequences=True),
        L.GRU(2, return_sequences=True),
        L.GRU(2, return_sequences=True, reset_after=False, recurrent_activation="hard_sigmoid"),
        L.Bidirectional(L.SimpleRNN(2, return_sequences=True), merge_mode="ave"),
        L.Bidirectional(L.LSTM(2)),
        L.Dense(1),
    ),
}

O = keras.optimizers
# Models where no gradient is 0 but for rounding: a bias in front of a batch norm, or that of keys, would be
# moved by noise, and an embedding's rows that do not occur are left alone by TensorFlow.
trained = {
    "sgd": ("dense", lambda: O.SGD(0.1, momentum=0.9, nesterov=True), "categorical_crossentropy"),
    "batch norm": ("conv2d", lambda: O.SGD(0.05), "mse"),
    "adam": ("recurrent", lambda: O.Adam(0.01), "mse"),
    "adamw": ("dense", lambda: O.AdamW(0.01), "categorical_crossentropy"),
    "rmsprop": ("recurrent", lambda: O.RMSprop(0.003, momentum=0.5, centered=True), "mae"),
    "adagrad": ("recurrent", lambda: O.Adagrad(0.05), "mse"),
    "adadelta": ("recurrent", lambda: O.Adadelta(0.5), "mse"),
    "adamax": ("recurrent", lambda: O.Adamax(0.01), "mse"),
    "nadam": ("dense", lambda: O.Nadam(0.01), "categorical_crossentropy"),
}

# Optimizers that have taken some steps when the file is written: their memory is in it.
resumed = {
    "sgd": ("attention", lambda: O.SGD(0.05, momentum=0.8), "mse"),
    "adam": ("branches", lambda: O.Adam(0.01), "mse"),
    "amsgrad": ("recurrent", lambda: O.Adam(0.01, amsgrad=True), "mse"),
    "adamw": ("dense", lambda: O.AdamW(0.01), "categorical_crossentropy"),
    "rmsprop": ("separable", lambda: O.RMSprop(0.003, momentum=0.5, centered=True), "mse"),
    "adagrad": ("recurrent", lambda: O.Adagrad(0.05), "mse"),
    "adadelta": ("dense", lambda: O.Adadelta(0.5), "categorical_crossentropy"),
    "adamax": ("recurrent", lambda: O.Adamax(0.01), "mse"),
    "nadam": ("dense", lambda: O.Nadam(0.01), "categorical_crossentropy"),
    "momentum": ("conv2d", lambda: O.SGD(0.02, momentum=0.9, nesterov=True), "mse"),
}

# In 64 bits: a gradient at a bend, or at the limit of a clip, is not a matter of rounding there.
wide = {
    "huber": ("small", lambda: O.SGD(0.1), lambda: keras.losses.Huber()),
    "clipvalue": ("small", lambda: O.SGD(0.2, momentum=0.5, clipvalue=0.02), lambda: "mse"),
    "global_clipnorm": ("small", lambda: O.Adam(0.01, global_clipnorm=0.05), lambda: "mse"),
    "hinge": ("small", lambda: O.SGD(0.05), lambda: "hinge"),
    "penalties": ("penalized", lambda: O.SGD(0.05), lambda: "mse"),
    "penalties of images": ("penalized images", lambda: O.SGD(0.05), lambda: "mse"),
}
# Keras computes with factors rounded to 32 bits, and writes that of L2 as given: these are the same in both.
R = keras.regularizers
models["penalized"] = lambda: chain(
    (3,),
    L.Dense(4, "tanh", kernel_regularizer=R.L2(0.125), bias_regularizer=R.L1(0.0625)),
    L.Dense(2, kernel_regularizer=R.L1L2(0.03125, 0.015625)),
)
models["penalized images"] = lambda: chain(
    (4, 4, 2),
    L.Conv2D(2, 3, activation="tanh", kernel_regularizer=R.L2(0.25)),
    L.Flatten(),
    L.Dense(1, bias_regularizer=R.L2(0.375)),
)
models["small"] = lambda: chain((3,), L.Dense(4, "tanh"), L.Dense(2))


def plain(a, digits=9):
    a = np.asarray(a)
    return {"shape": list(a.shape), "data": [float(f"{v:.{digits}g}") for v in a.ravel().astype("f8")]}


def stir(model):
    for v in model.weights:
        if "seed" in v.path or not v.dtype.startswith("float"):
            continue
        if v.path.startswith("normalization") or "/normalization/" in v.path:
            continue
        a = rng.uniform(-0.6, 0.6, v.shape)
        v.assign(np.abs(a) + 0.5 if "variance" in v.path else a)


def saved(model):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "m.keras")
        model.save(path)
        return base64.b64encode(gzip.compress(pathlib.Path(path).read_bytes(), 9, mtime=0)).decode()


def flat(values):
    values = values if isinstance(values, (list, tuple)) else [values]
    return values[0] if len(values) == 1 else tf.concat([tf.reshape(v, (v.shape[0], -1)) for v in values], 1)


def inputs_of(name, model, n):
    xs = [rng.uniform(-1, 1, (n, *i.shape[1:])).astype("f") for i in model.inputs]
    return [np.floor((x + 1) * 2.49).astype("f") for x in xs] if name == "embedding" else xs


def record(name, model):
    xs = inputs_of(name, model, 3)
    given = xs if len(xs) > 1 else xs[0]
    file = saved(model)
    with tf.GradientTape() as tape:
        y = flat(model(given, training=False))
        direction = rng.uniform(-1, 1, y.shape).astype("f")
        total = tf.reduce_sum(y * direction)
    grads = tape.gradient(total, [v.value for v in model.trainable_variables])
    before = model.get_weights()
    for v, g in zip(model.trainable_variables, grads):
        v.assign(tf.convert_to_tensor(g))
    slopes = saved(model)
    model.set_weights(before)
    return {
        "file": file,
        "gradients": slopes,
        "x": plain(flat(xs)),
        "y": plain(y),
        "direction": plain(direction),
    }


place = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "keras"
place.mkdir(parents=True, exist_ok=True)
target = place / "models.json"


def train(kind, cases, before, digits=9):
    for name, (own, optimizer, loss) in cases.items():
        keras.utils.set_random_seed(1)
        model = models[own]()
        stir(model)
        model.compile(optimizer(), loss() if callable(loss) else loss)
        [x] = inputs_of(own, model, 6)
        t = rng.uniform(-1, 1, (6, *model.output_shape[1:])).astype("f")
        if digits > 9:
            t = np.sign(t) if name == "hinge" else 2 * t
        if "crossentropy" in str(loss):
            t = np.eye(t.shape[1], dtype="f")[t.argmax(1)]
        for _ in range(before):
            model.train_on_batch(x, t)
        file = saved(model)
        for _ in range(10):
            model.train_on_batch(x, t)
        result[kind][name] = {"file": file, "after": saved(model), "x": plain(x, digits), "t": plain(t, digits)}


if "wide" in sys.argv[1:]:
    result = json.loads(target.read_text())
else:
    result = {"version": keras.__version__, "models": {}, "trained": {}, "resumed": {}}
    for name, make in models.items():
        if name in ("small", "penalized", "penalized images"):
            continue
        keras.utils.set_random_seed(1)
        model = make()
        stir(model)
        result["models"][name] = record(name, model)
    train("trained", trained, 0)
    train("resumed", resumed, 3)
keras.config.set_floatx("float64")
rng = np.random.default_rng(1)
result["wide"] = {}
train("wide", wide, 0, 17)
target.write_text(json.dumps(result, separators=(",", ":")) + "\n")
