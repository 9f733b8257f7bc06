"""The same app behind apig-wsgi, to be measured beside Zappa's handler."""

from apig_wsgi import make_lambda_handler
from lambda_app import app  # type: ignore[import-not-found]  # beside it in the package

TEXT = ("text/", "application/json", "application/problem+json", "application/geo+json")
lambda_handler = make_lambda_handler(app, binary_support=True, non_binary_content_type_prefixes=TEXT)
