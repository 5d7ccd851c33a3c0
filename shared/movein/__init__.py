"""Moving in: everything that an Open WebUI of 0.4 to 0.6 has in its database and its uploads.

Every row keeps its id, and is stored together with what belongs to it in one transaction. So a run
that was interrupted at any point is simply begun again: what is here already is passed over.
"""

from shared.movein.report import Report
from shared.movein.run import move_in
from shared.movein.source import NotReadable

__all__ = ["NotReadable", "Report", "move_in"]
