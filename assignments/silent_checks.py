"""What stands in the sandbox for the bank of exercises: checks that say nothing.

A notebook may call a check wherever it likes. There it has no answers to compare with, and it must not fail: whatever
stands below it in its cell would be lost.
"""


class Silent:
    """An exercise, a verdict or a text that knows nothing: whatever it is asked for, it is that again."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *given, **named):
        return self

    def __format__(self, form):
        return ""

    __str__ = __repr__ = lambda self: ""


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return Silent()
