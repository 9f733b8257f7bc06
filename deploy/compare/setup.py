"""What a target is made of, as the targets' own estimates have it."""

from deploy.setup import SETUPS, Ec2, Fargate, Lambda, Setup

__all__ = ["SETUPS", "Ec2", "Fargate", "Lambda", "Setup"]
