"""A checkup inside `model.fit`: what the models of Keras 3 and of tf-keras have in common.

`iou_doctor.keras` and `iou_doctor.tf_keras` tie it to either library; nothing here imports one.
"""
