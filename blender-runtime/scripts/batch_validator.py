"""Validates every .glb below a prefix of a bucket, and puts a JSON report beside each (exercise 4).

    python batch_validator.py my-test-bucket assets/ --limit 100
    python batch_validator.py --bucket_name my-test-bucket --prefix assets/ --endpoint-url http://127.0.0.1:7070

Credentials, region and endpoint come from the usual AWS environment and files. Needs bpy and boto3.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cyclorama_blender import report, standalone
from cyclorama_blender.protocol.contract import Json
from cyclorama_blender.protocol.failure import RuntimeFailure
from cyclorama_blender.serve import to_failure

SUFFIX = ".glb"
REPORT = "_report.json"
CLIENT_OPTIONS = {"connect_timeout": 10, "read_timeout": 60, "retries": {"mode": "standard", "max_attempts": 5}}


def main(argv: list[str], scratch: Path) -> int:
    """Validates a bucket; returns the exit code, which is 0 even if assets failed."""
    options = parse_options(argv)
    standalone.open_blender()
    store = open_store(options.endpoint_url)
    try:
        found, keys = scan(store, options)
    except store_errors() as error:
        raise RuntimeFailure("internal", f"'{scanned_uri(options)}' cannot be listed: {error}") from error
    print(f"[INFO] Scanning '{scanned_uri(options)}'... found {count_of(found, 'file')}.")
    if options.limit:
        print(f"[INFO] Processing limit set to {options.limit}.")
    print()
    errors = 0
    for number, key in enumerate(keys, 1):
        print(f"[{number}/{len(keys)}] processing '{printable(key)}'...")
        errors += not process(store, options, key, scratch / f"asset{SUFFIX}")
        print()
    print(f"[DONE] Processed {count_of(len(keys), 'file')}. {count_of(errors, 'Error')}.")
    return 0


def parse_options(argv: list[str]) -> argparse.Namespace:
    """Reads the command line: bucket_name, prefix and limit by position or by name."""
    parser = argparse.ArgumentParser(prog="batch_validator.py", description="Validates the .glb files of an S3 bucket.")
    for name, text in (
        ("bucket_name", "the bucket"),
        ("prefix", "only keys that begin like this (default: all)"),
        ("limit", "at most so many files, in key order (default: all)"),
    ):
        parser.add_argument(name, nargs="?", default=argparse.SUPPRESS, help=text)
        spellings = {f"--{name}", f"--{name.replace('_', '-')}"}
        parser.add_argument(*sorted(spellings), dest=name, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.add_argument("--endpoint-url", help="another S3 than Amazon's (default: AWS_ENDPOINT_URL)")
    parser.add_argument("--output", help="s3://bucket/prefix/ that takes the reports (default: beside the files)")
    parser.add_argument("--resume", action="store_true", help="leave out files that have a report already")
    # The parser's own defaults for positions would overwrite values that were given by name.
    options = parser.parse_args(argv, argparse.Namespace(bucket_name="", prefix="", limit="0"))
    if not options.bucket_name:
        parser.error("bucket_name is missing")
    if not options.limit.isdecimal():
        parser.error(f"limit is '{options.limit}'; expected a whole number, 0 for no limit")
    options.limit = int(options.limit)
    if options.output is not None and not re.fullmatch(r"s3://[^/]+/(.*/)?", options.output):
        parser.error(f"output is '{options.output}'; expected s3://bucket/prefix/")
    return options


def open_store(endpoint_url: str | None) -> Any:
    """Opens a client of the store.

    Raises:
        RuntimeFailure: boto3 is not installed, or an endpoint, profile or region is not valid.
    """
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise RuntimeFailure(
            "internal",
            f"this Python has no boto3 ({error}); install it: {sys.executable} -m pip install -r "
            f"{Path(__file__).resolve().parent.parent / 'requirements' / 's3.txt'}",
        ) from error
    # Stores other than Amazon's rarely have a host name for each bucket.
    s3 = {"addressing_style": "path"} if endpoint_url else {}
    try:
        return boto3.client("s3", endpoint_url=endpoint_url, config=Config(**CLIENT_OPTIONS, s3=s3))
    except (BotoCoreError, ValueError) as error:
        raise RuntimeFailure("internal", f"the store cannot be reached with these settings: {error}") from error


def store_errors() -> tuple[type[Exception], ...]:
    """Returns the exceptions that a call of the store may raise, also those of the local disk."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    return (Boto3Error, BotoCoreError, ClientError, OSError)


def scan(store: Any, options: argparse.Namespace) -> tuple[int, list[str]]:
    """Lists the assets below the prefix: returns their number and the keys to process."""
    keys = list(list_keys(store, options.bucket_name, options.prefix, SUFFIX))
    left = keys
    if options.resume:
        # The keys of the prefix's reports begin like the report of a file with exactly that name.
        bucket, example = report_place(options, options.prefix)
        done = set(list_keys(store, bucket, example.removesuffix(REPORT), REPORT))
        left = [key for key in keys if report_place(options, key)[1] not in done]
    return len(keys), left[: options.limit or None]


def list_keys(store: Any, bucket: str, prefix: str, suffix: str) -> Iterator[str]:
    """Yields every key with this prefix and suffix; the store lists them in pages of at most 1,000."""
    for page in store.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            if entry["Key"].lower().endswith(suffix) and "_cyclorama/" not in entry["Key"]:
                yield entry["Key"]


@dataclass(frozen=True)
class Outcome:
    """Holds the result of one asset."""

    is_success: bool
    report: Json


def process(store: Any, options: argparse.Namespace, key: str, path: Path) -> bool:
    """Takes one asset from download to clean-up, and returns whether it succeeded. No asset ends the run."""
    bucket, name = report_place(options, key)
    try:
        outcome = validate(store, options, key, path)
        body = report.print_report(outcome.report).encode()
        store.put_object(Bucket=bucket, Key=name, Body=body, ContentType="application/json")
    except store_errors() as error:
        say(f"ERROR: {error}")
        say("No report could be uploaded. Continuing...")
        return False
    finally:
        path.unlink(missing_ok=True)
    if outcome.is_success:
        say(f"Report uploaded to '{name}'.")
        say("Cleanup: Local file deleted. BPY memory cleared.")
    else:
        say("Uploaded error report. Continuing...")
    return outcome.is_success


def validate(store: Any, options: argparse.Namespace, key: str, path: Path) -> Outcome:
    """Downloads an asset and describes it. Any failure of the asset becomes an error report."""
    store.download_file(options.bucket_name, key, str(path))
    say(f"Downloaded ({path.stat().st_size / 1e6:.1f} MB)")
    try:
        answer = standalone.inspect_file(path)
        found = report.validation_report(key, answer.message, answer.warnings)
        stats = found["stats"]
        if stats["faces"] == 0:
            raise RuntimeFailure("no_geometry", explain_no_face(stats["vertices"], answer.warnings))
    except Exception as error:  # noqa: BLE001
        reason, message = to_failure(error)
        say(f"ERROR: {message}")
        return Outcome(False, report.error_report(key, reason, message))
    verts, materials = stats["vertices"], len(stats["materials"])
    say(f"Stats: {verts:,} vert{plural(verts)}, {materials:,} material{plural(materials)}.")
    return Outcome(True, found)


def explain_no_face(vertices: int, warnings: tuple[str, ...]) -> str:
    """Returns a message for an asset without faces. Its warnings often say why: only curves, or another scene."""
    what = f"no face but {vertices} vertices" if vertices else "no mesh"
    return "; ".join([f"the asset has {what}; expected at least one face", *warnings[:5]])


def report_place(options: argparse.Namespace, key: str) -> tuple[str, str]:
    """Returns the bucket and the key of an asset's report."""
    # Only a lower-case ending is dropped: 'a.glb' and 'a.GLB' may be side by side.
    name = key.removesuffix(SUFFIX) + REPORT
    if options.output is None:
        return options.bucket_name, name
    bucket, _, folder = options.output.removeprefix("s3://").partition("/")
    return bucket, folder + name.removeprefix(options.prefix[: options.prefix.rfind("/") + 1])


def scanned_uri(options: argparse.Namespace) -> str:
    """Returns the URI that is scanned."""
    return f"s3://{options.bucket_name}/{options.prefix}"


def say(text: str) -> None:
    """Prints one line of an asset's block."""
    print(f"   > {printable(text)}")


def printable(text: str) -> str:
    """Escapes characters that would move the cursor or end the line, since keys may hold any character."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def count_of(count: int, noun: str) -> str:
    """Writes a count and its noun: `1 file`, `204 files`."""
    return f"{count} {noun}{plural(count)}"


def plural(count: int) -> str:
    """Returns the ending of a noun in the plural, if the count asks for it."""
    return "" if count == 1 else "s"


if __name__ == "__main__":
    standalone.run(main, sys.argv)
