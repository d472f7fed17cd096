"""What stands in the sandbox for the bank of exercises: checks that say nothing.

A notebook may call a check wherever it likes. There it has no answers to compare with, and it must not fail: whatever
stands below it in its cell would be lost.
"""


class Silent:
    """An exercise that knows nothing."""

    def with_numbers(self, *given):
        return self

    def check(self, *answer):
        return None


def get(*id):
    return Silent()


def check(*answer):
    return None
