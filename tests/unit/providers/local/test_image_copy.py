from __future__ import annotations

import io
import tarfile

from convox.providers.local.image_copy import copy_image


class RecordingEngine:
    """An engine that only keeps what it was asked to build."""

    def build(self, context, options, auths):
        with tarfile.open(fileobj=io.BytesIO(b"".join(context))) as archive:
            self.dockerfile = archive.extractfile("Dockerfile").read()
        self.options = options
        yield "done"


def test_a_copy_is_a_build_of_one_line_with_labels():
    engine = RecordingEngine()

    copy_image(engine, "httpd:2.4", "convox/dev/app:p.B1", {"convox.app": "app"})

    assert engine.dockerfile == b"FROM httpd:2.4\n"
    assert engine.options["t"] == "convox/dev/app:p.B1"
    assert engine.options["labels"] == {"convox.app": "app"}
