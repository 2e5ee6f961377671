# fuzz targets of module
