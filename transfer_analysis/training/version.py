"""The version of the training core."""

#: Raised whenever a change to the core can change a result: part of the identity of every run and of stored tokens.
CORE = 6
