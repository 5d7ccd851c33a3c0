"""Speech: recordings become text, texts become sound."""
