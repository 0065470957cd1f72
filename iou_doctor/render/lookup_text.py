"""What can explain a printed score, for people."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from iou_doctor.render.console import render_parts
from iou_doctor.report.score_lookup import Match, ScoreLookup, Suspect

# Without `--verbose`, the likeliest explanations fit on one screen.
MOST_MATCHES = 5
"""The number of values shown that explain the score."""
MOST_SUSPECTS = 6
"""The number of causes shown for one value."""
MOST_NAMES = 8
"""The number of implementations shown for one cause."""
MOST_CONDITIONS = 4
"""The number of causes shown that hold only under conditions on the data."""
LEAST_SHOWN = 0.05
"""The number of matches by chance from which it is written out."""
MANY_BY_CHANCE = 1.0
"""The number of matches by chance from which more digits are asked for."""
LEAST_SHARE = 0.25
"""A cause is shown if it has at least this share of the plausibility of the likeliest cause."""


def render(lookup: ScoreLookup, console: Console, *, verbose: bool = False) -> str:
    """Return the text of `iou-doctor why`, with colour codes if the console has colours."""
    parts: list[RenderableType] = [show_lookup(lookup, verbose=verbose)]
    if lookup.versus is not None:
        parts = [
            Text(summarize_both(lookup), style="bold"),
            *parts,
            show_lookup(lookup.versus, verbose=verbose),
        ]
    return render_parts(parts, console)


def show_lookup(lookup: ScoreLookup, *, verbose: bool = False) -> RenderableType:
    """Return the lookup as a part of a report."""
    shown = lookup.matches if verbose else lookup.matches[:MOST_MATCHES]
    parts: list[RenderableType] = [Text(summarize(lookup), style="bold")]
    parts += [
        _show_match(index, match, lookup.printed.digits, verbose=verbose)
        for index, match in enumerate(shown, start=1)
    ]
    if len(shown) < len(lookup.matches):
        parts.append(Text(f"{len(lookup.matches) - len(shown)} more; -v shows all", style="dim"))
    if lookup.conditions:
        parts.append(_show_conditions(lookup, verbose=verbose))
    parts.append(Text(_state_odds(lookup), style="dim"))
    spaced = [part for each in parts for part in (each, Text(""))]
    return Group(*spaced[:-1])


def summarize(lookup: ScoreLookup) -> str:
    """Summarize the result in one line."""
    text, count = lookup.printed.text, len(lookup.matches)
    if not count and lookup.conditions:
        return f"{text}: no fault gives this number by itself; some do under the conditions below"
    if not count:
        return f"{text}: nothing that was tried gives this number"
    kinds = "one explanation" if count == 1 else f"{count} explanations, the most likely first"
    return f"{text}: {kinds}"


def summarize_both(lookup: ScoreLookup) -> str:
    """Return what separates two scores, in one sentence."""
    other, separation = lookup.versus, lookup.separation
    assert other is not None
    both = f"{lookup.printed.text} and {other.printed.text}"
    if separation is None and lookup.with_arrays:
        return f"{both}: nothing that was tried gives both numbers"
    if separation is None:
        return f"{both}: give PREDICTIONS and MASKS to find out what separates them"
    if not (lookup.printed.is_precise and other.printed.is_precise):
        return f"{both}, of whose explanations many match by chance: perhaps {separation.text}"
    return f"{both}: {separation.text}"


def _show_match(index: int, match: Match, digits: int, *, verbose: bool) -> RenderableType:
    suspects = match.suspects if verbose else _select_suspects(match)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, justify="right", style="bold")
    grid.add_column(overflow="fold")
    for row, suspect in enumerate(suspects):
        head = f"{index}.  {match.value:.{digits}f}" if row == 0 else "or"
        grid.add_row(head, _show_suspect(suspect, verbose=verbose))
    if len(suspects) < len(match.suspects):
        more = len(match.suspects) - len(suspects)
        grid.add_row("", Text(f"and {more} more with this value; -v shows all", style="dim"))
    return Padding(grid, (0, 0, 0, 2))


def _select_suspects(match: Match) -> tuple[Suspect, ...]:
    least = LEAST_SHARE * match.suspects[0].plausibility
    return tuple(each for each in match.suspects[:MOST_SUSPECTS] if each.plausibility >= least)


def _show_suspect(suspect: Suspect, *, verbose: bool) -> RenderableType:
    names = suspect.implementations
    shown = names if verbose else names[:MOST_NAMES]
    more = f" and {len(names) - len(shown)} more" if len(shown) < len(names) else ""
    implementations = Text(", ".join(shown) + more, style="dim")
    claim = Text(suspect.cause.claim)
    next_step = Text.assemble(("next: ", "green"), suspect.cause.next_step)
    return Group(claim, *([implementations] if any(names) else []), next_step)


def _show_conditions(lookup: ScoreLookup, *, verbose: bool) -> RenderableType:
    shown = lookup.conditions if verbose else lookup.conditions[:MOST_CONDITIONS]
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    for condition in shown:
        next_step = Text.assemble(("next: ", "green"), condition.cause.next_step)
        claim = Text(f"{condition.requires}: {condition.cause.claim}")
        grid.add_row("if", Group(claim, next_step))
    if len(shown) < len(lookup.conditions):
        more = len(lookup.conditions) - len(shown)
        grid.add_row("", Text(f"and {more} more under other conditions; -v shows all", "dim"))
    return Padding(grid, (0, 0, 0, 2))


def _state_odds(lookup: ScoreLookup) -> str:
    chance = (
        f"about {lookup.expected_by_chance:.1f}"
        if lookup.expected_by_chance >= LEAST_SHOWN
        else "fewer than 0.1"
    )
    odds = f"{lookup.values_tried:,} different values tried; {chance} would match by chance alone"
    if not lookup.printed.is_precise and lookup.expected_by_chance >= MANY_BY_CHANCE:
        odds += _count_exact(lookup)
    elif lookup.matches and lookup.expected_by_chance >= LEAST_SHOWN and lookup.printed.is_precise:
        odds += ", which more digits of the score would rule out"
    if not lookup.with_arrays:
        odds += "; give PREDICTIONS and MASKS to try every implementation on your arrays"
    return odds


def _count_exact(lookup: ScoreLookup) -> str:
    """Return how many values are the number itself, for a score of few digits."""
    if not lookup.exact_matches:
        return "; give the score with four digits to rule most of them out"
    verb = "equals" if lookup.exact_matches == 1 else "equal"
    return (
        f"; {lookup.exact_matches} {verb} {lookup.printed.text} exactly; give the score with four"
        " digits to rule the others out"
    )
