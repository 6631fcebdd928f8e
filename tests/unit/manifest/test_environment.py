import pytest
from hypothesis import given
from hypothesis import strategies as st

from convox.core.errors import InvalidError, NotFoundError
from convox.manifest import Manifest, Service, env_prefix, service_environment
from convox.manifest.environment import missing_names


def manifest(*declarations):
    return Manifest(services=(Service("web", environment=declarations),))


@pytest.mark.parametrize(
    ("declarations", "env", "effective"),
    [
        ((), {"A": "1"}, {}),
        (("A",), {"A": "1", "B": "2"}, {"A": "1"}),
        (("A",), {"A": ""}, {"A": ""}),
        (("A=d",), {}, {"A": "d"}),
        (("A=d",), {"A": ""}, {"A": ""}),
        (("A=", "B=x=y"), {}, {"A": "", "B": "x=y"}),
        (("*",), {"A": "1", "B": "2"}, {"A": "1", "B": "2"}),
        (("*", "A=d"), {"A": "1"}, {"A": "1"}),
        (("A=first", "A=second"), {}, {"A": "second"}),
        (("*=x",), {}, {"*": "x"}),
    ],
)
def test_the_effective_environment(declarations, env, effective):
    assert service_environment(manifest(*declarations), "web", env) == effective


def test_a_required_variable_without_value_fails_in_the_incumbents_words():
    with pytest.raises(InvalidError) as caught:
        service_environment(manifest("B", "A", "B=default"), "web", {})

    assert caught.value.what == "required env: A, B"


def test_an_unknown_service_is_not_found():
    with pytest.raises(NotFoundError, match="no such service: api"):
        service_environment(manifest(), "api", {})


@pytest.mark.parametrize(
    ("name", "prefix"), [("my-db", "MY_DB"), ("web", "WEB"), ("a-1-b", "A_1_B")]
)
def test_names_become_prefixes(name, prefix):
    assert env_prefix(name) == prefix


@given(
    st.lists(st.sampled_from(["A", "B", "A=1", "C=", "*"])),
    st.dictionaries(st.sampled_from("ABCD"), st.text()),
)
def test_only_declared_names_reach_a_service_unless_all_are_asked_for(declarations, env):
    if missing_names(declarations, env):
        return
    effective = service_environment(manifest(*declarations), "web", env)

    names = {declaration.partition("=")[0] for declaration in declarations} - {"*"}
    assert set(effective) == (names | set(env) if "*" in declarations else names)
