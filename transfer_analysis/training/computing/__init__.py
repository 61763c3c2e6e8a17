"""How a phase computes: numerics, dropout, memory, files of tensors, checkpoints."""
