"""The commands, one thin function each, a module for each noun."""
