"""Studies: a question, where its results come from, distances and tests, as one YAML file each; and their runner."""

from transfer_analysis.studies.analysed import Analysed
from transfer_analysis.studies.given import Given
from transfer_analysis.studies.run import analyse_study, run_study
from transfer_analysis.studies.study import Study, bundled_studies, load_study

__all__ = ["Analysed", "Given", "Study", "analyse_study", "bundled_studies", "load_study", "run_study"]
