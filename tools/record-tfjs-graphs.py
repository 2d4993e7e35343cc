"""Records graph models of TensorFlow.js: python tools/record-tfjs-graphs.py (Keras 3.15, TensorFlow 2.21),
and then node tools/record-tfjs-graphs.mjs FOLDER, which runs them.

Writes test/fixtures/tfjs/graphs.json: for each model its model.json and weights (base64) as the converter of
TensorFlow.js 4.22 writes them (variables frozen, Grappler's passes and then "remap", values of Const nodes in
the manifest), an input, the output, and the gradient of half the sum of squares of the output by the input,
both by TensorFlow.

The converter's package cannot be installed beside this TensorFlow; what it does is done here."""

import base64
import json
import pathlib

from recording_keras import chain  # before TensorFlow, for which it sets the environment

import keras
import numpy as np
import tensorflow as tf
from google.protobuf.json_format import MessageToDict
from keras import layers as L
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tensorflow.python.grappler import tf_optimizer

rng = np.random.default_rng(0)


def residual():
    x = keras.Input((6, 5, 3))
    a = L.Conv2D(4, 3, padding="same", activation="relu")(x)
    b = L.Conv2D(4, 3, padding="same")(a)
    c = L.ReLU()(L.Add()([a, b]))
    d = L.Concatenate()([c, L.MaxPooling2D(3, strides=1, padding="same")(c)])
    return keras.Model(x, L.Dense(2)(L.GlobalAveragePooling2D()(d)))


def attention():
    x = keras.Input((4, 6))
    h = L.Dense(6)(x)
    s = L.Add()([x, h])
    return keras.Model(x, L.LayerNormalization()(s))


class Lenet(tf.Module):
    """As one writes it with tf.nn: biases by tf.nn.bias_add, batch norms fused."""

    def __init__(self):
        w = lambda *shape: tf.Variable(rng.normal(0, 0.3, shape).astype("f"))
        self.a, self.b, self.c = w(3, 3, 1, 4), w(4), w(5 * 5 * 4, 3)
        self.d, self.norm = w(3), [w(4), w(4), w(4), tf.Variable([0.5, 1.0, 1.5, 2.0])]

    def __call__(self, x):
        y = tf.nn.bias_add(tf.nn.conv2d(x, self.a, 1, "SAME"), self.b)
        y, *_ = tf.compat.v1.nn.fused_batch_norm(
            y, *self.norm[:2], self.norm[2], self.norm[3], epsilon=1e-3, is_training=False
        )
        y = tf.nn.max_pool2d(tf.nn.leaky_relu(y, 0.1), 2, 2, "VALID")
        y = tf.nn.elu(tf.matmul(tf.reshape(y, [-1, 100]), self.c) + self.d)
        return tf.nn.softmax(y)


models = {
    "dense": lambda: chain((3,), L.Dense(4, "tanh"), L.Dense(3, "softmax", use_bias=False)),
    "perceptron": lambda: chain((3,), L.Dense(8, "relu"), L.Dense(8, "sigmoid"), L.Dense(2)),
    "activations": lambda: chain(
        (3,),
        *[
            layer
            for name in "relu relu6 leaky_relu elu selu silu mish hard_sigmoid softplus "
            "tanh log_softmax hard_silu log_sigmoid".split()
            for layer in (L.Dense(4), L.Activation(name))
        ],
        L.Dense(4),
        L.PReLU(),
        L.ReLU(max_value=2),
    ),
    "gelu": lambda: chain((3,), L.Dense(4, "gelu")),
    "convolutions": lambda: chain(
        (9, 8, 3),
        L.Conv2D(4, 3, padding="same", strides=2, activation="relu"),
        L.BatchNormalization(),
        L.Conv2D(4, 2, dilation_rate=2, activation="elu"),
        L.Conv2D(3, 1, use_bias=False),
        L.AveragePooling2D(2, padding="same", strides=1),
        L.Flatten(),
        L.Dense(2),
    ),
    "conv1d": lambda: chain(
        (9, 2), L.Conv1D(3, 3, activation="relu"), L.MaxPooling1D(2), L.Flatten(), L.Dense(2)
    ),
    "separable": lambda: chain(
        (6, 5, 2),
        L.DepthwiseConv2D(3, depth_multiplier=2, padding="same", activation="relu6"),
        L.SeparableConv2D(3, 3, padding="same"),
        L.GlobalMaxPooling2D(),
    ),
    "transposed": lambda: chain(
        (3, 4, 2),
        L.Conv2DTranspose(3, 3, strides=2, padding="same"),
        L.ZeroPadding2D(((0, 1), (2, 0))),
        L.Cropping2D(((1, 0), (0, 0))),
        L.Conv2DTranspose(2, 2),
        L.GlobalAveragePooling2D(),
    ),
    "embedding": lambda: chain((4,), L.Embedding(5, 3), L.GlobalAveragePooling1D(), L.Dense(2)),
    "rearranged": lambda: chain(
        (4, 6), L.Permute((2, 1)), L.LayerNormalization(), L.Reshape((2, 12)), L.Dense(3), L.Flatten()
    ),
    "residual": residual,
    "normalized": attention,
    "lenet": Lenet,
}

shapes = {"lenet": (10, 10, 1)}


def frozen(function, spec):
    """The graph with its variables as constants."""
    concrete = tf.function(function).get_concrete_function(spec)
    return convert_variables_to_constants_v2(concrete)


def optimized(graph_def, inputs, outputs, passes):
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
    meta = tf.compat.v1.train.export_meta_graph(graph_def=graph_def, graph=graph)
    signature = meta_graph_pb2.SignatureDef()
    for key, tensors in (("inputs", inputs), ("outputs", outputs)):
        for t in tensors:
            info = getattr(signature, key)[t.name]
            info.name, info.dtype = t.name, t.dtype.as_datatype_enum
            info.tensor_shape.CopyFrom(t.shape.as_proto())
    meta.signature_def["serving_default"].CopyFrom(signature)
    config = config_pb2.ConfigProto()
    config.graph_options.rewrite_options.optimizers[:] = passes
    config.graph_options.rewrite_options.meta_optimizer_iterations = 1
    return tf_optimizer.OptimizeGraph(config, meta), signature


def converted(function, spec):
    concrete = frozen(function, spec)
    graph = concrete.graph.as_graph_def()
    usual = ["pruning", "constfold", "arithmetic", "dependency"]
    graph, _ = optimized(graph, concrete.inputs, concrete.outputs, usual + usual)
    for node in graph.node:
        if node.op in ("Conv2D", "MatMul", "DepthwiseConv2dNative"):
            node.device = "/device:CPU:0"
    # Nodes are fused where shapes are known, as the converter does it.
    graph, signature = optimized(graph, concrete.inputs, concrete.outputs, ["remap", *usual])
    weights, data = [], b""
    for node in graph.node:
        node.device = ""
        # The converter fuses these itself, under another name.
        if node.op == "_FusedDepthwiseConv2dNative":
            node.op = "FusedDepthwiseConv2dNative"
        if node.op != "Const":
            continue
        value = tf.make_ndarray(node.attr["value"].tensor)
        kind = {"float32": "float32", "int32": "int32", "bool": "bool"}[str(value.dtype)]
        weights.append({"name": node.name, "shape": list(value.shape), "dtype": kind})
        data += np.ascontiguousarray(value).tobytes()
        node.attr["value"].tensor.ClearField("tensor_content")
        for field in ("float_val", "int_val", "bool_val"):
            node.attr["value"].tensor.ClearField(field)
    for node in graph.node:
        for key in [k for k in node.attr if k.startswith("_") and k != "_output_shapes"]:
            del node.attr[key]
    return {
        "json": {
            "format": "graph-model",
            "generatedBy": tf.__version__,
            "convertedBy": "TensorFlow.js Converter v4.22.0",
            "signature": MessageToDict(signature),
            "modelTopology": MessageToDict(graph),
            "weightsManifest": [{"paths": ["group1-shard1of1.bin"], "weights": weights}],
        },
        "bytes": base64.b64encode(data).decode(),
    }


def plain(t):
    t = np.asarray(t)
    return {"shape": list(t.shape), "data": [float(f"{v:.9g}") for v in t.ravel().astype("d")]}


result = {"version": tf.__version__, "models": {}}
for name, make in models.items():
    model = make()
    if isinstance(model, keras.Model):
        for w in model.weights:
            own = rng.normal(0, 0.4, w.shape).astype("f")
            w.assign(np.abs(own) + 0.7 if "variance" in w.name else own)
    shape = shapes.get(name) or tuple(model.inputs[0].shape[1:])
    spec = tf.TensorSpec([None, *shape], tf.float32, name="x")
    function = (lambda x: model(x)) if isinstance(model, tf.Module) and not isinstance(
        model, keras.Model
    ) else (lambda x: model(x, training=False))
    x = rng.normal(size=(3, *shape)).astype("f")
    if name == "embedding":
        x = np.floor(np.abs(x) * 2).clip(0, 4)
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
        loss = tf.reduce_sum(y * y) / 2
    dx = tape.gradient(loss, x)
    own = {} if dx is None or name == "embedding" else {"dx": plain(dx)}
    result["models"][name] = {**converted(function, spec), "x": plain(x), "y": plain(y), **own}
    nodes = result["models"][name]["json"]["modelTopology"]["node"]
    print(name, [n["op"] for n in nodes if n["op"] != "Const"])

place = pathlib.Path(__file__).parent.parent / "test/fixtures/tfjs/graphs.json"
place.write_text(json.dumps(result, separators=(",", ":")) + "\n")
print(place.stat().st_size)
