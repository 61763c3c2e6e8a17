"""How a process that trains holds its memory."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

import torch

#: Settings of glibc's `mallopt`: the size from which an allocation is a mapping of its own, and what stays at the top.
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1


def settle_memory() -> None:
    """Have this process keep what it frees, and forget what it will not need again; before anything is computed.

    By default glibc gives every large tensor back to the system and takes it again at the next step, page by page, which
    costs about a tenth of the time of training; other C libraries have no such setting. oneDNN keeps a compiled product
    for every shape it has met, with its own memory: with batches of many lengths that is hundreds of megabytes.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, 1 << 30)
        library.mallopt(_TRIM_THRESHOLD, (1 << 31) - 1)


def give_back_memory() -> None:
    """Give the system back what is free, between one phase and the next, whose tensors have other sizes.

    On a card that several processes share, what one of them keeps for later is what the next one lacks.
    """
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.empty_cache()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
