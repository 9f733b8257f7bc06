"""Files in, a `Region` out: readers (osm, vector, sample) make a `Source`, `topology` makes the network of it.

Needs the extra `import`; nothing here is loaded to serve a request.
"""
