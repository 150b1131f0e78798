"""At scale: studies, candidates, resumable runs and their stores."""
