"""What went wrong in a plugin, in words."""

_LONGEST = 2000


def in_words(error: BaseException) -> str:
    """Say what went wrong, as short as a message can be."""
    detail = getattr(error, "detail", None)
    words = str(detail if detail is not None else error) or type(error).__name__
    if isinstance(error, SyntaxError | ImportError | NameError | AttributeError | TypeError):
        words = f"{type(error).__name__}: {words}"
    return words[:_LONGEST]
