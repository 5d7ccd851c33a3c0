"""Plugins: Python that users and admins wrote, run in child processes that hold nothing of ours.

    plugin = plugins.of_row(row, user_id)        # in a transaction: reads the row and its valves
    plugin.describe()                            # what stands in it: specs, valves, methods
    plugin.call("get_weather", {"city": "Bonn"}, Extras(user=…), listener, cut)
    for piece in plugin.stream("pipe", {"body": body}, extras, listener, cut): …
    plugin.call_each("stream", "event", [Group(chunks, extras, plugin.user_valves)])

See docs/plugins.md for the pipe to the child process, and for the jail around it.
"""

from workers.plugins.base import Listener, PluginFailed, Silence
from workers.plugins.plugin import Group, Plugin, of_row, of_source

__all__ = ["Group", "Listener", "Plugin", "PluginFailed", "Silence", "of_row", "of_source"]
