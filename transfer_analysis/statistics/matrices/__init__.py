"""Square matrices of distances between the same labels: description, with the warning that belongs to it."""

from transfer_analysis.statistics.matrices.mantel import mantel, partial_mantel
from transfer_analysis.statistics.matrices.regression import MatrixRegression, matrix_regression

__all__ = ["MatrixRegression", "mantel", "matrix_regression", "partial_mantel"]
