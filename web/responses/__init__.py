"""OpenAI's Responses: jobs that can be followed, resumed, looked up and gone on with."""
