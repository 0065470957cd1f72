"""Write the replacement of values by those of a table as Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

FEW_LABELS = 2
"""Up to so many labels are replaced in one line."""


def write_table(table: Mapping[int, int], name: str, *, otherwise: str) -> Iterable[str]:
    """Yield lines that replace values by those of a table, all at once."""
    low, high = min(table), max(table)
    down = low - table[low]
    if (
        len(table) > 1
        and 0 < down <= low
        and all(table.get(old) == old - down for old in range(low, high + 1))
    ):
        inside = f"({low} <= {name}) & ({name} <= {high})"
        yield f"{name} = np.where({inside}, {name} - {down}, {otherwise})"
    elif len(table) <= FEW_LABELS:
        yield f"{name} = {nest(table, f'{name} == {{}}', otherwise)}"
    else:
        yield from write_lookup(table, name)
        yield f"{name} = np.where(old[place] == {name}, new[place], {otherwise})"


def nest(table: Mapping[int, int], condition: str, otherwise: str) -> str:
    """Return one `np.where` inside the other, with `condition` for each old label."""
    for old, new in reversed(list(table.items())):
        label = str(new) if new in range(256) else f"np.array({new})"  # an array widens the dtype
        otherwise = f"np.where({condition.format(old)}, {label}, {otherwise})"
    return otherwise


def write_lookup(table: Mapping[int, int], name: str) -> Iterable[str]:
    """Yield lines that define arrays `old` and `new`, and the `place` of each value in `old`."""
    olds = sorted(table)
    yield f"old = np.array({olds})"
    yield f"new = np.array({[table[old] for old in olds]})"
    yield f"place = np.searchsorted(old, {name}).clip(max=len(old) - 1)"
