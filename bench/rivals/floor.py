"""The floor of a job: as many bare interpreters as there are processors do the user's own work at once, each with its share
of the decoded files; to their time is added the processor time of decoding, spread over all processors.

    floor.py JOB KIND DECODED_FOLDER STORED_FOLDER
"""
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PROCESSORS = len(os.sched_getaffinity(0))
# igzip stands for what a library can do in process; it is several times faster than zcat.
DECODERS = {"json": ["cat"], "xz": ["xz", "-dc"], "gz": ["igzip", "-dc"], "zst": ["zstd", "-dcq"]}


def files_of(folder):
    return sorted(os.path.join(folder, name) for name in os.listdir(folder) if not name.startswith("."))


def decode_seconds(kind, folder):
    before = os.times().children_user + os.times().children_system
    for name in files_of(folder):
        subprocess.run([*DECODERS[kind], name], stdout=subprocess.DEVNULL, check=True)
    return (os.times().children_user + os.times().children_system - before) / PROCESSORS


def main():
    job, kind, decoded, stored = sys.argv[1:]
    files = files_of(decoded)
    begin = time.monotonic()
    processes = [subprocess.Popen([sys.executable, f"{HERE}/bare_mapper.py", job, *files[number::PROCESSORS]])
                 for number in range(PROCESSORS)]
    if any([process.wait() for process in processes]):
        sys.exit("a bare interpreter failed")
    seconds = time.monotonic() - begin
    with open("seconds.txt", "w", encoding="ascii") as file:
        file.write(str(seconds + decode_seconds(kind, stored)))


main()
