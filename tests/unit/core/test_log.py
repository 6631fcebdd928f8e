"""Operators' logs, one JSON object a line."""

from __future__ import annotations

import io
import json
import logging

from convox.core import log


def lines(write):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(log.JsonFormatter())
    logger = logging.Logger("convox.test")  # noqa: LOG001  one that nobody else has
    logger.addHandler(handler)
    write(logger)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_is_one_line_with_its_fields():
    [line] = lines(lambda logger: logger.info("request", extra={"status": 200, "path": "a\nb"}))

    assert (line["message"], line["level"], line["logger"]) == ("request", "info", "convox.test")
    assert (line["status"], line["path"]) == (200, "a\nb")
    assert line["at"].endswith("+00:00")


def test_a_traceback_has_places_and_none_of_the_words():
    def write(logger):
        try:
            raise RuntimeError("PASSWORD=hunter2")
        except RuntimeError:
            logger.exception("it broke")

    [line] = lines(write)

    assert line["error"] == "RuntimeError"
    assert any("test_log.py" in place for place in line["trace"])
    assert "hunter2" not in json.dumps(line)


def test_a_field_that_is_no_json_is_written_as_text():
    [line] = lines(lambda logger: logger.info("x", extra={"where": {1}}))

    assert line["where"] == "{1}"


def test_setup_sends_records_to_a_stream():
    stream, root = io.StringIO(), logging.getLogger()
    before = (root.level, root.handlers[:])
    try:
        log.setup(logging.WARNING, stream)
        logging.getLogger("convox.test").info("quiet")
        logging.getLogger("convox.test").warning("loud")
    finally:
        root.setLevel(before[0])
        root.handlers[:] = before[1]

    assert [json.loads(x)["message"] for x in stream.getvalue().splitlines()] == ["loud"]
