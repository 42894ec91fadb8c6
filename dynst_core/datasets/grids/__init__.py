"""Gridded files (NetCDF, Zarr, GRIB, HDF5) read to a Field."""
