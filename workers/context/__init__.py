"""What is read before an answer: files, knowledge, pages, memories and the web, put into the
question with where each piece comes from.
"""
