"""Open files, objects and models as arrays that can be read part by part."""
