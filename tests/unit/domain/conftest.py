"""Settings of hypothesis."""

from hypothesis import settings

# Examples are not timed: a busy machine makes no test fail. Derandomized: the same examples in every run.
settings.register_profile("efface", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("efface")
