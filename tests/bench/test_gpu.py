"""The benchmark for GPUs, on a machine without one."""

from __future__ import annotations

import pytest

from bench import gpu

KINDS = ("labels", "int64", "three", "single")


def test_without_a_gpu_it_says_so_and_measures_nothing(monkeypatch, capsys):
    monkeypatch.setattr(gpu, "is_gpu_visible", lambda: False)
    assert gpu.main([]) == 0
    assert capsys.readouterr().out.startswith("No NVIDIA GPU is visible here")


def test_rehearsed_on_the_processor_all_count_the_same(monkeypatch, capsys):
    pytest.importorskip("keras")
    pytest.importorskip("tensorflow")
    kinds = {name: case for name, case in gpu.CASES.items() if name in KINDS}
    monkeypatch.setattr(gpu, "CASES", kinds)
    assert gpu.main(["--rehearse", "--images", "2", "--side", "16", "--rounds", "1"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("the processor")
    assert "DIFFER" not in said
    assert "wanted" not in said
