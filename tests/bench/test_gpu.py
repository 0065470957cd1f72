"""The program that measures on a GPU, where there is none."""

from __future__ import annotations

from bench import gpu


def test_without_a_gpu_it_says_so_and_measures_nothing(monkeypatch, capsys):
    monkeypatch.setattr(gpu, "gpu_visible", lambda: False)
    assert gpu.main([]) == 0
    assert capsys.readouterr().out.startswith("No NVIDIA GPU is visible here")
