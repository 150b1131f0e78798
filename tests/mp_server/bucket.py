"""A bucket on 127.0.0.1: lists and serves the files of a folder as object stores do, and nothing else.

    python bucket.py FOLDER

prints its port. It runs in a process of its own: the client reads its tables without letting other threads
of its process run.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

_STAMP = "2026-04-13T00:00:00.000Z"
_HTTP_STAMP = "Mon, 13 Apr 2026 00:00:00 GMT"


class Bucket(BaseHTTPRequestHandler):
    """Answers for objects of any bucket from one folder."""

    folder = Path()
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        query = parse_qs(asked.query)
        if "list-type" in query:
            self._list(query.get("prefix", [""])[0], query.get("delimiter", [""])[0])
            return
        path = self._object(asked.path)
        if path is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        content = path.read_bytes()
        wanted = self.headers.get("Range", "").removeprefix("bytes=")
        if not wanted:
            self._answer(200, content)
            return
        first, last = wanted.split("-")
        start = int(first) if first else max(len(content) - int(last), 0)
        end = min(int(last), len(content) - 1) if first and last else len(content) - 1
        self._answer(206, content[start : end + 1], f"bytes {start}-{end}/{len(content)}")

    def do_HEAD(self) -> None:
        path = self._object(urlsplit(self.path).path)
        self._head(200 if path else 404, path.stat().st_size if path else 0)

    def log_message(self, *_: object) -> None:
        """Say nothing: a test reads this process's output."""

    def _object(self, address: str) -> Path | None:
        path = self.folder / unquote(address).lstrip("/").partition("/")[2]
        return path if path.is_file() else None

    def _list(self, prefix: str, delimiter: str) -> None:
        keys = sorted(p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*") if p.is_file())
        inside = [key for key in keys if key.startswith(prefix)]
        deeper = {key[: key.index("/", len(prefix)) + 1] for key in inside if "/" in key[len(prefix) :]}
        objects = [key for key in inside if not delimiter or "/" not in key[len(prefix) :]]
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{_STAMP}</LastModified><ETag>&quot;0&quot;</ETag>"
            f"<Size>{(self.folder / key).stat().st_size}</Size></Contents>"
            for key in objects
        )
        folders = "".join(f"<Prefix>{escape(key)}</Prefix>" for key in sorted(deeper) if delimiter)
        common = f"<CommonPrefixes>{folders}</CommonPrefixes>" if folders else ""
        body = f"<IsTruncated>false</IsTruncated>{contents}{common}"
        self._answer(200, f"<ListBucketResult>{body}</ListBucketResult>".encode())

    def _answer(self, status: int, content: bytes, part: str = "") -> None:
        self._head(status, len(content), part)
        self.wfile.write(content)

    def _head(self, status: int, length: int, part: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("Last-Modified", _HTTP_STAMP)
        self.send_header("ETag", '"0"')
        self.send_header("Accept-Ranges", "bytes")
        if part:
            self.send_header("Content-Range", part)
        self.end_headers()


if __name__ == "__main__":
    Bucket.folder = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    print(server.server_address[1], flush=True)
    server.serve_forever()
