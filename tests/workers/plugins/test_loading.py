"""Loading the source of a plugin: what cannot be loaded says why, and harms nobody."""

import pytest

from tests.services.plugging import plug
from workers.plugins.base import PluginFailed

pytestmark = pytest.mark.usefixtures("plugins_end")


def test_a_source_that_cannot_be_loaded_says_why():
    with pytest.raises(PluginFailed, match="No module named 'nowhere'"):
        plug("import nowhere\nclass Tools: pass").describe()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("while True: pass", "took too long"),
        ("import time; time.sleep(600)", "took too long"),
        ("import sys; sys.exit('bye')", "bye"),
        ("import os; os._exit(0)", "ended by itself"),
        ("raise KeyboardInterrupt", "cannot be loaded"),
        ("import os; os.write(3, b'x' * 100)", "nobody understands"),
        ("x = bytearray(4 * 1024 ** 3)", "MemoryError|cannot be loaded"),
    ],
)
def test_a_source_that_does_harm_while_it_is_loaded_costs_its_own_call(configure, line, words):
    configure(plugins_timeout_s=2)

    with pytest.raises(PluginFailed, match=words):
        plug(f"{line}\nclass Tools: pass").describe()


def test_a_source_without_a_class_of_a_plugin_is_none():
    with pytest.raises(PluginFailed, match="none of the classes"):
        plug("x = 1").describe()
