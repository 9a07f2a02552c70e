"""Which region each cell of a grid belongs to, from the definition of split ratios and in exact fractions."""
from fractions import Fraction
from math import floor

import torch


def rows_of(ratio):
    """A split ratio as (height, widths) per row, exactly."""
    rows = [[Fraction(field) for field in row.split(",")] for row in ratio.split(";")]
    return [(1, rows[0])] if len(rows) == 1 else [(row[0], row[1:] or [1]) for row in rows]


def leaves(cell):
    """A plan's regions in reading order."""
    return [leaf for part in cell["regions"] for leaf in leaves(part)] if "regions" in cell else [cell]


def least(cell):
    """The fewest columns and rows that leave every region of a cell one."""
    if "regions" not in cell:
        return 1, 1
    rows, parts = rows_of(cell["splitRatio"]), iter(cell["regions"])
    sizes = [[least(next(parts)) for _ in widths] for _, widths in rows]
    return max(sum(w for w, _ in row) for row in sizes), sum(max(h for _, h in row) for row in sizes)


def borders(shares, start, end, first, last, needs, cells):
    """Where parts of these shares of the stretch start…end (of the picture) meet on a grid of `cells` cells.

    floor(cells·cumulative), moved as little as it takes to leave every part the cells it needs between first and last.
    """
    at = [floor(cells * (start + (end - start) * sum(shares[:i]) / sum(shares))) for i in range(len(shares) + 1)]
    at[0], at[-1] = first, last
    for i in range(1, len(shares)):
        at[i] = max(at[i], at[i - 1] + needs[i - 1])
    for i in reversed(range(1, len(shares))):
        at[i] = min(at[i], at[i + 1] - needs[i])
    return at


def boxes(cell, width, height, x=None, y=None):
    """(left, right, top, bottom) of every region on a grid. x, y: a cell's exact and its rounded extent."""
    x = x or (Fraction(0), Fraction(1), 0, width)
    y = y or (Fraction(0), Fraction(1), 0, height)
    if "regions" not in cell:
        return [(*x[2:], *y[2:])]
    rows, parts, found = rows_of(cell["splitRatio"]), iter(cell["regions"]), []
    rows = [(h, widths, [next(parts) for _ in widths]) for h, widths in rows]
    exact = lambda shares, start, end, i: start + (end - start) * sum(shares[:i]) / sum(shares)
    heights = [h for h, _, _ in rows]
    tops = borders(heights, *y, [max(least(p)[1] for p in row) for _, _, row in rows], height)
    for i, (_, widths, row) in enumerate(rows):
        down = (exact(heights, *y[:2], i), exact(heights, *y[:2], i + 1), tops[i], tops[i + 1])
        lefts = borders(widths, *x, [least(p)[0] for p in row], width)
        for j, part in enumerate(row):
            along = (exact(widths, *x[:2], j), exact(widths, *x[:2], j + 1), lefts[j], lefts[j + 1])
            found += boxes(part, width, height, along, down)
    return found


def masks_of(plan, width, height):
    """One 0/1 mask [height·width] per region; together they cover every cell once."""
    masks = []
    for left, right, top, bottom in boxes(plan, width, height):
        mask = torch.zeros(height, width)
        mask[top:bottom, left:right] = 1
        assert mask.any(), f"a region is empty at {width}×{height}: choose a larger picture"
        masks.append(mask.flatten())
    assert (sum(masks) == 1).all()
    return masks
