"""Where a rack keeps its files, and the names it gives."""

from pathlib import Path

import pytest

from convox.providers.local.layout import Layout, layout_of, racks_root

LAYOUT = Layout(Path("/state/racks/one"), "one")
STATE = {"CONVOX_STATE": "/state"}


def test_a_rack_has_one_folder_under_the_state_folder():
    layout = layout_of("one", STATE)

    assert layout == LAYOUT


def test_everything_of_a_rack_is_inside_its_folder():
    paths = [getattr(LAYOUT, n) for n, v in vars(Layout).items() if isinstance(v, property)]

    assert len(set(paths)) == len(paths) >= 10
    assert all(LAYOUT.root in path.parents for path in paths)


def test_without_a_wish_root_has_the_system_folder_and_others_their_own(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert racks_root({}) == Path("/var/lib/convox")

    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert racks_root({"XDG_DATA_HOME": "/data"}) == Path("/data/convox")
    assert racks_root({}) == Path.home() / ".local" / "share" / "convox"
    assert racks_root({"XDG_DATA_HOME": ""}) == Path.home() / ".local" / "share" / "convox"


def test_an_empty_wish_is_none(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)

    assert racks_root({"CONVOX_STATE": ""}) == Path("/var/lib/convox")


def test_names_say_what_they_are_of():
    assert LAYOUT.network("app") == "convox.one.app"
    assert LAYOUT.container("app", "web", "ab12") == "convox.one.app.web.ab12"
    assert LAYOUT.image("app", "web", "BABC") == "convox/one/app:web.BABC"
    assert LAYOUT.host("app", "web") == "app-web.one.localhost"
    assert LAYOUT.link_host("app", "web") == "web.app.one.convox"


def test_no_two_apps_share_a_name_where_dashes_could_make_them():
    names = {
        (layout.network(app), layout.container(app, service, "x"), layout.volume(app, "/data"))
        for layout in (LAYOUT, Layout(Path("/r"), "one-a"))
        for app, service in (("a-b", "c"), ("a", "b-c"))
    }

    assert len({name for three in names for name in three}) == 3 * 4


@pytest.mark.parametrize("other", ["/data/", "/Data", "/data2"])
def test_each_path_has_a_volume_of_its_own(other: str):
    assert LAYOUT.volume("app", "/data") == LAYOUT.volume("app", "/data")
    assert LAYOUT.volume("app", "/data") != LAYOUT.volume("app", other)


def test_labels_name_rack_kind_and_app():
    assert LAYOUT.labels("router") == {"convox.rack": "one", "convox.kind": "router"}
    assert LAYOUT.labels("service", "app") == {
        "convox.rack": "one",
        "convox.kind": "service",
        "convox.app": "app",
    }
