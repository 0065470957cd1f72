"""The kinds of errors by the plainest means: every pixel is compared with every other one."""

from __future__ import annotations

from itertools import product

import numpy as np


def find_slowly(y_true, y_pred, void, width):
    """Return the maps of kinds as misses and as false alarms, in two or three dimensions."""
    places = list(np.ndindex(y_true.shape))
    truth = {at: None if void[at] else int(y_true[at]) for at in places}
    guess = {at: int(y_pred[at]) for at in places}
    maps = np.zeros((2, *y_true.shape), dtype=np.uint8)
    for label in {*truth.values(), *guess.values()} - {None}:
        inside = [
            {at for at in places if truth[at] == label},
            {at for at in places if guess[at] == label},
        ]
        right = inside[0] & inside[1]
        neither = set(places) - inside[0] - inside[1]
        for side, region in enumerate(inside):
            errors = region - right
            naive = [
                at
                for at in errors
                if _is_near(at, right, width) and _is_near(at, neither, width)
            ]  # fmt: skip
            near = {at for at in errors if _is_near(at, naive, width)}
            edges = set()
            for part in _split(near):
                if _touches(part, right) and _touches(part, neither):
                    edges |= part
            for part in _split(region):
                for at in part & errors:
                    kind = 2 if part & right else 3
                    maps[side][at] = 1 if at in edges else kind
    maps[:, void] = 0
    return maps


def _is_near(at, others, width):
    """Return whether the distance to one of these pixels, rounded, is at most a width."""
    return any(
        round(sum((a - b) ** 2 for a, b in zip(at, other, strict=True)) ** 0.5) <= width
        for other in others
        if width > 0
    )


def _touches(part, others):
    return any(neighbour in others for at in part for neighbour in _list_neighbours(at))


def _list_neighbours(at):
    return [
        tuple(a + b for a, b in zip(at, step, strict=True))
        for step in product((-1, 0, 1), repeat=len(at))
    ]


def _split(region):
    """Return the parts of a region; diagonal neighbours belong together."""
    left, parts = set(region), []
    while left:
        part, new = set(), {next(iter(left))}
        while new:
            part |= new
            left -= new
            new = {other for at in new for other in _list_neighbours(at)} & left
        parts.append(part)
    return parts
