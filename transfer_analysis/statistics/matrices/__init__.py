"""Square matrices of distances between the same labels: description, with the warning that belongs to it."""

from transfer_analysis.statistics.matrices.mantel import mantel, partial_mantel
from transfer_analysis.statistics.matrices.regression import MatrixRegression, matrix_regression
from transfer_analysis.statistics.matrices.square import complete, is_symmetric

__all__ = ["MatrixRegression", "complete", "is_symmetric", "mantel", "matrix_regression", "partial_mantel"]
