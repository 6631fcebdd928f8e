import pytest

WEB = "services:\n  web:\n    image: x\n"


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("", "1:1 warning the file has no services, so nothing will run"),
        (WEB + "    port: 70000\n", "4:11 warning port 70000 is out of range, must be 1 to 65535"),
        (
            WEB + "    port: ftp:21\n",
            '4:11 warning port scheme "ftp" is unknown, '
            "must be one of http, https, grpc, secure-grpc",
        ),
        (
            WEB + "    scale: 5-2\n",
            "4:12 warning scale from 5 to 2 is no range, must be low to high",
        ),
        (
            WEB + "    scale: {targets: {custom: {a/b: {aggregate: p99}}}}\n",
            '4:49 warning aggregate "p99" of a/b is unknown, must be one of avg, max, min, sum',
        ),
        (WEB + "    links: [wbe]\n", "4:13 warning link wbe is not defined, did you mean web?"),
        (
            WEB + "    links: [web]\n",
            "4:13 warning link web has no port, so its URL leads nowhere",
        ),
        (WEB + "    resources: [db]\n", "4:17 warning resource db is not defined, there is none"),
        (
            WEB + "resources:\n  db: {type: postgress}\n",
            "5:14 warning resource type postgress is not defined, did you mean postgres?",
        ),
        (
            WEB + "resources:\n  My_Db: {type: redis}\n",
            "5:3 warning resource name My_Db may be refused when it is made, "
            "must be lower-case letters, digits and dashes, a letter first",
        ),
        (
            WEB + "timers:\n  t: {command: x, schedule: '* * * * * *', service: web}\n",
            "5:29 warning timer t: exactly one of day of month and day of week must be ?, "
            'as in "0 3 * * ?"',
        ),
        (
            WEB + "timers:\n  t: {command: x, schedule: 0 3 * * ?, service: wen}\n",
            "5:49 warning service wen is not defined, did you mean web?",
        ),
        (
            WEB
            + "timers:\n  t: {command: x, schedule: 0 3 * * *, service: web, concurrency: no}\n",
            "5:67 warning timer t: concurrency must be allow or forbid",
        ),
    ],
)
def test_what_loads_and_then_fails_is_warned_about(said, text, warning):
    assert warning in said(text)
    assert not any(" error " in line for line in said(text))


def test_a_timer_with_nothing_in_it_says_what_it_lacks(said):
    messages = [line.split(" ", 2)[2] for line in said(WEB + "timers:\n  t:\n")]

    assert messages[:2] == ["timer t has no command", "timer t has no service to run in"]
    assert messages[2].startswith("timer t: invalid schedule expression: ")
