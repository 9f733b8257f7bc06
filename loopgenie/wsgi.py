"""The application for gunicorn, Lambda and every other WSGI server: `loopgenie.wsgi:app`."""

from loopgenie import create_app

app = create_app()
