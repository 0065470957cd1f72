"""The callback for `model.fit`: what Keras 3 and tf-keras have in common.

`iou_doctor.keras` and `iou_doctor.tf_keras` combine it with the callback class of their library.
The modules here import neither.
"""
