"""All contracts, in the order in which they are told."""

from iou_doctor.metrics.definition import Contract
from iou_doctor.metrics.libraries import (
    ade20k,
    cityscapes,
    detectron2,
    fast_hist,
    hf_evaluate,
    ignite,
    keras,
    keras_backend,
    kornia,
    mmseg,
    monai,
    nnunet,
    paddleseg,
    pascal_voc,
    plain,
    segmentation_models,
    sklearn,
    smp,
    tf_keras,
    torchmetrics,
    torchmetrics_segmentation,
    torchvision,
    ultralytics,
)

CONTRACTS: tuple[Contract, ...] = tuple(
    contract
    for library in (
        keras,
        tf_keras,
        torchmetrics,
        torchmetrics_segmentation,
        mmseg,
        hf_evaluate,
        sklearn,
        monai,
        smp,
        segmentation_models,
        ultralytics,
        detectron2,
        paddleseg,
        ignite,
        kornia,
        nnunet,
        torchvision,
        fast_hist,
        ade20k,
        cityscapes,
        pascal_voc,
        keras_backend,
        plain,
    )
    for contract in library.CONTRACTS
)
