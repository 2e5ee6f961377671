# unit tests of update
