"""SavedModels of TensorFlow: what their graphs may contain, and how they are loaded."""
