"""Task distances from an encoder trained on each task: its gradients, states, weights, and how well it serves others."""
