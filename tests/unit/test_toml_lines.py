"""A refusal points at the line of what it refuses."""

from dataclasses import dataclass

import pytest

from gateway.rules.toml_lines import BadFile, TomlFile, TomlPath

TEXT = '''name = "first"   # line 1
[plain]
list = [
    1, # ] does not end it
    2,
]
text = """
[no.table]
no_key = 1
"""
[[many]]
deep."quoted key" = {inner = 1}
[[many.below]]
value = 1
[[many]]
value = 2
[many.table]
value = "x"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("name",), 1),
        (("plain",), 2),
        (("plain", "list"), 3),
        (("plain", "list", 1), 3),  # an element has its list's line
        (("plain", "text"), 7),
        (("many", 0), 11),
        (("many", 0, "deep", "quoted key", "inner"), 12),
        (("many", 0, "below", 0, "value"), 14),
        (("many", 1), 15),
        (("many", 1, "value"), 16),
        (("many", 1, "table", "value"), 18),
        (("many", 1, "absent"), 15),
        (("absent",), 1),
    ],
)
def test_a_value_has_the_line_of_its_key_or_of_the_table_around_it(
    path: TomlPath, line: int
) -> None:
    assert TomlFile(TEXT, name="rules.toml").line_of(path) == line


def test_what_stands_in_a_text_is_no_key() -> None:
    with pytest.raises(BadFile, match=r"^rules.toml:1: nothing$"):
        raise TomlFile(TEXT, name="rules.toml").refuse(("no", "table", "no_key"), "nothing")


@pytest.mark.parametrize(("text", "line"), [("a = 1\nb = \n", 2), ("a = 1\na = 2\n", 2), ("a", 1)])
def test_broken_toml_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(BadFile) as refused:
        TomlFile(text, name="rules.toml")
    assert refused.value.line == line


@dataclass(frozen=True)
class Entry:
    value: int


@dataclass(frozen=True)
class Shape:
    entries: list[Entry]
    more: int = 0


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("[[entries]]\nvalue = 1\n[[entries]]\nvalue = 'x'\n", "x:4: value: Expected `int`"),
        ("[[entries]]\nvalue = 1\n\n[[entries]]\n", "x:4: .*missing required field `value`"),
        ("entries = []\n\nentires = 1\n", "x:3: entires is not known here; did you mean entries?"),
        ("[[entries]]\nvalue = 1\nunheard_of = 1\n", "x:3: unheard_of .* known are value"),
        ("more = 1\n", "x:1: .*missing required field `entries`"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_with_its_line(text: str, refusal: str) -> None:
    with pytest.raises(BadFile, match=refusal):
        TomlFile(text, name="x").read_as(Shape)


def test_a_file_of_the_right_shape_is_read() -> None:
    shape = TomlFile("entries = [{value = 3}]\n", name="x").read_as(Shape)
    assert shape.entries == [Entry(3)]
