"""LoopGenie on AWS Fargate: `python -m deploy.fargate.deploy up | status | update | down | run`."""
