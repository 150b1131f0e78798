"""One self-contained page of a campaign: ranking, reactions, uncertainty, measurements, provenance."""
