"""Packages that plugins name in their heads."""

import textwrap
import zipfile

import pytest

from workers.plugins.base import Code, PluginFailed
from workers.plugins.plugin import Plugin

pytestmark = pytest.mark.usefixtures("plugins_end")

SOURCE = """
    class Tools:
        def answer(self):
            import answering
            return answering.ANSWER
"""

METADATA = "Metadata-Version: 2.1\nName: answering\nVersion: 1.0\n"
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def needing(*requirements: str) -> Plugin:
    return Plugin(Code("tool_needing", textwrap.dedent(SOURCE), requirements), {}, {})


@pytest.fixture
def shelf(configure, monkeypatch, tmp_path):
    """A folder with one wheel, which is all that pip finds."""
    with zipfile.ZipFile(tmp_path / "answering-1.0-py3-none-any.whl", "w") as wheel:
        about = "answering-1.0.dist-info"
        wheel.writestr("answering.py", "ANSWER = 42")
        wheel.writestr(f"{about}/METADATA", METADATA)
        wheel.writestr(f"{about}/WHEEL", WHEEL)
        wheel.writestr(f"{about}/RECORD", "")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    configure(data_dir=tmp_path / "data", plugins_requirements=True)
    return tmp_path


@pytest.mark.parametrize("kind", ["namespaces", "landlock"])
def test_they_are_installed_for_the_plugin_that_names_them_only(shelf, configure, kind):
    configure(plugins_sandbox=kind)

    assert needing("answering>=1.0").call("answer", {}) == 42
    with pytest.raises(PluginFailed, match="No module named"):
        needing().call("answer", {})


def test_nothing_is_installed_unless_the_operator_allows_it(shelf, configure):
    configure(plugins_requirements=False)

    with pytest.raises(PluginFailed, match="No module named"):
        needing("answering").call("answer", {})
    assert not (shelf / "data" / "plugins").exists()


def test_what_cannot_be_installed_says_so_and_leaves_nothing(shelf):
    with pytest.raises(PluginFailed, match="cannot be installed: ERROR"):
        needing("absent-from-the-shelf").call("answer", {})

    assert not list((shelf / "data" / "plugins" / "packages").iterdir())


@pytest.mark.parametrize(
    "wanted", ["--index-url=http://x", "-e .", "x @ http://x/y.whl", "./x.whl", "git+https://x"]
)
def test_only_names_of_packages_are_taken(shelf, wanted):
    with pytest.raises(PluginFailed, match="no name of a package"):
        needing(wanted).call("answer", {})
