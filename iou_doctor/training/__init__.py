"""The callback for `model.fit`: the code that Keras 3 and tf-keras share.

`iou_doctor.keras` and `iou_doctor.tf_keras` combine it with the callback class of their library.
The modules here import neither.
"""
