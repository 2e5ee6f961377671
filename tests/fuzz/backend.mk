# fuzz targets of backend
