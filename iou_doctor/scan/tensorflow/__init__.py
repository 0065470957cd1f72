"""The pass over the data in TensorFlow, on a GPU or any other device."""
