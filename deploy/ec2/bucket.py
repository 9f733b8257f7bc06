"""The bucket of an instance: releases, trails, and what it shall run now, next and if that was a mistake."""

from __future__ import annotations

from pathlib import Path

from deploy.cloud import Cloud, code_of
from deploy.command import say
from deploy.ec2.wanted import Wanted, parse

CURRENT, NEXT, PREVIOUS = "wanted/current", "wanted/next", "wanted/previous"
_KEPT_RELEASES = 5


def read(cloud: Cloud, bucket: str, key: str) -> Wanted | None:
    """What an instance shall run by one of the three keys, or None."""
    from botocore.exceptions import ClientError

    try:
        body = cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if code_of(error) in ("NoSuchKey", "NoSuchBucket", "404"):
            return None
        raise
    return parse(body.decode())


def write(cloud: Cloud, bucket: str, key: str, wanted: Wanted) -> None:
    """Say what an instance shall run."""
    cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=wanted.text().encode(), ContentType="text/plain")


def holds(cloud: Cloud, bucket: str, key: str) -> bool:
    """Whether something is there."""
    from botocore.exceptions import ClientError

    try:
        cloud.client("s3").head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if code_of(error) in ("404", "NoSuchKey", "NotFound"):
            return False
        raise
    return True


def bring(cloud: Cloud, bucket: str, key: str, file: Path) -> None:
    """Upload a file unless it is there; a key holds a hash of what it names, so it never changes."""
    if holds(cloud, bucket, key):
        say(f"{key} is in the bucket already")
        return
    say(f"uploading {key}, {file.stat().st_size / 2**20:.1f} MiB")
    cloud.client("s3").upload_file(str(file), bucket, key)


def tidy(cloud: Cloud, bucket: str) -> None:
    """Remove old releases and trails; what is wanted now, next or was before stays."""
    wanted = [one for key in (CURRENT, NEXT, PREVIOUS) if (one := read(cloud, bucket, key))]
    needed = {key for one in wanted for key in (one.release, one.data)}
    for prefix in ("releases/", "data/"):
        pages = cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        found = sorted((one for page in pages for one in page.get("Contents", [])), key=lambda one: one["LastModified"])
        for one in found[:-_KEPT_RELEASES]:
            if one["Key"] not in needed:
                cloud.client("s3").delete_object(Bucket=bucket, Key=one["Key"])
