"""The pass by TensorFlow, on a GPU or any other of its devices."""
