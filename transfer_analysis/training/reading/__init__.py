"""From examples to tensors: which examples, as subwords, with their targets."""
