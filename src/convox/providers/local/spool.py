"""Bodies that pass over the disk, so that nobody's slow network holds a container.

The engine locks a container while an archive of it is read or written: nothing can stop or
inspect it meanwhile. So what comes from the engine is read ahead at the disk's speed, and what
goes to it is complete before it begins. Files have no name and are gone when they are closed.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Thread
from typing import IO

from convox.core.errors import ConvoxError, FailedError
from convox.core.stream import Chunks

_PIECE = 256 << 10


class ReadAhead:
    """A body that is fetched as fast as it comes and read at leisure; a `Chunks`."""

    def __init__(self, source: Chunks, folder: Path) -> None:
        self._source = source
        self._file = _unnamed(folder)
        self._changed = Condition()
        self._fetched = 0
        self._read = 0
        self._is_complete = False
        self._is_closed = False
        self._error: ConvoxError | None = None
        self._thread = Thread(target=self._fetch, name="convox-read-ahead", daemon=True)
        self._thread.start()

    def read(self, size: int = 65536, /) -> bytes:
        """Return up to `size` bytes, b"" at the end; blocks while nothing has come yet.

        Raises:
            FailedError: the disk is full.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._read < self._fetched or self._is_complete)
            if self._read == self._fetched and self._error:
                raise self._error
            if self._is_closed:
                return b""
            wanted = min(size, self._fetched - self._read)
            data = os.pread(self._file.fileno(), wanted, self._read)
            self._read += len(data)
            return data

    def close(self) -> None:
        """Stop fetching and give the disk back."""
        self._source.close()
        self._thread.join()
        with self._changed:
            self._is_closed = True
            self._file.close()

    def _fetch(self) -> None:
        try:
            while data := self._source.read(_PIECE):
                self._file.write(data)
                self._note(len(data))
        except OSError as error:
            self._error = _full(error)
        except ConvoxError as error:
            self._error = error
        finally:
            with self._changed:
                self._is_complete = True
                self._changed.notify_all()

    def _note(self, count: int) -> None:
        with self._changed:
            self._fetched += count
            self._changed.notify_all()


@contextmanager
def spooled(pieces: Iterator[bytes], folder: Path) -> Iterator[Chunks]:
    """Write everything to the disk first, then give it to be read; gone afterwards.

    Raises:
        FailedError: the disk is full.
    """
    with _unnamed(folder) as file:
        for piece in pieces:
            try:
                file.write(piece)
            except OSError as error:
                raise _full(error) from error
        file.seek(0)
        yield _Pieces(file)


class _Pieces:
    """A file as `Chunks`: without a size, a file would be read whole."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = 65536, /) -> bytes:
        return self._file.read(size)

    def close(self) -> None:
        self._file.close()


def _unnamed(folder: Path) -> IO[bytes]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Unbuffered: what is written is there for another descriptor's read at once.
    return tempfile.TemporaryFile(dir=folder, buffering=0)


def _full(error: OSError) -> FailedError:
    return FailedError("cannot keep the archive on the rack's disk", why=error.strerror or "")
