# fuzz targets of ingest
