"""Making files, knowledge bases and memories searchable, and searching them."""
