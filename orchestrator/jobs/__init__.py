"""The domain: submissions, admission, stages, verdicts."""
