"""The kernels' slow twins: one story at a time, standard library only, obviously right; specification and judge."""
