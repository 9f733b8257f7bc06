"""LoopGenie on a machine of its own, on AWS Lambda, on AWS Fargate, and on any Docker host.

Each target is a thin shell over `loopgenie.wsgi:app`, and `python -m deploy.TARGET.deploy up | status | update | down`
is the same everywhere:

    command       the verbs: arguments, dry runs, progress, errors, the address at the end
    values        what an option's value may be
    plan          what a command would make and what that costs, as text
    prices        what things cost, from prices.toml
    setup         what a target is made of, as far as it costs and scales
    bill          a month of it in dollars, for estimates and for the comparison
    health        waiting until a LoopGenie answers
    first_trip    asking it for a trip; a machine can run this by itself
    trails        a file of trails to take along: checked, copied, or the sample

    cloud         an AWS account: session, tags, faults of AWS in one line each
    template      a CloudFormation template read and worked out, so that a plan can tell all of it
    stacks        CloudFormation stacks: found, made, changed and removed, whatever state they are in
    buckets       buckets of S3: emptied

    images        images of containers: named by what is in them, built, tried out and pushed
    wheels        what runs, for another Python or processor
    interpreters  where such a Python is: here, on the PATH, or in a container

    standin       what stands for AWS in the tests: its interface, an instance, Lambda, Fargate's tasks
    compare       the targets side by side: measured, priced, and carried to a month's traffic

What of it speaks to a cloud is imported when it is asked, so that help and plans need no more than PyYAML (Lambda's
plans: Zappa). These modules know none of the targets, and the targets know not each other.
"""
