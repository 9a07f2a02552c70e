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


def extents(plan, width, height):
    """(left, right, top, bottom) of every region of a plan, whatever lies over it. Where all have boxes the rest comes last."""
    over = [leaf for leaf in leaves(plan) if "box" in leaf]
    cells = [cell for cell in plan["regions"] if "box" not in cell]
    tiles = iter(boxes({**plan, "regions": cells} if cells else {}, width, height))
    places = []
    for leaf in leaves(plan):
        if leaf in over:
            left, top, right, bottom = leaf["box"]
            places.append((floor(width * left), floor(width * right), floor(height * top), floor(height * bottom)))
        else:
            places.append(next(tiles))
    return places + list(tiles)


def masks_of(plan, width, height):
    """One 0/1 mask [height·width] per region; together they cover every cell once. Nearer boxes lie over farther ones."""
    places = extents(plan, width, height)
    depth = lambda i: leaves(plan)[i].get("depth", 0) if i < len(leaves(plan)) and "box" in leaves(plan)[i] else float("inf")
    owner = torch.full((height, width), -1)
    for i in sorted(range(len(places)), key=lambda i: -depth(i)):
        left, right, top, bottom = places[i]
        owner[top:bottom, left:right] = i
    masks = [(owner == i).float().flatten() for i in range(len(places))]
    for mask in masks:
        assert mask.any(), f"a region is empty at {width}×{height}: choose a larger picture"
    assert (sum(masks) == 1).all()
    return masks
