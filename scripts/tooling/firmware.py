"""Signed firmware releases for ota.

scripts/firmware key FILE                         create a signing key; prints the public key for ota's options
scripts/firmware manifest IMAGE … --key FILE      check images, write IMAGE.manifest.json and .sig next to them
scripts/firmware verify IMAGE --public KEY        check image, manifest and signature as ota does
scripts/firmware upload IMAGE --url URL           upload image and manifest; the upload key is in OTA_UPLOAD_KEY

Instead of --key FILE the private key (hex) may be in OTA_SIGNING_KEY, as in CI. Product, version and anti-rollback
counter are read from the image; ESP8266 and .swu images require --product and --version.
"""

import argparse
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
import hashlib
import http.client
import json
import os
from pathlib import Path
import secrets
import sys
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .ota_core import CHIP_IDS, ImageInfo, OtaError, PublicKey, inspect, parse, sign, verify

_PIECE: Final = 64 * 1024

MANIFEST = ".manifest.json"
SIGNATURE = ".manifest.json.sig"


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    args = _parser().parse_args(argv)
    try:
        result: int = args.run(args)
    except (OtaError, OSError, ValueError) as err:
        print(f"{type(err).__name__}: {err}", file=sys.stderr)
        return 1
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/firmware", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    key = commands.add_parser("key", help="create a signing key")
    key.add_argument("file", type=Path)
    key.set_defaults(run=make_key)
    manifest = commands.add_parser("manifest", help="check images and write signed manifests")
    manifest.add_argument("images", type=Path, nargs="+")
    manifest.add_argument("--key", type=Path, help="file with the private key")
    manifest.add_argument("--sequence", type=int, help="increases with every release (default: minutes since 2020)")
    manifest.add_argument("--product")
    manifest.add_argument("--version")
    manifest.add_argument("--chip", help="required if the image does not include it")
    manifest.add_argument("--channel", choices=["stable", "beta"], default="stable")
    manifest.add_argument("--notes", default="", help="release notes (Markdown), or @FILE")
    manifest.add_argument("--release-url")
    manifest.add_argument("--expires-days", type=float, help="the release is offered no longer than this")
    manifest.set_defaults(run=make_manifests)
    check = commands.add_parser("verify", help="check image, manifest and signature as ota does")
    check.add_argument("image", type=Path)
    check.add_argument("--public", required=True, help="public key")
    check.set_defaults(run=check_release)
    upload = commands.add_parser("upload", help="upload to Home Assistant")
    upload.add_argument("image", type=Path)
    upload.add_argument("--url", required=True, help="https://… of Home Assistant")
    upload.set_defaults(run=upload_release)
    return parser


def make_key(args: argparse.Namespace) -> int:
    """Write a private key that only its owner may read, and print the public half."""
    private = secrets.token_bytes(32)
    descriptor = os.open(args.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(private.hex() + "\n")
    public = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    print(public.hex())
    return 0


def _private_key(args: argparse.Namespace) -> bytes:
    text = args.key.read_text() if args.key else os.environ.get("OTA_SIGNING_KEY", "")
    if not text.strip():
        raise ValueError("a private key is required: --key FILE or OTA_SIGNING_KEY")
    return bytes.fromhex(text.strip())


def make_manifests(args: argparse.Namespace) -> int:
    """Write a manifest and its signature next to each image."""
    private = _private_key(args)
    for path in args.images:
        image = path.read_bytes()
        fields = manifest_fields(args, path, image)
        data, signature = sign(fields, private)
        parse(data)
        path.with_name(path.name + MANIFEST).write_bytes(data)
        path.with_name(path.name + SIGNATURE).write_text(signature)
        print(
            f"{path.name}: {fields['product']} {fields['version']} for {fields['chip']}, sequence {fields['sequence']}"
        )
    return 0


def manifest_fields(args: argparse.Namespace, path: Path, image: bytes) -> dict[str, Any]:
    """Return the fields of the manifest, from the image and the command line.

    Raises:
        ImageError: The image does not fit an OTA slot.
        ValueError: Neither the image nor the command line contains the product and version.
    """
    chip = args.chip or CHIP_IDS.get(int.from_bytes(image[12:14], "little"), "")
    info: ImageInfo = inspect(image, chip=chip)
    product, version = args.product or info.project, args.version or info.version
    if not product or not version:
        raise ValueError(f"{path.name} does not include its product and version: use --product and --version")
    notes = Path(args.notes[1:]).read_text("utf-8") if args.notes.startswith("@") else args.notes
    now = datetime.now(UTC)
    fields: dict[str, Any] = {
        "product": product,
        "chip": chip,
        "version": version,
        "sequence": args.sequence if args.sequence is not None else int(now.timestamp() // 60) - 26_297_280,
        "size": len(image),
        "sha256": hashlib.sha256(image).hexdigest(),
        "channel": args.channel,
        "secure_version": info.secure_version,
        "image_url": path.name,
        "notes": notes,
        "release_url": args.release_url,
        "image_project": info.project if info.project != product else None,
        "image_version": info.version if info.version != version else None,
    }
    if args.expires_days is not None:
        fields["expires"] = (now + timedelta(days=args.expires_days)).isoformat(timespec="seconds")
    return {name: value for name, value in fields.items() if value not in (None, "")}


def check_release(args: argparse.Namespace) -> int:
    """Check a release as ota does."""
    image, data, signature = _files(args.image)
    key = PublicKey.parse(args.public)
    manifest = verify(data, signature, {key.key_id: key}, now=datetime.now(UTC).timestamp())
    if (manifest.size, manifest.sha256) != (len(image), hashlib.sha256(image).hexdigest()):
        raise ValueError("the image is not the one that the manifest describes")
    inspect(image, chip=manifest.chip)
    print(f"{manifest.product} {manifest.version} for {manifest.chip}: valid, signed by {manifest.key_id}")
    return 0


def _files(image: Path) -> tuple[bytes, bytes, str]:
    manifest = image.with_name(image.name + MANIFEST)
    return image.read_bytes(), manifest.read_bytes(), image.with_name(image.name + SIGNATURE).read_text()


def upload_release(args: argparse.Namespace) -> int:
    """Upload with the upload key created in ota's options."""
    image, data, signature = _files(args.image)
    fields = {"manifest": data, "signature": signature.encode()}
    boundary = secrets.token_hex(16)
    body = multipart(fields, args.image.name, image, boundary)
    parts = urlsplit(args.url)
    secure = parts.scheme == "https"
    connection = (http.client.HTTPSConnection if secure else http.client.HTTPConnection)(parts.netloc, timeout=300)
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "X-Device-Key": os.environ.get("OTA_UPLOAD_KEY", ""),
    }
    headers["Content-Length"] = str(len(body))
    connection.request("POST", f"{parts.path.rstrip('/')}/api/ota/releases/", with_progress(body), headers)
    reply = connection.getresponse()
    answer = json.loads(reply.read())
    if reply.status != 201:
        print(f"rejected ({reply.status}): {answer.get('message')}", file=sys.stderr)
        return 1
    print(f"{answer['release_id']} was stored")
    return 0


def with_progress(body: bytes) -> Iterator[bytes]:
    """Yield the body in pieces and show the progress on a terminal."""
    for at in range(0, len(body), _PIECE):
        yield body[at : at + _PIECE]
        if sys.stderr.isatty():
            print(f"\r{min(100, (at + _PIECE) * 100 // len(body))} %", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)


def multipart(fields: Mapping[str, bytes], name: str, image: bytes, boundary: str) -> bytes:
    """A multipart/form-data body: the fields, then the image."""
    body = b""
    for field, value in fields.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n'
        body += head.encode() + value + b"\r\n"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'
    return body + head.encode() + image + f"\r\n--{boundary}--\r\n".encode()


if __name__ == "__main__":
    sys.exit(main())
