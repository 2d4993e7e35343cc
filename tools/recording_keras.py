"""What the recorders of Keras share: TensorFlow without its log and without a GPU, and models as chains."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import keras


def chain(shape, *all_layers):
    return keras.Sequential([keras.Input(shape), *all_layers])
