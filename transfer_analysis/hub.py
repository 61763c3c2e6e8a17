"""Whether the model and data hub can be reached, asked once with a bounded wait."""

from __future__ import annotations

import threading
import urllib.request
from functools import cache
from pathlib import Path

from transfer_analysis.errors import InputError

#: Seconds to wait for the hub's answer.
HUB_WAIT = 5.0


@cache
def hub_is_reachable() -> bool:
    """Whether the hub answers a request within `HUB_WAIT` seconds, through a proxy where the environment names one.

    `HF_HUB_OFFLINE=1` in the environment answers no at once. A host that accepts connections and says nothing, or a proxy
    that refuses, is no hub.
    """
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    answers: list[bool] = []
    request = urllib.request.Request(constants.ENDPOINT, method="HEAD")  # noqa: S310  # the library's own address

    def ask() -> None:
        try:
            with urllib.request.urlopen(request, timeout=HUB_WAIT) as answer:  # noqa: S310  # as above
                answers.append(answer.status == 200)
        except (OSError, ValueError):
            answers.append(False)

    # The timeout bounds each step of the connection; the thread bounds them all.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(HUB_WAIT + 1)
    return answers == [True]


def named(name: str, what: str) -> tuple[str, str | None]:
    """Return a folder as it is, or the repository and the revision that `owner/name` or `owner/name@revision` names.

    Raises
    ------
    InputError
        For what is neither, calling it `what`.
    """
    if Path(name).is_dir():
        return name, None
    repository, _, revision = name.partition("@")
    if repository.count("/") != 1:
        raise InputError(f"{what} {name!r}: no such folder, and not a hub id of the form owner/name")
    return repository, revision or None


def network_errors() -> tuple[type[Exception], ...]:
    """Return what the hub's client raises when a request fails."""
    from huggingface_hub import errors

    # The client's own base of all errors, whichever client this version of the library uses.
    return (OSError, ValueError, RuntimeError, errors.HfHubHTTPError.__bases__[0])
