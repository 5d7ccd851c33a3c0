"""Small services for pages: pictures, code, Markdown, PDF, and copies of the database."""
