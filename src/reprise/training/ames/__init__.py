"""Training AMES (Suma et al., ECCV 2024): triplets, distillation, and the matrix that binary networks start from."""
