"""Training HNDesc (Melekhov, Laskar, Li, Wang and Kannala, 3DV 2021): crops, keypoints and the loss."""
