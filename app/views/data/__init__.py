"""The Data view: a planner's own files, from upload to a data set to train on."""
