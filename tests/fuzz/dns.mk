# fuzz targets of dns
