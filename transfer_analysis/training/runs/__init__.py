"""The runs of a grid: what each is, checked before, trained and scored once, in processes that may die."""
