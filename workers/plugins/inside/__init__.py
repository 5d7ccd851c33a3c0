"""What runs in the child process of a plugin: the jail, the pipe, and what user-written code finds.

It imports nothing of ours but itself, and the standard library; packages that are installed are
there for user-written code.
"""
