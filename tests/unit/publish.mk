# unit tests of publish
