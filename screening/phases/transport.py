"""The session behind the live client: bounded waits, a guarded key, and faults told in one line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import (
    InvalidHeader,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    ResponseError,
)
from urllib3.util.retry import Retry

from screening import __version__
from screening.errors import InputError, UnreachableError

KEY_HEADER = "x-api-key"
LOOPBACK = ("127.0.0.1", "::1", "localhost")

LONGEST_WAIT_S = 120.0
"""A server that asks for a longer pause than this is reported instead of waited for in silence."""

RETRIED = (429, 502, 503, 504)
"""Refusals that a pause may mend: rate limits and overloaded gateways."""

_LATER = "try later; the fetch resumes where it stopped"
_REFUSALS: Mapping[int, tuple[str, str]] = {
    401: ("API key refused", "check MP_API_KEY; keys are at https://materialsproject.org/api"),
    403: ("access forbidden", "check the key, and the terms accepted with it"),
    404: ("no such service", "check --endpoint"),
    414: ("request too long", "name fewer elements or systems at once"),
    429: ("rate limit reached", _LATER),
    500: ("server error", _LATER),
    502: ("bad gateway", _LATER),
    503: ("service unavailable", _LATER),
    504: ("gateway timeout", _LATER),
}


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server.

    Attributes
    ----------
    timeout_s : float
        For one attempt, connecting or reading.
    retries : int
        Further attempts after a time-out or a refusal in `RETRIED`.
    backoff_s : float
        Unit of the pauses between attempts, which double; a ``Retry-After`` of the server goes before.
    """

    timeout_s: float = 20.0
    retries: int = 3
    backoff_s: float = 0.5


def checked_endpoint(url: str) -> str:
    """Address of a service, ending in a slash.

    Raises
    ------
    InputError
        If it is no web address, contains a login, or would send the key unencrypted to another machine.
    """
    try:
        parts = urlsplit(url)
        host, login = parts.hostname, parts.username or parts.password
        _ = parts.port
    except ValueError:
        host, login = None, None
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise InputError("not a web address", where="--endpoint", remedy="write it as https://host/")
    if login:
        raise InputError("contains a login", where="--endpoint", remedy="leave the login out")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise InputError(
            f"would send the key unencrypted to {host}", where="--endpoint", remedy="write it as https://"
        )
    return url if url.endswith("/") else f"{url}/"


class Session(requests.Session):
    """A web session that waits for a bounded time and remembers what went wrong.

    The key goes to the host it was meant for and is dropped on a redirect to any other.

    Attributes
    ----------
    trouble : UnreachableError or None
        The last refusal or failure, until `forget` is called.
    """

    def __init__(self, key: str, patience: Patience) -> None:
        super().__init__()
        self.headers.update({KEY_HEADER: key, "user-agent": f"interphase-screening/{__version__}"})
        self.trouble: UnreachableError | None = None
        self._timeout_s = patience.timeout_s
        retry = _Retry(
            total=patience.retries,
            connect=min(patience.retries, 1),
            backoff_factor=patience.backoff_s,
            status_forcelist=RETRIED,
            raise_on_status=False,
        )
        for scheme in ("http://", "https://"):
            self.mount(scheme, HTTPAdapter(max_retries=retry))

    def forget(self) -> None:
        """Start afresh: what went wrong before is no matter of the next request."""
        self.trouble = None

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send within the time-out of this session, whatever the caller asks for."""
        host = urlsplit(request.url or "").netloc
        try:
            response = super().send(request, **{**kwargs, "timeout": self._timeout_s})
        except requests.RequestException as error:
            self.trouble = _no_answer(error, host)
            raise
        if response.status_code >= 400:
            self.trouble = _refusal(response, host)
        return response

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Drop the key, as requests drops a login, where a redirect leads to another host."""
        super().rebuild_auth(prepared_request, response)
        if self.should_strip_auth(response.request.url or "", prepared_request.url or ""):
            prepared_request.headers.pop(KEY_HEADER, None)


class _Retry(Retry):
    """Honour ``Retry-After`` up to `LONGEST_WAIT_S`; beyond it, give up at once."""

    def get_retry_after(self, response: Any) -> float | None:
        try:
            return super().get_retry_after(response)
        except InvalidHeader:
            return None

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Self:
        if response is not None and (self.get_retry_after(response) or 0.0) > LONGEST_WAIT_S:
            raise MaxRetryError(_pool, url or "", ResponseError("asked to wait for long"))
        return super().increment(method, url, response, error, _pool, _stacktrace)


def _refusal(response: requests.Response, host: str) -> UnreachableError:
    status = response.status_code
    message, remedy = _REFUSALS.get(status, ("server refused", _LATER))
    wait = response.headers.get("Retry-After", "")
    asked = f", retry after {wait} s" if wait.isdigit() else ""
    return UnreachableError(f"{message} (status {status}{asked})", where=host, remedy=remedy)


def _no_answer(error: requests.RequestException, host: str) -> UnreachableError:
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    online = "check the network connection and --endpoint"
    if isinstance(reason, NameResolutionError):
        return UnreachableError("host not found", where=host, remedy=online)
    if isinstance(reason, NewConnectionError):
        return UnreachableError("connection refused", where=host, remedy=online)
    if isinstance(error, requests.Timeout) or isinstance(reason, ReadTimeoutError):
        return UnreachableError("request timed out", where=host, remedy=_LATER)
    if isinstance(error, requests.exceptions.SSLError):
        return UnreachableError("certificate not trusted", where=host, remedy="check --endpoint")
    if isinstance(error, requests.exceptions.ProxyError):
        return UnreachableError("proxy does not answer", where=host, remedy="check the proxy settings")
    if isinstance(error, requests.TooManyRedirects):
        return UnreachableError("redirect loop", where=host, remedy="check --endpoint")
    if isinstance(error, requests.ConnectionError):
        return UnreachableError("connection lost", where=host, remedy=_LATER)
    return UnreachableError(f"request failed ({type(error).__name__})", where=host, remedy=online)
