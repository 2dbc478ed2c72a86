"""The data of all rows: made once, from seeds, in build/bench-data (or build/bench-data-quick)."""
import functools
import gzip
import hashlib
import inspect
import itertools
import json
import multiprocessing
import operator
import os
import random
import shutil
import subprocess

from measuring import PROCESSORS, ROOT

WORDS, LINES_OF_TEXT = 200_000, 400_000
TEXT_BYTES_A_LINE = 64
PAIR_FILES = 8
SYSTEMS = ["WINNT"] * 15 + ["Darwin"] * 3 + ["Linux"] * 2 + ["Android"]
CRASHERS, RECORD_FILES = 100, 4


class Corpora:
    def __init__(self, is_quick):
        self.part = 8 if is_quick else 1
        self.folder = os.path.join(ROOT, "build/bench-data" + ("-quick" if is_quick else ""))

    def pings(self, kind, files=8):
        """A folder of telemetry pings of about 1 GB, in one format: xz, gz, zst or json."""
        name = "pings" if files == 8 else f"pings-{files}"
        formats = "xz,gz,zst,json" if files == 8 else kind
        folder = os.path.join(self.folder, name)
        self.make_corpus(folder, files, 10**9 // self.part, formats)
        return os.path.join(folder, kind)

    def one_large_zst(self):
        folder = os.path.join(self.folder, "one-large")
        self.make_corpus(folder, 1, 500_000_000 // self.part, "zst")
        return os.path.join(folder, "zst")

    def small_pings(self, count, bytes_each):
        """Many small files of a few pings each."""
        count //= self.part
        folder = os.path.join(self.folder, f"small-{bytes_each}")
        self.make_corpus(folder, count, count * bytes_each, "json")
        return os.path.join(folder, "json")

    @staticmethod
    def make_corpus(folder, files, size_bytes, formats):
        subprocess.run([os.path.join(ROOT, "tools/make_corpus"), folder, "--files", str(files), "--bytes", str(size_bytes),
                        "--formats", formats], check=True, stdout=subprocess.DEVNULL)

    def text(self):
        """1 GB of words, as unevenly spread as a language's, in 4 .gz files."""
        return self.make("text", make_text, [10**9 // self.part // 4] * 4)

    def pairs(self):
        """50 million lines `key,value`, 5 million keys."""
        count = 50_000_000 // self.part // PAIR_FILES
        return self.make("pairs", make_pairs, [(count, 5_000_000 // self.part)] * PAIR_FILES)

    def tiny_files(self):
        """A million files of 200 bytes (100,000 in a quick run), a thousand in each folder."""
        folders = 1000 if self.part == 1 else 100
        return self.make("tiny", make_tiny_folder, [1000] * folders)

    def records(self, planted):
        """A million records of 1 KB. With 100 planted among them that kill whoever maps them; or the same without these."""
        size = (1_000_000 // self.part // RECORD_FILES, CRASHERS // RECORD_FILES, planted)
        return self.make("records-planted" if planted else "records", make_records, [size] * RECORD_FILES)

    def numbered_lines(self, name, files, lines):
        """Lines that differ, the same many in each file, in quick runs as well."""
        return self.make(f"lines-{name}", make_numbered_lines, [lines] * files)

    def small_texts(self, count, size_bytes):
        """Text in small .gz files, in quick runs as well."""
        return self.make("small-texts", make_small_text, [size_bytes] * count)

    def pictures(self, count):
        """Photographs, as ImageMagick draws them: 1200 by 800 with noise."""
        return self.make("pictures", make_picture, [(1200, 800)] * count)

    def objects(self, name, count, size_bytes):
        """`count` files of random bytes, all together of that size, or an eighth of it in a quick run."""
        return self.make(f"objects-{name}", make_object, [size_bytes // self.part // count] * count)

    def small_objects(self, name, count, size_bytes):
        """An eighth of `count` in a quick run, each a record of one field."""
        return self.make(f"records-{name}", make_record, [size_bytes // count] * (count // self.part))

    def shaped_pings(self, shape):
        """Pings of one shape (make_shaped_pings), 200 MB in 4 files."""
        return self.make(f"pings-{shape}", SHAPES[shape], [200_000_000 // self.part // 4] * 4)

    def orders(self):
        """1 GB of orders as JSON lines, in 8 .gz files."""
        return self.make("orders", make_orders, [10**9 // self.part // 8] * 8)

    def order_tables(self, kind):
        """1 GB of the same kind of orders as CSV, in 8 files, plain or .gz."""
        return self.make(f"orders-csv-{kind}", make_plain_table if kind == "csv" else make_gz_table, [10**9 // self.part // 8] * 8)

    def access_logs(self):
        """1 GB of lines of a web server's combined log, in 8 .gz files."""
        return self.make("access-logs", make_access_log, [10**9 // self.part // 8] * 8)

    def one_array(self):
        """One file of 1 GB: one JSON array of orders."""
        return self.make("one-array", make_array, [10**9 // self.part])

    def one_ping(self):
        return self.one_line("one-ping.json", '0\t{"info": {"OS": "Linux"}}\n')

    def one_record(self):
        return self.one_line("one-record.txt", "0-0 Linux 0123456789abcdef\n")

    def one_line(self, name, line):
        path = os.path.join(self.folder, name)
        os.makedirs(self.folder, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(line)
        return path

    def make(self, name, maker, sizes):
        """A folder that `maker(path, number, size)` fills; one that was made by the same code for the same sizes stays."""
        folder = os.path.join(self.folder, name)
        stamp, made_with = os.path.join(folder, ".made-with"), made_by(maker, sizes)
        if os.path.exists(stamp):
            with open(stamp, encoding="utf-8") as file:
                if file.read() == made_with:
                    return folder
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        tasks = [(os.path.join(folder, f"{number:04}"), number, size) for number, size in enumerate(sizes)]
        with multiprocessing.get_context("fork").Pool(PROCESSORS) as pool:
            pool.starmap(maker, tasks, chunksize=1)
        with open(stamp, "w", encoding="utf-8") as file:
            file.write(made_with)
        return folder


def made_by(maker, sizes):
    return f"{hashlib.sha256(inspect.getsource(maker).encode()).hexdigest()} {sizes}\n"


def decoded_bytes(folder):
    return sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder) if not name.startswith("."))


def make_text(path, number, size_bytes):
    """The files have the same lines in different orders: drawing each word anew would take minutes."""
    lines = list(lines_of_text())
    draw = random.Random(f"text {number}")
    with subprocess.Popen(["gzip", "-6"], stdin=subprocess.PIPE, stdout=open(f"{path}.gz", "wb")) as packer:
        written = 0
        while written < size_bytes:
            draw.shuffle(lines)
            data = "".join(lines).encode()[: size_bytes - written]
            written += len(data)
            packer.stdin.write(data)
        packer.stdin.write(b"\n")


@functools.cache
def lines_of_text():
    draw = random.Random("text")
    words = ["".join(draw.choices("etaoinshrdlucmfwypvbgk", k=draw.randint(2, 9))) for _ in range(WORDS)]
    weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(WORDS)))
    return [" ".join(draw.choices(words, cum_weights=weights, k=12)) + "\n" for _ in range(LINES_OF_TEXT)]


def make_small_text(path, number, size_bytes):
    draw = random.Random(f"text {number}")
    text = "".join(draw.choices(lines_of_text(), k=size_bytes // 60)).encode()[:size_bytes]
    with open(f"{path}.gz", "wb") as file:
        file.write(gzip.compress(text + b"\n", 6, mtime=0))


def make_small_pings(path, number, size_bytes):
    """400 to 2,000 bytes: numbers, short strings, a map of counters."""
    def ping(draw):
        count = draw.randrange(10, 90)
        return {"ver": 1, "locale": draw.choice(["en-US", "de", "fr"]), "uptime": draw.random() * 1e4, "id": draw.getrandbits(60),
                "flags": {"first": True, "crash": None}, "addons": [draw.getrandbits(16) for _ in range(count)],
                "counts": {f"counter{at}": draw.getrandbits(12) for at in range(count // 2)}}
    write_pings(path, number, size_bytes, ping)


def make_string_pings(path, number, size_bytes):
    """Some 10 KB: long strings in several scripts, half of them escaped."""
    def ping(draw):
        words = draw.choices(["lorem", "ipsum", "dolor", "\u00fcber", "\u043f\u0440\u0438\u0432\u0435\u0442", "\u6570\u636e"], k=600)
        return {"log": " ".join(words), "lines": "\n".join(words), "plain": "abcdefghij" * 300}
    write_pings(path, number, size_bytes, ping)


def make_nested_pings(path, number, size_bytes):
    """Some 2 KB: lists of small objects."""
    def ping(draw):
        return {"threads": [{"name": f"thread{at}", "id": draw.getrandbits(16), "frame": {"line": draw.getrandbits(10), "depth": at}}
                            for at in range(25)]}
    write_pings(path, number, size_bytes, ping)


SHAPES = {"small": make_small_pings, "strings": make_string_pings, "nested": make_nested_pings}


def write_pings(path, number, size_bytes, ping):
    draw = random.Random(f"pings {number}")
    with open(path + ".json", "w", encoding="utf-8") as file:
        while file.tell() < size_bytes:
            for _ in range(100):
                record = {"info": {"OS": draw.choice(SYSTEMS)}, **ping(draw)}
                file.write(f"{draw.getrandbits(128):032x}\t{json.dumps(record, ensure_ascii=draw.random() < 0.5)}\n")


def make_numbered_lines(path, number, lines):
    with open(f"{path}.txt", "w", encoding="utf-8") as file:
        file.writelines(f"{number:04}-{line:04}\n" for line in range(lines))


def make_picture(path, number, size):
    subprocess.run(["convert", "-seed", str(number), "-size", "{}x{}".format(*size), "plasma:grey-white", "-attenuate", "0.3",
                    "+noise", "Gaussian", "-quality", "85", f"{path}.jpg"], check=True)


def make_pairs(path, number, size):
    count, keys = size
    draw = random.Random(f"pairs {number}")
    names = [f"{key * 2654435761 % 2**32:08x}," for key in range(keys)]
    values = [f"{value}\n" for value in range(1000)]
    with open(path + ".csv", "w", encoding="ascii") as file:
        while count > 0:
            now = min(count, 500_000)
            file.write("".join(map(operator.add, draw.choices(names, k=now), draw.choices(values, k=now))))
            count -= now


def make_orders(path, number, size_bytes):
    draw = random.Random(f"orders {number}")
    countries = [f"{letter}{other}" for letter in "abcdef" for other in "pqrst"]
    with gzip.open(f"{path}.gz", "wt", compresslevel=6, encoding="ascii") as file:
        written = 0
        while written < size_bytes:
            written += file.write(
                f'{{"id": {draw.getrandbits(40)}, "country": "{draw.choice(countries)}", "user": "u{draw.randrange(200_000)}", '
                f'"cents": {draw.randrange(10**6)}, "ms": {int(draw.expovariate(0.005))}, "path": "/shop/item/{draw.getrandbits(24)}", '
                f'"agent": "Mozilla/5.0 (X11; Linux x86_64; rv:{draw.randrange(100, 140)}.0)", "ok": true}}\n')


def make_table(file, number, size_bytes):
    draw = random.Random(f"orders {number}")
    countries = [f"{letter}{other}" for letter in "abcdef" for other in "pqrst"]
    written = file.write("id,country,user,cents,ms,path,agent,ok\n")
    while written < size_bytes:
        written += file.write(
            f'{draw.getrandbits(40)},{draw.choice(countries)},u{draw.randrange(200_000)},{draw.randrange(10**6)},'
            f'{int(draw.expovariate(0.005))},/shop/item/{draw.getrandbits(24)},'
            f'"Mozilla/5.0 (X11, Linux; rv:{draw.randrange(100, 140)}.0)",true\n')


def make_plain_table(path, number, size_bytes):
    with open(f"{path}.csv", "w", encoding="ascii") as file:
        make_table(file, number, size_bytes)


def make_gz_table(path, number, size_bytes):
    with gzip.open(f"{path}.csv.gz", "wt", compresslevel=6, encoding="ascii") as file:
        make_table(file, number, size_bytes)


def make_access_log(path, number, size_bytes):
    draw = random.Random(f"log {number}")
    with gzip.open(f"{path}.log.gz", "wt", compresslevel=6, encoding="ascii") as file:
        written = 0
        while written < size_bytes:
            written += file.write(
                f'10.{draw.randrange(256)}.{draw.randrange(256)}.{draw.randrange(256)} - - '
                f'[{draw.randrange(1, 29):02}/Nov/2026:{draw.randrange(24):02}:{draw.randrange(60):02}:07 +0000] '
                f'"GET /page/{int(draw.expovariate(0.01))} HTTP/1.1" {draw.choice((200, 200, 200, 200, 304, 404, 500))} '
                f'{draw.randrange(10**5)} "-" "Mozilla/5.0 (X11; Linux x86_64; rv:{draw.randrange(100, 140)}.0)"\n')


def make_array(path, number, size_bytes):
    draw = random.Random(f"array {number}")
    with open(f"{path}.json", "w", encoding="ascii") as file:
        written = file.write("[")
        while written < size_bytes:
            written += file.write(
                f'{{"country": "{draw.choice("abcdef")}", "cents": {draw.randrange(10**6)}, "user": "u{draw.randrange(200_000)}", '
                f'"items": [{draw.randrange(10**6)}, {draw.randrange(10**6)}], "agent": "Mozilla/5.0 (X11; Linux x86_64)"}},\n')
        file.write('{"country": "a", "cents": 1}]')


def make_object(path, number, size_bytes):
    with open(path, "wb") as file:
        file.write(random.Random(f"object {number}").randbytes(size_bytes))


def make_record(path, number, size_bytes):
    digits = random.Random(f"record {number}").randbytes(size_bytes // 2).hex()
    with open(path, "w", encoding="ascii") as file:
        file.write(f'{{"k":"{digits}"}}\n')


def make_tiny_folder(path, number, count):
    draw = random.Random(f"tiny {number}")
    os.mkdir(path)
    for file_number in range(count):
        text = f'{draw.getrandbits(128):032x}\t{{"info": {{"OS": "{draw.choice(SYSTEMS)}"}}, "pad": "'
        with open(f"{path}/{file_number:03}.json", "w", encoding="ascii") as file:
            file.write(text + "x" * (197 - len(text)) + '"}\n')


def make_records(path, number, size):
    count, crashers, is_planted = size
    draw = random.Random(f"records {number}")
    chosen = set(random.Random(f"crashers {number}").sample(range(count), crashers))
    with open(path + ".txt", "w", encoding="ascii") as file:
        for at in range(count):
            system, body = draw.choice(SYSTEMS), f"{draw.getrandbits(4000):01000x}"
            if at not in chosen:
                file.write(f"{number}-{at} {system} {body}\n")
            elif is_planted:
                file.write(f"{number}-{at} crash {body}\n")
