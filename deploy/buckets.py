"""A bucket of S3, emptied so that it can be removed."""

from __future__ import annotations

from typing import Any

from deploy.cloud import Cloud, code_of


def empty(cloud: Cloud, bucket: str) -> None:
    """Remove all that is in a bucket, old versions too; one that is not there is empty."""
    from botocore.exceptions import ClientError

    client = cloud.client("s3")
    try:
        for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
            entries: list[dict[str, Any]] = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            keys = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in entries]
            if keys:
                client.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
    except ClientError as error:
        if code_of(error) != "NoSuchBucket":
            raise
