"""Objects in stores over the network, of which only the parts that are needed are read."""
