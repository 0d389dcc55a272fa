"""The cache `webdav`: a plain WebDAV server, such as any web server has built in.

An item is one file, `action/HEX` or `blob/HEX`. It is uploaded under a name of its own and then
moved, so that nobody ever sees half of it.
"""

from __future__ import annotations

import os
import uuid
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from purlin import plugin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

R = TypeVar("R")

# Requests that are under way at once: most of their time is waiting.
THREADS = 8


class WebdavConfig(plugin.Config):
    """A folder on a WebDAV server."""

    url: str = plugin.field(
        "The folder; user and password come from WEBDAV_USER and WEBDAV_PASSWORD.",
        pattern="^https?://[^/]+",
        examples=["https://cache.example.com/purlin"],
    )
    timeout: int = plugin.field("Seconds until a server counts as gone.", default=10, minimum=1)


@plugin.cache(
    "webdav", hot="user", about="Results on a WebDAV server, shared by everybody who can reach it"
)
class Webdav(plugin.Cache[WebdavConfig]):
    def open(self, context: plugin.Context) -> None:
        self.at = urlsplit(self.config.url.rstrip("/"))
        self.headers: dict[str, str] = {}
        if user := os.environ.get("WEBDAV_USER"):
            secret = f"{user}:{os.environ.get('WEBDAV_PASSWORD', '')}"
            self.headers["Authorization"] = f"Basic {b64encode(secret.encode()).decode()}"
        for folder in ("", "/action", "/blob"):
            # 405: it is there already.
            self.ask("MKCOL", f"{self.at.path}{folder}/", ok={201, 405})

    def contains(
        self, items: Sequence[plugin.CacheItem], context: plugin.Context
    ) -> Sequence[bool]:
        def there(item: plugin.CacheItem) -> bool:
            return self.ask("HEAD", self.path(item), ok={200, 204, 404}).status != 404

        return each(there, items)

    def fetch(
        self, items: Sequence[plugin.CacheItem], folder: str, context: plugin.Context
    ) -> None:
        def one(item: plugin.CacheItem) -> None:
            response = self.ask("GET", self.path(item), ok={200, 404}, read=False)
            if response.status == 404:
                response.read()
                return
            with open(os.path.join(folder, item.file_name), "wb") as file:
                while piece := response.read(1 << 20):
                    file.write(piece)

        each(one, items)

    def put(self, items: Sequence[plugin.CacheItem], folder: str, context: plugin.Context) -> None:
        def one(item: plugin.CacheItem) -> None:
            with open(os.path.join(folder, item.file_name), "rb") as file:
                content = file.read()
            path = self.path(item)
            new = f"{path}.{uuid.uuid4().hex}"
            self.ask("PUT", new, ok={200, 201, 204}, body=content)
            # Servers replace a file by taking the old one away first: a content that is there
            # stays, since it is equal, unless it is cut off. A result is put again to change it.
            to = {
                "Destination": f"{self.at.scheme}://{self.at.netloc}{path}",
                "Overwrite": "T" if item.kind == "action" or self.is_cut_off(item) else "F",
            }
            if self.ask("MOVE", new, ok={201, 204, 412}, headers=to).status == 412:
                self.ask("DELETE", new, ok={200, 204, 404})

        each(one, items)

    def is_cut_off(self, item: plugin.CacheItem) -> bool:
        response = self.ask("HEAD", self.path(item), ok={200, 204, 404})
        length = response.getheader("Content-Length", item.size)
        return response.status != 404 and int(length) != item.size

    def path(self, item: plugin.CacheItem) -> str:
        return f"{self.at.path}/{item.kind}/{item.digest}"

    def ask(
        self,
        method: str,
        path: str,
        *,
        ok: set[int],
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        read: bool = True,
    ) -> HTTPResponse:
        kind = HTTPSConnection if self.at.scheme == "https" else HTTPConnection
        connection = kind(self.at.netloc, timeout=self.config.timeout)
        try:
            connection.request(method, path, body, {**self.headers, **(headers or {})})
            response = connection.getresponse()
            if read:
                response.read()
        except (OSError, HTTPException) as error:
            raise plugin.Transient(f"{self.config.url}: {error}") from error
        if response.status not in ok:
            status = f"{response.status} {response.reason}"
            raise plugin.Transient(f"{self.config.url}: {method} was answered with {status}")
        return response


def each(work: Callable[[plugin.CacheItem], R], items: Sequence[plugin.CacheItem]) -> list[R]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, items))
