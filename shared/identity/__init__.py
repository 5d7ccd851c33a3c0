"""Who somebody is elsewhere: adapters to directories and identity providers. The web tier asks
these itself, as the one foreign thing that it waits for; see docs/architecture.md.
"""
