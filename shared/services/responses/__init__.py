"""OpenAI's Responses over chat completions: requests become messages, answers become items."""
