"""Chat completions: the doors that start an answer, in the page's form and in OpenAI's."""
