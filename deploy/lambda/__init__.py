"""LoopGenie on AWS Lambda, packaged by Zappa.

`lambda` is a word of Python's, so `import deploy.lambda` is a syntax error; `python -m deploy.lambda.deploy` works,
and inside this package imports are relative.
"""
