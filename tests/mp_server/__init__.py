"""The Materials Project's own server software on 127.0.0.1, over made-up documents.

The routes are those of `emmet-api`, unchanged; an in-process collection stands in for its database, and a
thin gateway in front of it, as in production, checks keys and can be told to fail. Every energy, band gap
and volume in the documents is invented for tests and says so.
"""
