"""Fetching from web servers and from S3, with a job that does nothing else, and with one that has work to do meanwhile."""
import os

import servers
from contest import Command, Contest, Faster, Memory, WithinSlower
from corpora import decoded_bytes
from sides import OS_COUNT, QUERN, files_of, job

PARALLEL = 8
LISTED = 100_000
BUCKET = "bench"


def fetching(name, words, **more):
    """A side that leaves files; what they are is each tool's own business to verify."""
    return Command(name, words, is_compared=False, result="result.txt", **more)


def bash(name, script, before=(), **more):
    return fetching(name, [*before, "bash", "-c", "set -euo pipefail\n" + script], **more)


def quern_fetches(manifest, before=(), name="quern", does="fetch"):
    return fetching(name, [*before, QUERN, "run", job(does), "--quiet", "--manifest", manifest, "-o", "result.txt"])


def web_row(title, folder, times, tls=None, does="fetch"):
    url = servers.nginx_of(folder, tls)
    names = [os.path.basename(name) for name in files_of(folder)]
    lists = servers.temporary_folder()
    manifest, urls, config = (os.path.join(lists, name) for name in ("manifest", "urls", "curl"))
    with open(manifest, "w", encoding="utf-8") as file:
        file.writelines(f"{url}{name}\t{os.path.getsize(os.path.join(folder, name))}\n" for name in names)
    with open(urls, "w", encoding="utf-8") as file:
        file.writelines(f"{url}{name}\n" for name in names)
    with open(config, "w", encoding="utf-8") as file:
        file.writelines(f'url = "{url}{name}"\noutput = "{name}"\n' for name in names)
    before = servers.trusting() if tls else ["env", "-u", "AWS_CA_BUNDLE"]
    rivals = [bash("curl --parallel", f"curl -sS --fail --parallel --parallel-max {PARALLEL} -K {config}", before),
              bash("aria2c", f"aria2c -q -j{PARALLEL} -x1 --ca-certificate=${{SSL_CERT_FILE:-}} --file-allocation=none -i {urls}", before),
              bash("rclone", f"env -u AWS_CA_BUNDLE rclone --config=/dev/null copy --transfers {PARALLEL} --checkers {PARALLEL} "
                             f"--http-url {url} :http: files", before)]
    goals = [Faster(rival.name, times) for rival in rivals]
    return Contest(title, quern_fetches(manifest, before, does=does), rivals, goals, decoded_bytes(folder))


def large_objects(corpora):
    return corpora.objects("large", 20, 1_000_000_000)


def small_objects(corpora):
    return corpora.small_objects("small", 5000, 100_000_000)


def web_large(corpora):
    """20 objects of 50 MB from nginx against curl --parallel, aria2c and rclone"""
    return web_row("20 large objects from nginx", large_objects(corpora), 1)


def web_small(corpora):
    """5,000 objects of 20 KB from nginx against the same"""
    return web_row("small objects from nginx", small_objects(corpora), 1, does="fetch-small")


def tls_large(corpora):
    """the large objects over TLS and HTTP/1.1"""
    return web_row("20 large objects over TLS", large_objects(corpora), 1.2, "http/1.1")


def tls_small(corpora):
    """the small objects over TLS and HTTP/1.1"""
    return web_row("small objects over TLS", small_objects(corpora), 1.2, "http/1.1", "fetch-small")


def h2_large(corpora):
    """the large objects over TLS and HTTP/2"""
    return web_row("20 large objects over HTTP/2", large_objects(corpora), 1.2, "h2")


def h2_small(corpora):
    """the small objects over TLS and HTTP/2"""
    return web_row("small objects over HTTP/2", small_objects(corpora), 1.2, "h2", "fetch-small")


def s3_row(title, folder, is_tls, does="fetch"):
    # By their paths: what this process holds in memory counts as the peak of every program that it starts.
    objects = {os.path.basename(name): {"file": os.path.abspath(name)} for name in files_of(folder)}
    server = servers.swift({"buckets": {BUCKET: {"objects": objects}}}, is_tls)
    keys = server.keys
    ours = fetching("quern", [*server.words, QUERN, "run", job(does), "--quiet", "-i", f"s3://{BUCKET}/", "-o", "result.txt"])
    host = server.endpoint.partition("://")[2]
    transport = f"--ssl --ca-certs={servers.certificate()[0]}" if is_tls else "--no-ssl"
    rivals = [bash("rclone", "env -u AWS_CA_BUNDLE "  # which it cannot use
                             f"rclone --config=/dev/null copy --transfers {PARALLEL} --checkers {PARALLEL} :s3:{BUCKET} files", server.words),
              bash("aws s3 cp", f"/usr/bin/aws s3 cp --quiet --recursive --endpoint-url {server.endpoint} s3://{BUCKET} files", server.words),
              bash("s3cmd", f"s3cmd -c /dev/null -q {transport} --host={host} --host-bucket={host} --access_key={keys['access_key']} "
                            f"--secret_key={keys['secret_key']} get --recursive --force s3://{BUCKET} ./", rounds=1)]
    return Contest(title, ours, rivals, [Faster(rival.name, 1.2 if is_tls else 1) for rival in rivals], decoded_bytes(folder))


def s3_large(corpora, is_tls=False):
    """large objects, signed, from Debian's swift against rclone, aws s3 cp and s3cmd"""
    return s3_row("20 large objects from swift", corpora.objects("large-s3", 20, 200_000_000), is_tls)


def s3_small(corpora, is_tls=False):
    """small objects, signed, from Debian's swift against the same"""
    return s3_row("small objects from swift", corpora.small_objects("small-s3", 2000, 40_000_000), is_tls, "fetch-small")


def s3_tls_large(corpora):
    """large objects, signed, from swift behind TLS"""
    return s3_large(corpora, True)


def s3_tls_small(corpora):
    """small objects, signed, from swift behind TLS"""
    return s3_small(corpora, True)


def s3_list(_corpora):
    """listing 100,000 keys of our own S3 server against aws s3api and rclone"""
    server = servers.fake_s3({"buckets": {BUCKET: {"generate": {"prefix": "p/", "count": LISTED, "size": 16}}}})
    # No key ends so: the whole listing is read, and then nothing is left to do.
    ours = fetching("quern", [*server.words, QUERN, "run", job("fetch"), "--quiet", "-i", f"s3://{BUCKET}/p/*-", "-o", "result.txt"],
                    ok_exit=(1,))
    rivals = [bash("aws s3api", f"/usr/bin/aws s3api list-objects-v2 --endpoint-url {server.endpoint} --bucket {BUCKET} --prefix p/ "
                                "--query 'length(Contents)' --output text", server.words),
              bash("rclone", f"rclone --config=/dev/null lsf -R :s3:{BUCKET}/p | wc -l", server.words)]
    return Contest(f"listing {LISTED} keys", ours, rivals, [Faster("aws s3api", 1), Faster("rclone", 1), Memory(64)])


def hidden_fetch(corpora):
    """os-count over objects of .xz from nginx against fetching first and mapping then"""
    folder = corpora.pings("xz")
    url = servers.nginx_of(folder)
    manifest = os.path.join(servers.temporary_folder(), "manifest")
    with open(manifest, "w", encoding="utf-8") as file:
        file.writelines(f"{url}{os.path.basename(name)}\t{os.path.getsize(name)}\n" for name in files_of(folder))
    ours = Command("quern", [QUERN, "run", OS_COUNT, "--quiet", "--manifest", manifest, "-o", "result.txt"])
    mapping = Command("mapping alone", [QUERN, "run", OS_COUNT, "--quiet", "-i", folder, "-o", "result.txt"])
    return Contest("os-count over .xz behind HTTP", ours, [quern_fetches(manifest, name="fetching alone"), mapping],
                   [WithinSlower(("fetching alone", "mapping alone"), 1.10)], decoded_bytes(corpora.pings("json")))


ROWS = {"web-large": web_large, "web-small": web_small, "tls-large": tls_large, "tls-small": tls_small, "h2-large": h2_large,
        "h2-small": h2_small, "s3-large": s3_large, "s3-small": s3_small, "s3-tls-large": s3_tls_large, "s3-tls-small": s3_tls_small,
        "s3-list": s3_list, "hidden-fetch": hidden_fetch}
