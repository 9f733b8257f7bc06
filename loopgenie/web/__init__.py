"""The page: templates, static files and vendored libraries."""
