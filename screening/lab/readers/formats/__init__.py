"""One file a format: each names its readers in ``READERS``, and the registry finds it."""
