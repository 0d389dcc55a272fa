"""The two pipes, and who reads them.

One thread at a time reads, and a call is answered by the thread that has read it. While it is the
only one, that thread goes on reading afterwards: a change of threads takes longer than most calls.
A call that lasts, or that asks the host something, gives the reading away to another thread, so
that there is soon one which reads what comes meanwhile.
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
# Seconds after which a call lasts, and nobody reads for at most twice as long.
PATIENCE = 0.005
# How often nothing may have happened until nobody looks any more.
LOOKS = 40

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
        self.lock = _closed_lock()
        self.answer: dict[str, Any] = {}


class Channel:
    """Reads what the host sends, has it answered, and sends."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._reader, self._writer = _take_pipes()
        self._writing = allocate_lock()
        self._calls: dict[Any, Call] = {}
        self._waiting: dict[int, Waiting] = {}
        self._last_id = 0
        # The call during which nobody reads. Whoever pops it decides who reads next. Appending and
        # popping need no lock, here and below.
        self._unread: list[Call] = []
        # Threads that wait to be readers, and what wakes one of them.
        self._spare: list[None] = []
        self._turn = _closed_lock()
        self._watcher_sleeps = False
        self._watcher_wakes: LockType | None = None

    def run(self) -> NoReturn:
        """What every thread does until the host closes stdin: it reads when it is its turn."""
        try:
            while True:
                self._read_and_answer()
                self._spare.append(None)
                self._turn.acquire()
        except BaseException:
            _give_up()

    def _read_and_answer(self) -> None:
        """Returns when another thread reads."""
        while True:
            call, method, params = self._next_call()
            self._calls[call.id] = call
            if method == "initialize":
                # Nothing is to be answered before it.
                self._perform(call, method, params)
                continue
            self._unread.append(call)
            if len(self._calls) > 1 or self._waiting:
                self._let_read()
            elif self._watcher_wakes is None:
                self._watcher_wakes = _closed_lock()
                start_new_thread(self._watch, (self._watcher_wakes,))
            elif self._watcher_sleeps and self._watcher_wakes.locked():
                self._watcher_wakes.release()
            self._perform(call, method, params)
            try:
                self._unread.pop()
            except IndexError:
                return

    def _let_read(self) -> None:
        """Sees to it that somebody reads from now on."""
        try:
            self._unread.pop()
        except IndexError:
            return
        try:
            self._spare.pop()
        except IndexError:
            start_new_thread(self.run, ())
        else:
            self._turn.release()

    def _watch(self, wakes: LockType) -> NoReturn:
        """Finds calls that last. It sleeps when there have been none for a while."""
        try:
            last: list[Call] = []
            quiet = 0
            while True:
                sleep(PATIENCE)
                now = self._unread[:]
                quiet = 0 if now else quiet + 1
                if now and now == last:
                    self._let_read()
                last = now
                if quiet > LOOKS:
                    self._watcher_sleeps = True
                    if not self._unread:
                        wakes.acquire()
                    self._watcher_sleeps = False
                    quiet = 0
        except BaseException:
            _give_up()

    def request(self, method: str, params: dict[str, Any]) -> Any:
        """Asks the host and waits for its answer."""
        waiting = Waiting()
        with self._writing:
            self._last_id += 1
            id = self._last_id
        self._waiting[id] = waiting
        self._let_read()
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


def _give_up() -> NoReturn:
    """Without a reader the host would wait for ever."""
    sys.excepthook(*sys.exc_info())
    os._exit(70)


def _closed_lock() -> LockType:
    lock = allocate_lock()
    lock.acquire()
    return lock


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
