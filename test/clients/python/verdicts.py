"""Runs the scenarios of one client and prints a verdict on each, a JSON object a line."""

import asyncio
import inspect
import json
import sys
import traceback
from os.path import basename

from sitecustomize import reached_out


class Cannot(Exception):
    """The client itself has no way to do that; the message says why."""


def run(*scenarios):
    """
    Runs those that the command line names, all if it names none; one event loop for all.

    A scenario returns a sentence on what the client has no way to do of it, if there is something.
    """
    wanted = sys.argv[1:]
    with asyncio.Runner() as runner:
        for scenario in scenarios:
            name = scenario.__name__
            if not wanted or name in wanted:
                verdict, detail = attempt(scenario, runner)
                said = {"scenario": name, "verdict": verdict, "detail": detail}
                print(json.dumps(said), flush=True)


def attempt(scenario, runner):
    try:
        outcome = scenario()
        left_out = runner.run(finished(outcome)) if inspect.isawaitable(outcome) else outcome
    except Cannot as reason:
        return "cannot", str(reason)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        where = [
            f"line {frame.lineno}" for frame in frames if basename(frame.filename) == "client.py"
        ]
        return "fail", f"{type(error).__name__}: {error} ({', '.join(where)})"[:1000]
    if reached_out:
        return "fail", f"by now it has reached out to {reached_out.pop()}"
    return "pass", left_out or ""


async def finished(outcome):
    return await asyncio.wait_for(outcome, 60)
