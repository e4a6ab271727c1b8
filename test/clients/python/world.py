"""What the harness hands a program, and what scenarios of every Python client say alike."""

import base64
import os
import struct
import urllib.error
import urllib.parse
import urllib.request
import zlib

BASE_URL = os.environ["BASE_URL"]
# A tolk that waits two seconds for the first line of an answer.
BASE_URL_IMPATIENT = os.environ["BASE_URL_IMPATIENT"]
API_KEY = os.environ["API_KEY"]
LIMITED_KEY = os.environ["LIMITED_KEY"]
NARROW_KEY = os.environ["NARROW_KEY"]

UNICODE = "Ünï→漢字👩\u200d👩\u200d👧\u200d👦é\u2028"
STORY = "Tell me a story."
ONE_CITY = "What is the weather in Lisbon?"
TWO_CITIES = "What is the weather in Lisbon and Oslo?"
BOOKING = "Book Ada for Monday."
TOO_LONG = "a" * 300_000

GET_WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Current weather for a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
PING = {
    "type": "function",
    "function": {"name": "ping", "parameters": {"type": "object", "properties": {}}},
}
RESULT = '{"temperature": "22 °C"}'


def user(text):
    return {"role": "user", "content": text}


def picture():
    """A PNG of 3 by 2 pixels, as a data URL."""

    def part(kind, content):
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    rows = b"".join(b"\0" + b"\xd0\x40\x20" * 3 for _ in range(2))
    head = part(b"IHDR", struct.pack(">IIBBBBB", 3, 2, 8, 2, 0, 0, 0))
    png = b"\x89PNG\r\n\x1a\n" + head + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(png).decode()


def released(mark):
    """Whether the upstream was left within 5 s by every request whose message begins with this."""
    return ask_harness("released", mark) == (200, "released")


def generations(mark):
    """How often the upstream was put to work with a message that begins with this."""
    return int(ask_harness("generations", mark)[1])


def ask_harness(what, mark):
    url = f"{os.environ['CONTROL_URL']}/{what}?{urllib.parse.urlencode({'mark': mark})}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
