"""What an operator chooses, from the command line to the template's parameters, and what it costs."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from pathlib import Path

from deploy import trails
from deploy.bill import TRIP_S, Usage, a_million_trips, beyond, items, priced
from deploy.command import WrongUse
from deploy.prices import HOURS_A_MONTH, Cost, prices
from deploy.setup import Fargate
from deploy.values import like, one_of, whole

#: Option -> parameter of the template. What is not given stays as it is, or has the template's default.
PARAMETERS = {
    "cpu": "Cpu",
    "memory_mb": "Memory",
    "arch": "Architecture",
    "min_tasks": "MinTasks",
    "max_tasks": "MaxTasks",
    "cpu_target": "CpuTarget",
    "requests_target": "RequestsTarget",
    "spot_share": "SpotShare",
    "night_tasks": "NightTasks",
    "night_begins": "NightBegins",
    "night_ends": "NightEnds",
    "timezone": "Timezone",
    "database_secret": "DatabaseSecret",
    "database_class": "DatabaseClass",
    "database_gb": "DatabaseStorage",
    "bucket": "DataBucket",
    "certificate": "Certificate",
    "domain": "Domain",
    "zone": "Zone",
    "vpc": "VpcId",
    "subnets": "SubnetIds",
    "database_subnets": "DatabaseSubnetIds",
    "log_days": "LogDays",
    "log_level": "LogLevel",
    "insights": "ContainerInsights",
}
#: Memory that Fargate has for so much processor: 1024ths -> (least, most) MiB; in steps of 1024 but for the smallest.
_MEMORY = {256: (512, 2048), 512: (1024, 4096), 1024: (2048, 8192), 2048: (4096, 16384), 4096: (8192, 30720)}
_S3 = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>[^\s*?]+)")
#: No key of a JSON document behind it (…:key::), as the role is given this very ARN to read.
_SECRET = re.compile(
    r"arn:aws[a-z-]*:(secretsmanager:[a-z0-9-]+:\d{12}:secret:|ssm:[a-z0-9-]+:\d{12}:parameter/)[^\s*:]+"
)
_CRON = like(r"cron\(\S+ \S+ \S+ \S+ \S+ \S+\)", "the like of 'cron(0 22 * * ? *)'")
_CERTIFICATE = re.compile(r"arn:aws[a-z-]*:acm:(?P<region>[a-z0-9-]+):\d{12}:certificate/[0-9a-f-]+")


def options(parser: argparse.ArgumentParser) -> None:
    """The options of `up` and `update`."""
    task = parser.add_argument_group("a task")
    task.add_argument("--cpu", type=one_of(_MEMORY), metavar="N", help="1024ths of a processor: 256 … 4096 (512)")
    task.add_argument("--memory-mb", type=whole(512, 30720), metavar="N", help="memory in MiB (1024)")
    task.add_argument("--arch", choices=("x86_64", "arm64"), help="processor; arm64 is cheaper (x86_64)")
    count = parser.add_argument_group("how many tasks")
    count.add_argument("--min-tasks", type=whole(1, 100), metavar="N", help="never fewer (2)")
    count.add_argument("--max-tasks", type=whole(1, 100), metavar="N", help="never more (6)")
    count.add_argument("--cpu-target", type=whole(10, 90), metavar="PERCENT", help="load that scaling aims at (60)")
    count.add_argument(
        "--requests-target", type=whole(1, 100_000), metavar="N", help="requests a minute and task (300)"
    )
    count.add_argument(
        "--spot-share", type=whole(0, 100), metavar="PERCENT", help="spare capacity, after the first (0)"
    )
    count.add_argument("--night-tasks", type=whole(0, 100), metavar="N", help="floor at night, may be 0 (as by day)")
    count.add_argument("--night-begins", type=_CRON, metavar="CRON", help="when, e.g. 'cron(0 22 * * ? *)'")
    count.add_argument("--night-ends", type=_CRON, metavar="CRON", help="when, e.g. 'cron(0 5 * * ? *)'")
    count.add_argument(
        "--timezone", type=_zone_of_time, metavar="ZONE", help="of these times, e.g. Europe/Andorra (UTC)"
    )
    data = parser.add_argument_group("where the trails are").add_mutually_exclusive_group()
    data.add_argument(
        "--data", metavar="WHERE", help="sample, a database file to put into the image, or s3://BUCKET/KEY"
    )
    data.add_argument(
        "--database-secret", metavar="ARN", help="secret or SSM parameter with the URL of a PostgreSQL server"
    )
    data.add_argument("--rds", action="store_true", help="make a PostgreSQL server with PostGIS")
    rds = parser.add_argument_group("the server of --rds")
    rds.add_argument("--database-class", metavar="CLASS", help="its size (db.t4g.micro)")
    rds.add_argument("--database-gb", type=whole(20, 65536), metavar="N", help="its disk (20)")
    rds.add_argument("--bucket", metavar="NAME", help="S3 bucket from which `run` may fetch files to import")
    reach = parser.add_argument_group("how it is reached")
    reach.add_argument("--certificate", metavar="ARN", help="certificate of ACM, for HTTPS; without it plain HTTP")
    reach.add_argument("--domain", metavar="NAME", help="the name that the certificate is for")
    reach.add_argument("--zone", metavar="ID", help="hosted zone of Route 53 in which to point that name here")
    reach.add_argument("--vpc", metavar="ID", help="a network that is there (else one of its own)")
    reach.add_argument("--subnets", metavar="ID,ID", help="public subnets of it, in two zones")
    reach.add_argument("--database-subnets", metavar="ID,ID", help="subnets of it for the database")
    told = parser.add_argument_group("what is told")
    told.add_argument("--log-days", type=one_of((1, 3, 5, 7, 14, 30, 60, 90, 180, 365)), metavar="N", help="(14)")
    told.add_argument("--log-level", choices=("DEBUG", "INFO", "WARNING", "ERROR"), help="(INFO)")
    told.add_argument("--insights", choices=("disabled", "enabled", "enhanced"), help="Container Insights (disabled)")
    images = parser.add_argument_group("images, instead of building them")
    images.add_argument("--image", metavar="IMAGE", help="the server's, or a tag in this deployment's own registry")
    images.add_argument("--web-image", metavar="IMAGE", help="nginx's")
    images.add_argument("--importer-image", metavar="IMAGE", help="the importer's, for --rds")


def parameters(arguments: argparse.Namespace, before: Mapping[str, str]) -> dict[str, str]:
    """All parameters but the images: what is given, over what stands, over the template's defaults.

    Parameters
    ----------
    before : those of the stack that is there, and before it the defaults of the template.

    Raises
    ------
    WrongUse : they do not go together.
    """
    given = {name: getattr(arguments, option) for option, name in PARAMETERS.items()}
    chosen = {**before, **{name: str(value) for name, value in given.items() if value is not None}}
    chosen |= _data(arguments)
    chosen["Architecture"] = chosen["Architecture"].upper()
    chosen["RegularShare"] = str(100 - int(chosen["SpotShare"]))
    check(chosen)
    return chosen


def _data(arguments: argparse.Namespace) -> dict[str, str]:
    if arguments.rds:
        return {"Data": "rds"}
    if arguments.database_secret:
        return {"Data": "secret"}
    where = arguments.data
    if where is None:
        return {}
    if where == "sample":
        return {"Data": "image", "Trails": "sample"}
    if where.startswith("s3:"):
        found = _S3.fullmatch(where)
        if not found:
            raise WrongUse(f"--data is {where!r}, want s3://BUCKET/KEY")
        return {"Data": "s3", "DataBucket": found["bucket"], "DataKey": found["key"]}
    file = Path(where)
    if not file.is_file():
        raise WrongUse(f"--data is {where!r}, which is no file; want one, s3://BUCKET/KEY or sample")
    trails.check(file)
    return {"Data": "image", "Trails": file.name}


def file_of_trails(arguments: argparse.Namespace, chosen: Mapping[str, str]) -> Path | None:
    """The database that goes into the image, or None for the sample.

    Raises
    ------
    WrongUse : the one that is in the image now is not at hand.
    """
    if arguments.data not in (None, "sample") and chosen["Data"] == "image":
        return Path(arguments.data)
    if chosen["Data"] == "image" and chosen["Trails"] != "sample":
        raise WrongUse(f"this deployment carries the trails of {chosen['Trails']} in its image: say --data FILE again")
    return None


def check(chosen: Mapping[str, str]) -> None:
    """Refuse what Fargate, or the template, would refuse later.

    Raises
    ------
    WrongUse : says what would be right.
    """
    cpu, memory = int(chosen["Cpu"]), int(chosen["Memory"])
    least, most = _MEMORY[cpu]
    if not least <= memory <= most or (memory % 1024 and memory != 512):
        raise WrongUse(f"--memory-mb is {memory}, want {least} to {most} in steps of 1024 with --cpu {cpu}")
    if int(chosen["MinTasks"]) > int(chosen["MaxTasks"]):
        raise WrongUse(f"--min-tasks {chosen['MinTasks']} is more than --max-tasks {chosen['MaxTasks']}")
    if chosen["NightTasks"] and int(chosen["NightTasks"]) > int(chosen["MaxTasks"]):
        raise WrongUse(f"--night-tasks {chosen['NightTasks']} is more than --max-tasks {chosen['MaxTasks']}")
    if chosen["Data"] == "secret" and not _SECRET.fullmatch(chosen["DatabaseSecret"]):
        raise WrongUse("--database-secret wants the ARN of a secret in Secrets Manager or of a parameter in SSM")
    _check_address(chosen)
    _check_network(chosen)


def _check_address(chosen: Mapping[str, str]) -> None:
    if chosen["Certificate"] and not _CERTIFICATE.fullmatch(chosen["Certificate"]):
        raise WrongUse(f"--certificate is {chosen['Certificate']!r}, want the ARN of a certificate of ACM")
    if bool(chosen["Certificate"]) != bool(chosen["Domain"]):
        raise WrongUse("--certificate and --domain belong together: give both or neither")
    if chosen["Zone"] and not chosen["Domain"]:
        raise WrongUse("--zone needs --domain and --certificate")


def _check_network(chosen: Mapping[str, str]) -> None:
    if bool(chosen["VpcId"]) != bool(chosen["SubnetIds"]):
        raise WrongUse("--vpc and --subnets belong together: give both or neither")
    if chosen["VpcId"] and len(chosen["SubnetIds"].split(",")) < 2:
        raise WrongUse(f"--subnets is {chosen['SubnetIds']!r}, want two or more, as a load balancer spans two zones")
    if chosen["VpcId"] and chosen["Data"] == "rds" and len(chosen["DatabaseSubnetIds"].split(",")) < 2:
        raise WrongUse("--rds with --vpc needs --database-subnets: two or more, in different zones")


def check_change(before: Mapping[str, str], chosen: Mapping[str, str]) -> None:
    """Refuse a change that would take a database away.

    Raises
    ------
    WrongUse : the trails lie in a database of this deployment, and would not any more.
    """
    if before.get("Data") == "rds" and chosen["Data"] != "rds":
        raise WrongUse("the trails lie in this deployment's database, which that would remove: run down first")


def check_region(chosen: Mapping[str, str], region: str) -> None:
    """Refuse a certificate that the load balancer cannot use.

    Raises
    ------
    WrongUse : it lies in another region.
    """
    found = _CERTIFICATE.fullmatch(chosen["Certificate"])
    if found and found["region"] != region:
        raise WrongUse(
            f"the certificate lies in {found['region']}, want one in {region}, as the load balancer is there"
        )


def region_of(chosen: Mapping[str, str]) -> str:
    """The region that the choices themselves name, for where nobody has said one."""
    found = _CERTIFICATE.fullmatch(chosen["Certificate"])
    return found["region"] if found else ""


# --- what it costs ------------------------------------------------------------------------------------------------


def costs(chosen: Mapping[str, str]) -> list[Cost]:
    """A month without traffic, at the floor of tasks, none of them on spare capacity."""
    return priced(item for item in items(_setup(chosen), Usage()) if _known(item.price))


def costs_per_million(chosen: Mapping[str, str]) -> list[Cost]:
    """A million trips on top, as if each took a task of its own beyond the floor."""
    setup = _setup(chosen)
    # a task searches for as many trips at once as it has processors
    hours = TRIP_S * 1e6 / 3600 / max(1, setup.cpu // 1024)
    return priced(beyond(setup, a_million_trips(task_hours=setup.min_tasks * HOURS_A_MONTH + hours)))


def _setup(chosen: Mapping[str, str]) -> Fargate:
    return Fargate(
        cpu=int(chosen["Cpu"]),
        memory_mb=int(chosen["Memory"]),
        arch=chosen["Architecture"].lower(),
        min_tasks=int(chosen["MinTasks"]),
        database=chosen["DatabaseClass"] if chosen["Data"] == "rds" else "",
        database_gb=int(chosen["DatabaseStorage"]),
    )


def notes(chosen: Mapping[str, str]) -> list[str]:
    """What the operator should know before saying yes."""
    found = ["prices are those of us-east-1, on demand, without taxes; see deploy/prices.toml"]
    if not chosen["Certificate"]:
        found.append(
            "plain HTTP: whoever listens on the way can read where people are; --certificate and --domain change that"
        )
    elif not chosen["Zone"]:
        found.append(f"{chosen['Domain']} has to be pointed at the load balancer by you, as there is no --zone")
    if int(chosen["SpotShare"]):
        found.append("tasks on spare capacity cost up to 70 % less, and may be taken away with two minutes' notice")
    if chosen["NightTasks"] == "0":
        found.append("with no task at night nobody gets an answer then (HTTP 503)")
    if chosen["Data"] == "rds":
        if not _known(f"rds.{chosen['DatabaseClass']}"):
            found.append(f"no price is known for {chosen['DatabaseClass']}: it is not in the estimate")
        found.append("down keeps a last snapshot of the database, which costs until you delete it")
    return found


def _known(name: str) -> bool:
    return name in prices()


# --- words --------------------------------------------------------------------------------------------------------


def _zone_of_time(text: str) -> str:
    from zoneinfo import available_timezones

    if text != "UTC" and (known := available_timezones()) and text not in known:
        raise argparse.ArgumentTypeError(f"is {text!r}, want a name such as Europe/Andorra or UTC")
    return text
