# unit tests of ingest
