"""The exercise on the matrix of a convolution: conv_matrix."""

import torch

from convlab.ops.matrix import conv_matrix as convlab_conv_matrix
from convlab.practice._bank._numbers import numbers
from convlab.practice.exercise import Case, Exercise, Mistake


def conv_matrix(weight, input_size):
    height, width = input_size
    kh, kw = weight.shape
    rows = []
    for i in range(height - kh + 1):
        for j in range(width - kw + 1):
            picture = weight.new_zeros(height, width)
            picture[i : i + kh, j : j + kw] = weight  # the kernel where the window stands
            rows.append(picture.flatten())
    return torch.stack(rows)


def conv_matrix_from_windows(weight, input_size):
    height, width = input_size
    numbered = torch.arange(height * width).reshape(height, width)
    windows = numbered.unfold(0, weight.shape[0], 1).unfold(1, weight.shape[1], 1)
    columns = windows.flatten(2).flatten(0, 1)  # for each window, the input elements it reads
    matrix = weight.new_zeros(len(columns), height * width)
    return matrix.scatter(1, columns, weight.flatten().expand(len(columns), -1))


def _placed(column_of, *, rows_of=lambda height, width, kh, kw: (height - kh + 1) * (width - kw + 1)):
    """A wrong answer that writes tap (k, l) of window (i, j) to a wrong column; columns outside are left out."""

    def wrong(weight, input_size):
        (height, width), (kh, kw) = input_size, weight.shape
        matrix = weight.new_zeros(rows_of(height, width, kh, kw), height * width)
        for row in range(len(matrix)):
            for k in range(kh):
                for m in range(kw):
                    column = column_of(row, k, m, height, width, kh, kw)
                    if column is not None and 0 <= column < height * width:
                        matrix[row, column] = weight[k, m]
        return matrix

    return wrong


def _column(row, k, m, height, width, kh, kw):
    i, j = divmod(row, width - kw + 1)
    return (i + k) * width + j + m


def _column_of_same(row, k, m, height, width, kh, kw):
    i, j = row // width + k - (kh - 1) // 2, row % width + m - (kw - 1) // 2
    return i * width + j if 0 <= i < height and 0 <= j < width else None


def _column_of_full(row, k, m, height, width, kh, kw):
    i, j = row // width + k, row % width + m
    return i * width + j if i < height and j < width else None


def _row_of_width(weight, input_size):
    """Window (i, j) is written to row i * W + j, as far as there is one."""
    width, kw = input_size[1], weight.shape[1]
    rows = conv_matrix(weight, input_size)
    matrix = torch.zeros_like(rows)
    for row, values in enumerate(rows):
        i, j = divmod(row, width - kw + 1)
        if i * width + j < len(matrix):
            matrix[i * width + j] = values
    return matrix


def _by_columns(row, k, m, height, width, kh, kw):
    j, i = divmod(row, height - kh + 1)
    return (i + k) * width + j + m


def _wrapped(row, k, m, height, width, kh, kw):
    i, j = divmod(row, width)
    return (i + k) % height * width + (j + m) % width


def _of_4d(matrix, weight, size):
    (height, width), (kh, kw) = size, weight.shape
    return matrix.reshape(height - kh + 1, width - kw + 1, height, width)


def _case(id, weight, *input_size):
    found = {
        "the input is not square": input_size[0] != input_size[1],
        "the kernel is not square": weight.shape[0] != weight.shape[1],
        "the kernel has an even size": any(size % 2 == 0 for size in weight.shape),
        "the kernel is not contiguous": not weight.is_contiguous(),
        "the dtype is float64": weight.dtype == torch.float64,
    }
    return Case(id, (weight, tuple(input_size)), traits=frozenset(trait for trait, holds in found.items() if holds))


def _cases():
    return (
        _case("a window as large as the input", torch.tensor([[1.0, 2.0]]), 1, 2),
        _case("one row", torch.tensor([[1.0, 2.0]]), 1, 4),
        _case("one column", torch.tensor([[1.0], [2.0], [3.0]]), 4, 1),
        _case("2 x 2 in 3 x 3", torch.tensor([[1.0, 2.0], [3.0, 4.0]]), 3, 3),
        _case("2 x 2 in 3 x 4", torch.tensor([[1.0, 2.0], [3.0, 4.0]]), 3, 4),
        _case("2 x 3 in 4 x 3", numbers(2, 3), 4, 3),
        _case("3 x 3 in 4 x 4", torch.arange(1.0, 10).reshape(3, 3), 4, 4),
        _case("float64, a kernel of 1 x 2", numbers(1, 2, dtype=torch.float64), 2, 3),
        _case("not contiguous, 3 x 2 in 5 x 4", numbers(2, 3, seed=1).T, 5, 4),
    )


CONV_MATRIX = Exercise(
    name="conv_matrix",
    notebook="08_transposed",
    idea="a convolution is a matrix",
    question="Write the matrix of a convolution with one channel, stride 1 and no padding: "
    "`conv_matrix(weight, (H, W)) @ input.flatten()` is the flattened output.\n\n"
    "`weight` is one kernel, `(kH, kW)`; `input_size` is the tuple `(H, W)`. The result is "
    "`(H_out * W_out, H * W)` and has the dtype of `weight`. Pictures are flattened row by row. "
    "`convlab.ops.matrix.conv_matrix` is not allowed.",
    difficulty=2,
    importance=2,
    minutes=15,
    hints=(
        "Each row of the matrix makes one output element. Which input elements does that window read, and with which "
        "weights?",
        "The row of window (i, j), seen as a picture of H x W, is zero but for the kernel at rows i to i + kH - 1 and "
        "columns j to j + kW - 1.",
        "For each i in range(H - kH + 1) and j in range(W - kW + 1): `picture = weight.new_zeros(H, W)`, "
        "`picture[i : i + kH, j : j + kW] = weight`, and `picture.flatten()` is the next row; `torch.stack` them.",
    ),
    solution=conv_matrix,
    alternative=conv_matrix_from_windows,
    cases=_cases,
    mistakes=(
        Mistake(
            "the matrix is transposed",
            "Rows and columns are exchanged: this is the matrix of the transposed convolution. A row belongs to an "
            "output element, a column to an input element.",
            lambda w, size: conv_matrix(w, size).T,
        ),
        Mistake(
            "the kernel is flipped",
            "The kernel stands in the matrix turned by 180 degrees. torch computes cross-correlation: the kernel "
            "stands "
            "as it is.",
            lambda w, size: conv_matrix(w.flip(0, 1), size),
        ),
        Mistake(
            "the kernel is transposed",
            "The rows and columns of the kernel have changed places. weight[k, l] meets input element (i + k, j + l).",
            lambda w, size: conv_matrix(w.T, size),
        ),
        Mistake(
            "no jump at the end of a row of windows",
            "Each row is the row above, moved by 1. After the last window of a picture row the next one starts at the "
            "next picture row: its first column is i * W + j.",
            _placed(lambda row, k, m, h, w, kh, kw: row + k * w + m),
        ),
        Mistake(
            "no gap between the kernel rows",
            "The rows of the kernel follow each other at once. The next picture row begins W elements later, so "
            "between "
            "them are W - kW zeros.",
            _placed(lambda row, k, m, h, w, kh, kw: _column(row, 0, 0, h, w, kh, kw) + k * kw + m),
        ),
        Mistake(
            "rows of length W_out",
            "The column was counted as row * W_out + column. The input has W elements in a row: row * W + column.",
            _placed(lambda row, k, m, h, w, kh, kw: row + k * (w - kw + 1) + m),
        ),
        Mistake(
            "the output has rows of length W",
            "The row of the matrix was counted as i * W + j. The output has W_out elements in a row: window (i, j) is "
            "row i * W_out + j.",
            _row_of_width,
        ),
        Mistake(
            "rows of length H",
            "The column was counted as row * H + column. A picture row has W elements: row * W + column.",
            _placed(lambda row, k, m, h, w, kh, kw: (row // (w - kw + 1) + k) * h + row % (w - kw + 1) + m),
        ),
        Mistake(
            "the output is counted column by column",
            "The rows of the matrix go down the output's columns first. flatten() goes row by row: output (i, j) is "
            "row "
            "i * W_out + j.",
            _placed(_by_columns),
        ),
        Mistake(
            "the input is counted column by column",
            "The columns of the matrix go down the picture's columns first. flatten() goes row by row: element (i, j) "
            "is "
            "column i * W + j.",
            _placed(lambda row, k, m, h, w, kh, kw: (row % (w - kw + 1) + m) * h + row // (w - kw + 1) + k),
        ),
        Mistake(
            "H and W swapped",
            "input_size is (H, W): rows first. Here it is read as (W, H).",
            lambda w, size: conv_matrix(w, size[::-1]),
        ),
        Mistake(
            "H is used for both sides",
            "The picture is taken as square, H by H. input_size is (H, W): use W for the columns.",
            lambda w, size: conv_matrix(w, (size[0], size[0])),
        ),
        Mistake(
            "windows that leave the picture",
            "There is a row for every input element, also for windows that end outside the picture. Only windows that "
            "fit count: (H - kH + 1) * (W - kW + 1).",
            _placed(_column_of_full, rows_of=lambda height, width, kh, kw: height * width),
        ),
        Mistake(
            "padding 'same'",
            "There is a row for every input element, as with padding. Without padding there are only (H - kH + 1) * "
            "(W - kW + 1) windows.",
            _placed(_column_of_same, rows_of=lambda height, width, kh, kw: height * width),
        ),
        Mistake(
            "the kernel wraps around the edge",
            "There is a row for every input element, and the kernel goes on at the other side of the picture. Only "
            "windows "
            "that fit count.",
            _placed(_wrapped, rows_of=lambda height, width, kh, kw: height * width),
        ),
        Mistake(
            "one row and column of windows too few",
            "The last windows are missing: there are H - kH + 1 by W - kW + 1.",
            lambda w, size: conv_matrix(w, size).unflatten(0, (-1, size[1] - w.shape[1] + 1))[:-1, :-1].flatten(0, 1),
        ),
        Mistake(
            "ones instead of the weights",
            "The matrix says only which elements a window reads. Where it reads one, put the weight.",
            lambda w, size: conv_matrix(torch.ones_like(w), size),
        ),
        Mistake(
            "not flattened",
            "Your result has four axes. Flatten the two of the output and the two of the input: reshape(H_out * "
            "W_out, H * W).",
            lambda w, size: _of_4d(conv_matrix(w, size), w, size),
        ),
        Mistake(
            "only the first kernel row",
            "Only the first row of the kernel is in the matrix. A window reads kH picture rows.",
            _placed(lambda row, k, m, h, w, kh, kw: None if k else _column(row, k, m, h, w, kh, kw)),
        ),
    ),
    replaces=(convlab_conv_matrix,),
)

EXERCISES = (CONV_MATRIX,)
