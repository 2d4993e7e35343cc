"""Records ONNX files for test/fixtures/onnx/forms: one model in every version of the operators, tensors in
16-bit types and in a file beside the model, and the operators of the domain ai.onnx.ml in the way in which
scikit-learn's converter uses them, held against scikit-learn.

    python tools/record-onnx-forms.py      (onnx 1.23, onnxruntime 1.30, scikit-learn 1.9, safetensors)

A model is NAME.onnx; its inputs ("NAME.x") and outputs ("NAME.y") are in values.safetensors beside it, the
latter from onnxruntime. It does not know versions 27 and 28, in which none of these operators has changed:
there the same graph is run as one of version 26."""

import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "test", "fixtures", "onnx", "forms")
rng = np.random.default_rng(5)
values = {}


def uniform(*shape):
    return rng.uniform(-1, 1, shape).astype("f4")


class Graph:
    """A graph that grows: tensors by their names, nodes one after another."""

    def __init__(self):
        self.tensors, self.nodes, self.count = [], [], 0

    def tensor(self, name, value):
        self.tensors.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def whole(self, *numbers):
        self.count += 1
        return self.tensor(f"whole{self.count}", np.array(numbers, "i8"))

    def node(self, op, inputs, outputs=1, **attributes):
        self.count += 1
        names = [f"v{self.count}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, name=f"{op}_{self.count}", **attributes))
        return names[0] if outputs == 1 else names

    def model(self, shape, output, opset, kind=TensorProto.FLOAT, domains=(), after=None):
        x = helper.make_tensor_value_info("x", kind, ["n", *shape])
        y = helper.make_tensor_value_info(output, kind, ["n", *(after or [None])])
        graph = helper.make_graph(self.nodes, "forms", [x], [y], self.tensors)
        opsets = [helper.make_opsetid("", opset), *[helper.make_opsetid(*d) for d in domains]]
        ir = helper.find_min_ir_version_for(opsets[:1])
        return helper.make_model(graph, opset_imports=opsets, ir_version=max(ir, 6), producer_name="forms")


def write(name, model, x, deprecated=False):
    if not deprecated:
        onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    known = onnx.ModelProto()
    known.CopyFrom(model)
    if known.opset_import[0].version > 26:
        known.opset_import[0].version, known.ir_version = 26, 13
    session = onnxruntime.InferenceSession(known.SerializeToString(), options)
    y = session.run(None, {"x": x})[-1]
    if isinstance(y, list):
        y = np.array([[row[key] for key in sorted(row)] for row in y])
    with open(os.path.join(FOLDER, f"{name}.onnx"), "wb") as file:
        file.write(model.SerializeToString(deterministic=True))
    values[f"{name}.x"], values[f"{name}.y"] = x.astype("f4"), np.ascontiguousarray(y).astype("f4")


def of_opset(opset):
    """What has changed its form between versions: axes, sizes and ratios as attributes or inputs, defaults."""
    g = Graph()

    def axes(op, x, own, since, **more):
        if opset < since:
            return g.node(op, [x], axes=own, **more)
        return g.node(op, [x, g.whole(*own)], **more)

    sizes = [1, 0, 0, 2] if opset >= 18 else [0, 0, 1, 0, 0, 0, 0, 2]
    padded = ["x", g.whole(*sizes), g.tensor("edge", np.float32(0.5))]
    if opset >= 18:
        padded.append(g.whole(2, 3))
    x = g.node("Pad", padded, mode="constant")
    x = g.node("Conv", [x, g.tensor("conv.weight", uniform(6, 2, 3, 2)), g.tensor("conv.bias", uniform(6))],
               strides=[1, 2])
    statistics = [g.tensor(f"norm.{name}", np.abs(uniform(6)) + 0.5) for name in "weight bias mean var".split()]
    x = g.node("BatchNormalization", [x, *statistics], epsilon=1e-4, momentum=0.8)
    x = g.node("Clip", [x, g.tensor("low", np.float32(-0.7)), g.tensor("high", np.float32(0.9))])
    if opset < 12:
        x = g.node("Dropout", [x], ratio=0.25)
    else:
        x = g.node("Dropout", [x, g.tensor("ratio", np.float32(0.25))])
    x = g.node("MaxPool", [x], kernel_shape=[2, 2], pads=[0, 1, 0, 0])
    if opset < 13:
        a, b = g.node("Split", [x], outputs=2, axis=1, split=[3, 3])
    elif opset < 18:
        a, b = g.node("Split", [x, g.whole(3, 3)], outputs=2, axis=1)
    else:
        a, b = g.node("Split", [x], outputs=2, axis=1, num_outputs=2)
    x = g.node("Concat", [g.node("Tanh", [b]), g.node("Sigmoid", [a])], axis=1)
    mean = axes("ReduceMean", x, [2, 3], 18, keepdims=1)
    mean = axes("Squeeze", mean, [2, 3], 13)
    mean = axes("Unsqueeze", mean, [2], 13)
    mean = g.node("Reshape", [mean, g.whole(0, -1)])
    x = g.node("Flatten", [g.node("Relu", [x])])
    x = g.node("Gemm", [x, g.tensor("one.weight", uniform(5, 72)), g.tensor("one.bias", uniform(5))],
               transB=1)
    mean = g.node("Gemm", [mean, g.tensor("two.weight", uniform(6, 5))], alpha=0.5)
    x = g.node("Add", [x, mean])
    if opset >= 14:
        x = g.node("HardSwish", [x])
    if opset >= 17:
        x = g.node("LayerNormalization", [x, g.tensor("ln.weight", uniform(5)), g.tensor("ln.bias", uniform(5))])
    if opset >= 18:
        x = g.node("Mish", [x])
    if opset >= 20:
        x = g.node("Gelu", [x], approximate="tanh")
    if opset >= 23:
        x = g.node("RMSNormalization", [x, g.tensor("rms.weight", uniform(5))])
    # Its axis is 1 by default before version 13, and the last one from then on.
    return g.model((2, 5, 6), g.node("Softmax", [x]), opset)


def group_norm(opset):
    """A number for each group before version 21, and for each channel from then on."""
    g = Graph()
    size = 2 if opset < 21 else 6
    x = g.node("GroupNormalization", ["x", g.tensor("scale", uniform(size)), g.tensor("bias", uniform(size))],
               num_groups=2, epsilon=1e-4)
    return g.model((6, 5), x, opset, after=(6, 5))


def recurrence(opset):
    """The examples' axis may stand first from version 14 on."""
    g = Graph()
    w, u, b = (g.tensor(name, uniform(*shape)) for name, shape in
               [("W", (1, 12, 4)), ("R", (1, 12, 3)), ("B", (1, 24))])
    x = g.node("Transpose", ["x"], perm=[1, 0, 2])
    x = g.node("LSTM", [x, w, u, b], hidden_size=3)
    x = g.node("Squeeze", [x, g.whole(1)]) if opset >= 13 else g.node("Squeeze", [x], axes=[1])
    return g.model((5, 4), g.node("Transpose", [x], perm=[1, 0, 2]), opset, after=(5, 3))


def dense(kind):
    """Two layers with tensors of a type."""
    g = Graph()

    def held(name, value):
        g.tensors.append(helper.make_tensor(name, kind, value.shape, value.astype("f4").ravel()))
        return name

    return g, held


def half_weights(kind):
    """Tensors of 16 bits, which nodes make 32-bit numbers of; one stands in a list, one as bytes."""
    g, held = dense(kind)
    w = g.node("Cast", [held("weight", uniform(4, 3))], to=TensorProto.FLOAT)
    b = g.node("Cast", [held("bias", uniform(3))], to=TensorProto.FLOAT)
    as_bytes = g.tensors[0]
    bits = np.array(as_bytes.int32_data, "u2") if as_bytes.int32_data else None
    if bits is not None:
        as_bytes.ClearField("int32_data")
        as_bytes.raw_data = bits.tobytes()
    else:
        as_list = g.tensors[1]
        bits = np.frombuffer(as_list.raw_data, "u2")
        as_list.ClearField("raw_data")
        as_list.int32_data.extend(int(v) for v in bits)
    x = g.node("Add", [g.node("MatMul", ["x", w]), b])
    return g.model((4,), g.node("Tanh", [x]), 20)


def half_model():
    """All in 16 bits."""
    g, held = dense(TensorProto.FLOAT16)
    x = g.node("Gemm", ["x", held("weight", uniform(3, 4)), held("bias", uniform(3))], transB=1)
    return g.model((4,), g.node("Relu", [x]), 20, TensorProto.FLOAT16)


def external():
    """Tensors in a file beside the model, with offsets; one without a length, to the end."""
    g = Graph()
    weight, bias = uniform(4, 3), uniform(3)
    x = g.node("MatMul", ["x", g.tensor("weight", weight)])
    model = g.model((4,), g.node("Add", [x, g.tensor("bias", bias)]), 20)
    x = uniform(2, 4)
    write("external", model, x)
    bits = b"\0" * 64 + weight.tobytes() + b"\0" * 16 + bias.tobytes()
    for tensor, offset, length in zip(model.graph.initializer, (64, 128), (48, 12)):
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in {"location": "external.data", "offset": offset, "length": length}.items():
            entry = tensor.external_data.add()
            entry.key, entry.value = key, str(value)
    with open(os.path.join(FOLDER, "external.data"), "wb") as file:
        file.write(bits)
    path = os.path.join(FOLDER, "external.onnx")
    with open(path, "wb") as file:
        file.write(model.SerializeToString(deterministic=True))
    onnx.checker.check_model(path, full_check=True)
    [y] = onnxruntime.InferenceSession(path).run(None, {"x": x})
    assert np.array_equal(y, values["external.y"])


def learned():
    """What scikit-learn's converter writes: operators of the domain ai.onnx.ml, and plain products."""
    from sklearn import linear_model, neural_network, preprocessing

    x = uniform(60, 4)
    t = x @ uniform(4, 3) + 0.3
    labels, two = t.argmax(1), (t[:, 0] > 0).astype(int)
    scaler = preprocessing.StandardScaler().fit(x * 3 + 1)
    x = (x * 3 + 1).astype("f4")
    numbers = lambda values: [float(v) for v in np.ravel(values)]
    ml = dict(domain="ai.onnx.ml")

    def scaled(g, given="x"):
        return g.node("Scaler", [given], offset=numbers(scaler.mean_), scale=numbers(1 / scaler.scale_), **ml)

    def close(name, model, expected):
        write(name, model, x[:5])
        assert np.allclose(values[f"{name}.y"].reshape(expected.shape), expected, atol=1e-5), name

    def regressor(own, count):
        g = Graph()
        y = g.node("LinearRegressor", [scaled(g)], coefficients=numbers(own.coef_),
                   intercepts=numbers(own.intercept_), targets=count, **ml)
        return g.model((4,), y, 20, domains=[("ai.onnx.ml", 3)])

    one = linear_model.LinearRegression().fit(scaler.transform(x), t[:, 0])
    close("sklearnLinear", regressor(one, 1), one.predict(scaler.transform(x[:5])))
    many = linear_model.Ridge().fit(scaler.transform(x), t)
    close("sklearnRidge", regressor(many, 3), many.predict(scaler.transform(x[:5])))

    def classifier(own, after, names):
        g = Graph()
        w, b = own.coef_, own.intercept_
        if len(w) == 1:
            w, b = np.vstack([-w, w]), np.hstack([-b, b])
        label, scores = g.node("LinearClassifier", [scaled(g)], outputs=2, coefficients=numbers(w),
                               intercepts=numbers(b), classlabels_ints=[int(c) for c in own.classes_],
                               multi_class=1, post_transform=after, **ml)
        y = g.node("Normalizer", [scores], norm="L1", **ml)
        if names:
            y = g.node("ZipMap", [y], classlabels_int64s=[int(c) for c in own.classes_], **ml)
        model = g.model((4,), y, 20, domains=[("ai.onnx.ml", 3)])
        if names:
            shares = helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(1, []))
            model.graph.output[0].type.CopyFrom(helper.make_sequence_type_proto(shares))
        model.graph.output.insert(0, helper.make_tensor_value_info(label, TensorProto.INT64, ["n"]))
        return model

    three = linear_model.LogisticRegression().fit(scaler.transform(x), labels)
    close("sklearnLogistic", classifier(three, "SOFTMAX", True), three.predict_proba(scaler.transform(x[:5])))
    pair = linear_model.LogisticRegression().fit(scaler.transform(x), two)
    close("sklearnLogisticTwo", classifier(pair, "LOGISTIC", False), pair.predict_proba(scaler.transform(x[:5])))

    deep = neural_network.MLPRegressor(hidden_layer_sizes=(5, 3), activation="tanh", max_iter=40, random_state=1)
    deep.fit(scaler.transform(x), t[:, :2])
    g = Graph()
    y = g.node("Cast", [scaled(g)], to=TensorProto.FLOAT)
    for i, (w, b) in enumerate(zip(deep.coefs_, deep.intercepts_)):
        product = g.node("MatMul", [y, g.tensor(f"coefficient{i}", w.astype("f4"))])
        y = g.node("Add", [product, g.tensor(f"intercepts{i}", b.astype("f4"))])
        y = g.node("Tanh", [y]) if i < 2 else y
    y = g.node("Reshape", [y, g.whole(-1, 2)])
    model = g.model((4,), y, 20, domains=[("ai.onnx.ml", 3)])
    close("sklearnPerceptron", model, deep.predict(scaler.transform(x[:5])))


os.makedirs(FOLDER, exist_ok=True)
newest = onnx.defs.onnx_opset_version()
for opset in range(11, newest + 1):
    write(f"opset{opset}", of_opset(opset), uniform(3, 2, 5, 6))
for opset in (18, 21):
    write(f"groupNorm{opset}", group_norm(opset), uniform(2, 6, 5), deprecated=opset < 21)
for opset in (11, 14, 22):
    write(f"lstm{opset}", recurrence(opset), uniform(2, 5, 4))
write("half", half_weights(TensorProto.FLOAT16), uniform(2, 4))
write("bfloat", half_weights(TensorProto.BFLOAT16), uniform(2, 4))
write("halfModel", half_model(), uniform(2, 4).astype("f2"))
external()
learned()
save_file(values, os.path.join(FOLDER, "values.safetensors"))
print(len(values) // 2, "models, operators up to version", newest)
