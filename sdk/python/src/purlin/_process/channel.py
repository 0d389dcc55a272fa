"""The two pipes, and who reads them.

Every thread of the process does the same: it waits for its turn to read, reads one message, lets
the next thread read, and answers what it has read. So a call is answered by the thread that read
it, which saves a change of threads, and there is always one that reads what comes meanwhile.
"""

from __future__ import annotations

import os
import sys
from _thread import allocate_lock, start_new_thread
from time import monotonic, sleep

from purlin.plugin._error import (
    Cancelled,
    InvalidConfig,
    NotFound,
    PluginError,
    Refused,
    Transient,
    Unsupported,
)

from .wire import LIMIT, decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import Callable
    from typing import Any, BinaryIO, NoReturn

    Answer = Callable[["Call", str, dict[str, Any]], Any]

# Seconds for calls to notice that stdin was closed.
GRACE = 1.0

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
INVALID_PARAMS = -32602
CALL_FAILED = -32000
REFUSED = -32002
CANCELLED = -32800

_ERRORS: dict[str, type[PluginError]] = {
    kind.code: kind for kind in (InvalidConfig, NotFound, Transient, Unsupported, Cancelled)
}


class RpcError(Exception):
    """An answer that is an error of the protocol."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Call:
    """One request of the host that is under way."""

    __slots__ = ("_channel", "id", "is_cancelled")

    def __init__(self, channel: Channel, id: Any) -> None:
        self._channel = channel
        self.id = id
        self.is_cancelled = False

    def cancelled(self) -> bool:
        return self.is_cancelled

    def request(self, method: str, params: dict[str, Any]) -> Any:
        return self._channel.request(method, params)

    def notify(self, method: str, params: dict[str, Any]) -> None:
        self._channel.send({"jsonrpc": "2.0", "method": method, "params": params})


class Waiting:
    """A request to the host that has no answer yet."""

    __slots__ = ("answer", "lock")

    def __init__(self) -> None:
        self.lock: LockType = allocate_lock()
        self.lock.acquire()
        self.answer: dict[str, Any] = {}


class Channel:
    """Reads what the host sends, has it answered, and sends."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._reader, self._writer = _take_pipes()
        self._reading = allocate_lock()
        self._writing = allocate_lock()
        self._calls: dict[Any, Call] = {}
        self._waiting: dict[int, Waiting] = {}
        self._last_id = 0
        # Threads that wait for their turn to read. Appending and popping need no lock.
        self._spare: list[None] = []

    def run(self) -> NoReturn:
        """What every thread does until the host closes stdin."""
        try:
            while True:
                self._spare.append(None)
                with self._reading:
                    self._spare.pop()
                    call, method, params = self._next_call()
                    self._calls[call.id] = call
                    if method == "initialize":
                        # Nothing is to be answered before it.
                        self._perform(call, method, params)
                        continue
                    if not self._spare:
                        start_new_thread(self.run, ())
                self._perform(call, method, params)
        except BaseException:
            # Without a reader the host would wait for ever.
            sys.excepthook(*sys.exc_info())
            os._exit(70)

    def request(self, method: str, params: dict[str, Any]) -> Any:
        """Asks the host and waits for its answer."""
        waiting = Waiting()
        with self._writing:
            self._last_id += 1
            id = self._last_id
        self._waiting[id] = waiting
        try:
            self.send({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
            waiting.lock.acquire()
        finally:
            self._waiting.pop(id, None)
        error = waiting.answer.get("error")
        if error is None:
            return waiting.answer.get("result")
        data = error.get("data") or {}
        message = error.get("message", "the host gave no reason")
        if error.get("code") == REFUSED:
            raise Refused(message)
        if error.get("code") == CANCELLED:
            raise Cancelled(message)
        raise _ERRORS.get(data.get("code", ""), PluginError)(message, path=data.get("path"))

    def send(self, message: dict[str, Any]) -> None:
        """Writes one message; raises what keeps it from being one."""
        line = (encode(message) + "\n").encode("utf-8")
        if len(line) > LIMIT:
            raise ValueError(f"the message is larger than {LIMIT >> 20} MiB")
        with self._writing:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._writer, rest) :]

    def _next_call(self) -> tuple[Call, str, dict[str, Any]]:
        """Reads up to the next call. All else that is read is done with at once."""
        while True:
            line = self._reader.readline(LIMIT + 1)
            if not line:
                self._finish()
            if len(line) > LIMIT:
                sys.stderr.write(f"purlin: a message is larger than {LIMIT >> 20} MiB\n")
                os._exit(70)
            try:
                message = decode(line.decode("utf-8"))
            except ValueError as error:
                self._send_error(None, PARSE_ERROR, f"not a line of JSON: {error}")
                continue
            if not isinstance(message, dict):
                self._send_error(None, INVALID_REQUEST, "a message is an object")
                continue
            method = message.get("method")
            id = message.get("id")
            params = message.get("params", {})
            if method is None:
                waiting = self._waiting.get(id) if isinstance(id, int) else None
                if waiting is not None:
                    waiting.answer = message
                    waiting.lock.release()
                continue
            if not isinstance(method, str) or not isinstance(params, dict):
                self._send_error(id, INVALID_REQUEST, "`method` is a text, `params` an object")
            elif "id" not in message:
                self._notified(method, params)
            elif isinstance(id, (int, str)) and id not in self._calls:
                return Call(self, id), method, params
            else:
                self._send_error(None, INVALID_REQUEST, "`id` is a number that is not in use")

    def _notified(self, method: str, params: dict[str, Any]) -> None:
        call = self._calls.get(params.get("id"))
        if method == "$/cancel" and call is not None:
            call.is_cancelled = True

    def _perform(self, call: Call, method: str, params: dict[str, Any]) -> None:
        try:
            result = self._answer(call, method, params)
            self.send({"jsonrpc": "2.0", "id": call.id, "result": result})
        except RpcError as error:
            self._send_error(call.id, error.code, error.message)
        except PluginError as error:
            if call.is_cancelled and isinstance(error, Cancelled):
                self._send_error(call.id, CANCELLED, error.message)
            else:
                data: dict[str, str] = {"code": error.code}
                if error.path is not None:
                    data["path"] = error.path
                self._send_error(call.id, CALL_FAILED, error.message, data)
        except BrokenPipeError:
            self._calls.pop(call.id, None)
            self._finish()
        except BaseException as error:
            sys.excepthook(*sys.exc_info())
            told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            self._send_error(call.id, CALL_FAILED, told, {"code": "INTERNAL"})
        finally:
            self._calls.pop(call.id, None)

    def _send_error(
        self, id: Any, code: int, message: str, data: dict[str, str] | None = None
    ) -> None:
        error: dict[str, Any] = {"code": code, "message": _sendable(message)}
        if data is not None:
            error["data"] = data
        try:
            self.send({"jsonrpc": "2.0", "id": id, "error": error})
        except BrokenPipeError:
            self._finish()

    def _finish(self) -> NoReturn:
        """Ends the process; calls that look whether they are cancelled may tidy up before."""
        import atexit

        for call in list(self._calls.values()):
            call.is_cancelled = True
        for waiting in list(self._waiting.values()):
            waiting.answer = {"error": {"code": CANCELLED, "message": "the host is gone"}}
            waiting.lock.release()
        end = monotonic() + GRACE
        while self._calls and monotonic() < end:
            sleep(0.005)
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(0)


def _sendable(message: str) -> str:
    """Half of a surrogate pair, such as file names have, cannot be sent."""
    return message.encode("utf-8", "backslashreplace").decode("utf-8")


def _take_pipes() -> tuple[BinaryIO, int]:
    """Moves the protocol away from descriptors 0 and 1: what reads or prints there does no harm."""
    reader, writer = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    # Or what was printed would come late and between other lines.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    return open(reader, "rb", buffering=1 << 16), writer
