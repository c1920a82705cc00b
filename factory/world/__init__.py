"""Long tracks of points in the world: followed in the picture, lifted to 3D, smoothed along their rays, told apart."""
