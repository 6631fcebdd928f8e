"""Images of the engine: find, tag, remove, save, load, pull, build. See engine.py first."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from convox.core.errors import FailedError, NotFoundError
from convox.core.stream import Chunks
from convox.providers.local import engine_parse as parse
from convox.providers.local.engine_errors import refusal
from convox.providers.local.engine_link import Link, label_filters, pieces
from convox.providers.local.engine_values import Image, ImageSummary

Json = dict[str, Any]


class Images:
    """Requests about images, over one link."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def find(self, ref: str) -> Image | None:
        """Return an image that is here, or None."""
        try:
            with self._link.translated(f"inspect image {ref}"):
                return parse.image_of(self._link.client().inspect_image(ref))
        except NotFoundError:
            return None

    def tag(self, source: str, ref: str) -> None:
        """Give an image one more name."""
        repository, _, tag = ref.rpartition(":")
        with self._link.translated(f"tag image {source} as {ref}"):
            self._link.client().tag(source, repository, tag, force=True)

    def remove(self, ref: str, *, force: bool) -> None:
        """Remove a name of an image; missing is fine."""
        try:
            with self._link.translated(f"remove image {ref}"):
                self._link.client(patient=True).remove_image(ref, force=force)
        except NotFoundError:
            return

    def listed(self, labels: Mapping[str, str]) -> list[ImageSummary]:
        """Return the images with these labels."""
        with self._link.translated("list images"):
            rows = self._link.client().images(filters=label_filters(labels))
        return [parse.image_summary_of(row) for row in rows]

    def save(self, refs: Sequence[str]) -> Chunks:
        """Return images as one uncompressed tar."""
        query = [("names", ref) for ref in refs]
        # The engine first gathers all layers, and only then answers.
        return self._link.open(
            "GET /images/get", f"save {', '.join(refs)}", query, head_timeout_s=None
        )

    def load(self, body: Chunks) -> tuple[str, ...]:
        """Load images from a tar and return the names that it brought."""
        loaded = []
        with self._link.translated("load images"):
            for line in self._link.client(patient=True).load_image(pieces(body)):
                _raise_error(line, "load images")
                prefix, found, ref = line.get("stream", "").partition("Loaded image: ")
                if found and not prefix:
                    loaded.append(ref.strip())
        return tuple(loaded)

    def pull(self, ref: str, auth: Mapping[str, str] | None) -> Iterator[str]:
        """Pull an image, yielding lines of progress."""
        with self._link.translated(f"pull {ref}"):
            lines = self._link.client(patient=True).pull(
                ref, stream=True, decode=True, auth_config=dict(auth) if auth else None
            )
            for line in lines:
                _raise_error(line, f"pull {ref}")
                # With progress there is a line for each hundredth: only what changes is worth one.
                if not line.get("progressDetail"):
                    layer = f"{line['id']}: " if line.get("id") else ""
                    yield f"{layer}{line.get('status', '')}"

    def build(
        self, context: Iterable[bytes], options: Mapping[str, object], auths: Mapping[str, object]
    ) -> Iterator[str]:
        """Build with the classic builder, yielding pieces of its output."""
        query = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in options.items()
        }
        encoded = base64.urlsafe_b64encode(json.dumps(auths).encode()).decode()
        headers = {"Content-Type": "application/x-tar", "X-Registry-Config": encoded}
        with self._link.translated("build"):
            client = self._link.client(patient=True)
            url = f"{client.base_url}/v{client.api_version}/build"
            with client.post(
                url, params=query, data=iter(context), headers=headers, stream=True, timeout=None
            ) as response:
                if response.status_code >= 400:
                    raise refusal(response.status_code, _words(response.text), "build")
                for line in map(json.loads, response.iter_lines()):
                    _raise_error(line, "build")
                    yield line.get("stream", "")


def _raise_error(line: Json, doing: str) -> None:
    if "error" in line:
        raise FailedError(f"cannot {doing}", why=str(line["error"]).strip())


def _words(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text
