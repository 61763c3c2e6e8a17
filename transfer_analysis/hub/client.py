"""Requests to the hub: a bounded wait, hiccups tried again, and every refusal as a sentence that says what to do."""

from __future__ import annotations

import errno
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from transfer_analysis.errors import InputError, MissingError, UnavailableError, first_line

T = TypeVar("T")

#: Seconds to wait for the hub's answer.
HUB_WAIT = 5.0

#: Seconds that are spent on trying again, all tries of one question together.
PATIENCE = 60.0

#: Seconds that one try waits at most where the hub asks for more; the client of the hub would wait any number.
LONGEST_WAIT = 15.0

#: Answers that say "not now".
_LATER = (408, 429, 500, 502, 503, 504)

#: Answers of a proxy or gateway that does not reach the hub.
_OF_A_PROXY = (407, 502, 504)

_CACHE_ERRORS = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT, errno.ENOTDIR, errno.EIO, errno.ENAMETOOLONG)


@cache
def hub_is_reachable() -> bool:
    """Whether the hub answers a request within `HUB_WAIT` seconds, through a proxy where the environment names one.

    `HF_HUB_OFFLINE=1` in the environment answers no at once. Any answer of the hub counts, as mirrors may have no page at
    their root; a host that accepts connections and says nothing, or a proxy that refuses, is no hub.
    """
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    answers: list[int] = []
    request = urllib.request.Request(constants.ENDPOINT, method="HEAD")  # noqa: S310  # the library's own address

    def ask() -> None:
        try:
            with urllib.request.urlopen(request, timeout=HUB_WAIT) as answer:  # noqa: S310  # as above
                answers.append(answer.status)
        except urllib.error.HTTPError as error:
            answers.append(error.code)
        except (OSError, ValueError):
            pass

    # The timeout bounds each step of the connection; the thread bounds them all.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(HUB_WAIT + 1)
    return bool(answers) and answers[0] not in _OF_A_PROXY


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


class BusyError(ConnectionError):
    """The hub did not answer part of a question, in a library's words for something else; it is asked again."""


def asked(question: Callable[[], T], what: str) -> T:
    """Ask the hub something; a hiccup is tried again, as `Retry-After` says, for `PATIENCE` seconds.

    Parameters
    ----------
    what
        What is asked for, for messages (`data set facebook/xnli`).

    Raises
    ------
    UnavailableError
        Where the hub does not answer, or is too busy: the same may be had later.
    MissingError
        Where a file is not there.
    InputError
        Where there is no such repository or revision, or it is not open to this person.
    """
    began = time.monotonic()
    _bound_waits()
    for attempt in count():
        try:
            return question()
        except network_errors() as error:
            wait = _wait(error, attempt)
            spent = time.monotonic() - began
            if wait is None or spent + wait > PATIENCE:
                raise _refusal(error, what, spent) from error
            time.sleep(wait)
    raise AssertionError  # the loop ends by an answer or a refusal


def _bound_waits() -> None:
    """Let the hub's client, which tries some requests again by itself, wait no longer than `LONGEST_WAIT` for each."""
    from huggingface_hub import get_session

    session = get_session()
    if _bounded not in session.event_hooks["response"]:
        session.event_hooks = {**session.event_hooks, "response": [*session.event_hooks["response"], _bounded]}


def _bounded(response: Any) -> None:
    after = response.headers.get("Retry-After")
    if after and _seconds(after) > LONGEST_WAIT:
        response.headers["Retry-After"] = str(int(LONGEST_WAIT))
    if response.status_code == 429 and "ratelimit" in response.headers:
        # It says when the limit ends, in up to five minutes, and the client would wait for that.
        del response.headers["ratelimit"]


def network_errors() -> tuple[type[Exception], ...]:
    """Return what the hub's client raises when a request fails."""
    from huggingface_hub import errors

    # The client's own base of all errors, whichever client this version of the library uses.
    return (OSError, ValueError, RuntimeError, errors.HfHubHTTPError.__bases__[0])


def _direct(error: BaseException) -> bool:
    """Whether what was asked for itself, and not something beside it, was said to be missing."""
    return "EntryNotFoundError" in {kind.__name__ for kind in type(error).__mro__}


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it came from: libraries wrap what the client raised."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _status(error: BaseException) -> tuple[int | None, str | None]:
    """Return the status that the hub answered with, and what it said of trying again."""
    for one in _chain(error):
        response = getattr(one, "response", None)
        if response is not None:
            return int(response.status_code), response.headers.get("Retry-After")
    return None, None


def out_of_reach(what: str) -> UnavailableError:
    """Return what is said of something that is neither cached nor to be had."""
    return UnavailableError(f"{what}: the hub cannot be reached, and it is not in the cache")


def is_refusal(error: BaseException) -> bool:
    """Whether the hub has answered that this person may not."""
    return _status(error)[0] in (401, 403)


def _is_silence(error: BaseException) -> bool:
    """Whether nobody answered."""
    from huggingface_hub import errors

    transport = errors.HfHubHTTPError.__bases__[0]
    silent = (transport, ConnectionError, TimeoutError, errors.LocalEntryNotFoundError)
    return _status(error)[0] is None and any(
        isinstance(one, silent) or "Offline" in type(one).__name__ for one in _chain(error)
    )


def _wait(error: BaseException, attempt: int) -> float | None:
    """Return how long to wait before the next try, or None where another try is of no use."""
    from huggingface_hub import constants

    status, after = _status(error)
    if status is None:
        online = not constants.HF_HUB_OFFLINE and hub_is_reachable()
        return 2.0**attempt if online and attempt < 2 and _is_silence(error) else None
    if status not in _LATER:
        return None
    return _seconds(after) if after else min(2.0**attempt, 16.0)


def _seconds(after: str) -> float:
    """Return the seconds of a `Retry-After`, which is a number or a date."""
    if after.strip().isdigit():
        return float(after)
    try:
        return max(0.0, parsedate_to_datetime(after).timestamp() - time.time())
    except (ValueError, TypeError):
        return 1.0


def _refusal(error: Exception, what: str, spent: float) -> InputError:
    """Return what a person is told."""
    kinds = {kind.__name__ for one in _chain(error) for kind in type(one).__mro__}
    status, _ = _status(error)
    page = re.search(r"[\w.-]+/[\w.-]+", what)
    of = f" on the page of {page[0]}" if page else ""
    for one in _chain(error):
        if isinstance(one, OSError) and one.errno in _CACHE_ERRORS:
            return InputError(
                f"{what}: cannot be kept: {one.strerror} ({one.filename}); name another cache with HF_HOME (or HF_DATASETS_CACHE) and "
                "TRANSFER_ANALYSIS_CACHE"
            )
    of_datasets = str(error) if "DatasetNotFoundError" in kinds else ""
    if "GatedRepoError" in kinds or status == 403 or "gated" in of_datasets:
        return InputError(f"{what}: is gated: log in (`hf auth login`) and accept its terms{of}")
    if status == 401 and _has_token():
        return InputError(
            f"{what}: the hub does not accept your token (HF_TOKEN, or `hf auth login`), or it is private"
        )
    if "RevisionNotFoundError" in kinds:
        return InputError(f"{what}: the hub has no such revision")
    if status == 401 or of_datasets or "RepositoryNotFoundError" in kinds:
        return InputError(
            f"{what}: the hub has nothing of that name, or it is private or gated: check the name, or log in "
            f"(`hf auth login`) and accept its terms{of}"
        )
    if status in _LATER:
        return UnavailableError(f"{what}: the hub answers {status} (busy), for {spent:.0f} s now; try again later")
    if isinstance(error, BusyError):
        return UnavailableError(f"{what}: {error}; try again later")
    if _is_silence(error):
        return out_of_reach(what)
    if _direct(error):
        return MissingError(f"{what}: the hub has no such file")
    return InputError(f"{what}: the hub does not give it: {first_line(error)}")


def _has_token() -> bool:
    from huggingface_hub import get_token

    return get_token() is not None
