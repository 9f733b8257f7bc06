"""The bucket from which Lambda takes its packages. It keeps two: the second is what an update falls back on."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from deploy import buckets
from deploy.cloud import TAG, Cloud, code_of, tag_list
from deploy.command import Failed, WrongUse, say


def bucket_name(cloud: Cloud, name: str) -> str:
    """The bucket of a deployment. Buckets share one space of names with the whole world, so the account is in it."""
    digest = hashlib.sha256(f"{cloud.account} {cloud.region}".encode()).hexdigest()[:12]
    return f"{name}-lambda-{digest}"


def ensure(cloud: Cloud, bucket: str, tags: dict[str, str]) -> None:
    """Make the bucket, private and encrypted, or check that the one there is ours.

    Raises
    ------
    WrongUse : the name is taken.
    """
    from botocore.exceptions import ClientError

    client = cloud.client("s3")
    if not exists(cloud, bucket):
        say(f"making the bucket {bucket}")
        where = {} if cloud.region == "us-east-1" else {"LocationConstraint": cloud.region}
        client.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": where} if where else {}))
    else:
        try:
            found = client.get_bucket_tagging(Bucket=bucket)["TagSet"]
        except ClientError as error:
            if code_of(error) != "NoSuchTagSet":
                raise
            found = []  # made, and then interrupted
        if found and {"Key": TAG, "Value": tags[TAG]} not in found:
            raise WrongUse(f"there is a bucket {bucket} that LoopGenie did not make: choose another --name")
    client.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tag_list(tags)})
    shut = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    client.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=shut)
    encrypted = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    client.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=encrypted)


def exists(cloud: Cloud, bucket: str) -> bool:
    """Whether there is such a bucket.

    Raises
    ------
    WrongUse : there is, and it is somebody else's.
    """
    from botocore.exceptions import ClientError

    try:
        cloud.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 404:
            return False
        if status == 403:
            raise WrongUse(f"the bucket {bucket} is not yours to read: choose another --name") from None
        raise
    return True


def upload(cloud: Cloud, bucket: str, file: Path) -> str:
    """Put a package into the bucket and return its key, which is made from what is in it."""
    key = f"{hashlib.sha256(file.read_bytes()).hexdigest()[:16]}.zip"
    say(f"sending {file.stat().st_size / 1024 / 1024:.1f} MiB to {bucket}")
    cloud.client("s3").upload_file(str(file), bucket, key)
    return key


def trails_of(cloud: Cloud, bucket: str, key: str, folder: Path) -> Path | None:
    """The trails in a package that was sent, unpacked into a folder; None where it brought none.

    Raises
    ------
    Failed : that package is not there any more.
    """
    from botocore.exceptions import ClientError

    file = folder / "running.zip"
    try:
        cloud.client("s3").download_file(bucket, key, str(file))
    except ClientError as error:
        if code_of(error) in ("404", "NoSuchKey", "NoSuchBucket"):
            raise Failed(
                f"the package that runs is not in {bucket} any more: say --data, which trails to take"
            ) from None
        raise
    with zipfile.ZipFile(file) as archive:
        if "trails.db" not in archive.namelist():
            return None
        return Path(archive.extract("trails.db", folder))


def keep_only(cloud: Cloud, bucket: str, keys: set[str]) -> None:
    """Remove all other packages."""
    client = cloud.client("s3")
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    for one in [one for page in pages for one in page.get("Contents", [])]:
        if one["Key"] not in keys:
            client.delete_object(Bucket=bucket, Key=one["Key"])


def remove(cloud: Cloud, bucket: str) -> None:
    """Empty the bucket, of old versions, too, and remove it."""
    if not exists(cloud, bucket):
        return
    say(f"removing the bucket {bucket}")
    buckets.empty(cloud, bucket)
    cloud.client("s3").delete_bucket(Bucket=bucket)
