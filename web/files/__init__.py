"""Files: upload, read, delete. Finding their text and making it searchable is a job; an upload
waits for it unless it is told not to, and events of the job tell how far it is.
"""
