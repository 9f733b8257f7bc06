"""LoopGenie on a machine of its own, on AWS Lambda, on AWS Fargate, and on any Docker host.

Each target is a thin shell over `loopgenie.wsgi:app`, and `python -m deploy.TARGET.deploy up | status | update | down`
is the same everywhere:

    command     the verbs: arguments, dry runs, progress, errors, the address at the end
    plan        what a command would make and what that costs, as text
    cloud       an AWS account: session, tags, faults of AWS in one line each
    template    a CloudFormation template read and worked out, so that a plan can tell all of it
    stacks      CloudFormation stacks: made, changed and removed, whatever state they are in
    health      waiting until a LoopGenie answers
    first_trip  asking it for a trip; a machine can run this by itself
    prices      what things cost a month, from prices.toml
    images      images of containers: named by what is in them, built, tried out and pushed
    wheels      what runs, for another Python or processor
"""
