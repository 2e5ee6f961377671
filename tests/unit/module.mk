# unit tests of module
