"""From predictions to scores: metrics as the official scorers compute them, retrieval, rows of the transfer table."""
