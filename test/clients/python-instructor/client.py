"""instructor, over the openai package, in front of tolk."""

from collections.abc import Iterable
from typing import Literal

import instructor
import openai
from instructor.core import InstructorRetryException
from pydantic import BaseModel
from verdicts import Cannot, run
from world import (
    API_KEY,
    BASE_URL,
    BASE_URL_IMPATIENT,
    BOOKING,
    LIMITED_KEY,
    NARROW_KEY,
    ONE_CITY,
    RESULT,
    STORY,
    TOO_LONG,
    TWO_CITIES,
    UNICODE,
    generations,
    picture,
    released,
    user,
)

THINKER = "demo-thinker"


def connect(mode=instructor.Mode.TOOLS, **settings):
    return instructor.from_openai(
        openai.OpenAI(**{"base_url": BASE_URL, "api_key": API_KEY, **settings}), mode=mode
    )


client = connect()


class get_weather(BaseModel):
    """Current weather for a city."""

    city: str


class ping(BaseModel):
    """Says whether anybody is there."""


class Booking(BaseModel):
    name: str
    day: Literal["monday", "tuesday"]
    guests: list[str]


def models():
    raise Cannot("It asks chats alone; lists of models are left to the client below it.")


def one_shot():
    # Without a response_model it hands out the completion itself.
    answer = client.create(model=THINKER, messages=[user(STORY)], response_model=None)
    [choice] = answer.choices
    assert choice.message.content and choice.finish_reason == "stop", choice
    assert answer.usage.prompt_tokens > 0 and answer.usage.completion_tokens > 0, answer.usage


def stream():
    request = {"model": THINKER, "messages": [user(STORY)], "response_model": None}
    whole = client.create(**request)
    text, usages = "", []
    for chunk in client.create(**request, stream=True, stream_options={"include_usage": True}):
        usages += [chunk.usage] if chunk.usage else []
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
    assert text == whole.choices[0].message.content, text
    assert usages == [whole.usage], usages


def reasoning():
    request = {"model": THINKER, "messages": [user(ONE_CITY)]}
    weather, answer = client.create_with_completion(**request, response_model=get_weather)
    assert weather.city == "Lisbon", weather
    assert answer.choices[0].message.reasoning_content, answer
    chunks = client.create(**request, response_model=None, stream=True)
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    assert any(getattr(delta, "reasoning_content", None) for delta in deltas), deltas


def tools():
    messages = [user(ONE_CITY)]
    request = {"model": THINKER, "messages": messages}
    weather, answer = client.create_with_completion(**request, response_model=get_weather)
    assert weather.city == "Lisbon", weather
    [call] = answer.choices[0].message.tool_calls
    messages += [
        answer.choices[0].message.model_dump(),
        {"role": "tool", "tool_call_id": call.id, "content": RESULT},
    ]
    answer = client.create(**request, response_model=None)
    assert "22 °C" in answer.choices[0].message.content, answer


def tools_streamed():
    messages = [user(ONE_CITY)]
    request = {"model": THINKER, "messages": messages}
    *_, weather = client.create_partial(**request, response_model=get_weather)
    assert weather.city == "Lisbon", weather
    # Streamed it keeps the call's id to itself.
    function = {"name": "get_weather", "arguments": weather.model_dump_json()}
    messages += [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": RESULT},
    ]
    chunks = client.create(**request, response_model=None, stream=True)
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert "22 °C" in text, text


def two_calls():
    parallel = connect(instructor.Mode.PARALLEL_TOOLS)
    calls = parallel.create(
        model=THINKER, messages=[user(TWO_CITIES)], response_model=Iterable[get_weather]
    )
    assert list(calls) == [get_weather(city="Lisbon"), get_weather(city="Oslo")], calls
    return "Streamed it refuses several calls."


def empty_arguments():
    request = {"model": "scripted", "messages": [user("@empty-arguments")]}
    assert isinstance(client.create(**request, response_model=ping), ping)


def forced_tool():
    request = {"model": THINKER, "messages": [user(STORY)], "response_model": get_weather}
    weather = client.create(**request)
    assert isinstance(weather, get_weather) and weather.city, weather
    # One call with a list, its items defined elsewhere in the schema.
    listed = list(client.create_iterable(**request))
    assert listed and all(weather.city for weather in listed), listed


def structured():
    for mode in (instructor.Mode.TOOLS, instructor.Mode.JSON_SCHEMA):
        asker = connect(mode)
        request = {"model": THINKER, "messages": [user(BOOKING)]}
        booking = asker.create(**request, response_model=Booking)
        assert isinstance(booking, Booking), booking
        *_, last = asker.create_partial(**request, response_model=Booking)
        assert last.model_dump() == booking.model_dump(), (mode, last, booking)


def image():
    content = ["What is in this picture?", instructor.Image.from_base64(picture())]
    answer = client.create(
        model="demo-vision", messages=[{"role": "user", "content": content}], response_model=None
    )
    assert "3 by 2" in answer.choices[0].message.content, answer


def logprobs():
    answer = client.create(
        model="scripted",
        messages=[user("@logprobs")],
        response_model=None,
        logprobs=True,
        top_logprobs=2,
    )
    [choice] = answer.choices
    tokens = choice.logprobs.content
    assert "".join(token.token for token in tokens) == choice.message.content != "", tokens
    assert all(token.logprob <= 0 and len(token.top_logprobs) == 2 for token in tokens), tokens


def n():
    request = {"model": THINKER, "messages": [user(STORY)], "response_model": None, "n": 2}
    answer = client.create(**request)
    assert [choice.index for choice in answer.choices] == [0, 1], answer
    texts = ["", ""]
    for chunk in client.create(**request, stream=True):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert texts == [choice.message.content for choice in answer.choices], texts
    assert all(texts), texts


def sampling():
    request = {"model": "demo-writer", "messages": [user(STORY)], "response_model": None}
    answer = client.create(**request, seed=7, stop=["."], max_completion_tokens=3)
    [choice] = answer.choices
    assert choice.finish_reason == "length" and choice.message.content, choice
    [choice] = client.create(**request, seed=7, stop=["."]).choices
    assert choice.finish_reason == "stop" and "." not in choice.message.content, choice


def embeddings():
    raise Cannot("It asks chats alone; embeddings are left to the client below it.")


def completions():
    raise Cannot("It asks chats alone; legacy completions are left to the client below it.")


def unicode():
    chunks = client.create(
        model="scripted", messages=[user("@unicode")], response_model=None, stream=True
    )
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == UNICODE, ascii(text)


def errors():
    once = {"max_retries": 0}
    refused(connect(api_key="wrong", **once), openai.AuthenticationError, 401)
    narrow = connect(api_key=NARROW_KEY, **once)
    refused(narrow, openai.PermissionDeniedError, 403, model="demo-writer")
    error = refused(connect(**once), openai.NotFoundError, 404, model="nope")
    assert (error.code, error.param) == ("model_not_found", "model"), error.body
    error = refused(connect(**once), openai.BadRequestError, 400, temperature="hot")
    assert error.param == "temperature", error.body
    refused(connect(**once), openai.APIStatusError, 413, messages=[user(TOO_LONG)])
    limited = connect(api_key=LIMITED_KEY, **once)
    limited.create(model=THINKER, messages=[user("Hello.")], response_model=None)
    error = refused(limited, openai.RateLimitError, 429)
    assert int(error.response.headers["retry-after"]) > 0, error.response.headers
    busy = {"model": "scripted", "messages": [user("@busy")]}
    refused(connect(**once), openai.InternalServerError, 503, **busy)
    silent = {"model": "scripted", "messages": [user("@silent-for-ever")]}
    impatient = connect(base_url=BASE_URL_IMPATIENT, **once)
    refused(impatient, openai.InternalServerError, 504, **silent)


def refused(asker, kind, status, **request):
    """Its own error, caused by the one of the client below it."""
    hello = {"model": THINKER, "messages": [user("Hello.")], "response_model": get_weather}
    try:
        asker.create(**{**hello, **request})
    except InstructorRetryException as error:
        cause = error.__cause__
        assert isinstance(cause, kind) and cause.status_code == status, repr(cause)
        return cause
    raise AssertionError(f"no {status}")


def mid_stream_error():
    request = {"model": "scripted", "messages": [user("@error-mid-stream")]}
    text = ""
    try:
        for chunk in client.create(**request, response_model=None, stream=True):
            text += chunk.choices[0].delta.content or ""
    except openai.APIError as error:
        assert text and error.message, (text, error)
        return
    raise AssertionError(f"it ended as if nothing had happened, after {text!r}")


def abort():
    mark = "@endless-python-instructor"
    with client.create(
        model="scripted", messages=[user(mark)], response_model=None, stream=True
    ) as chunks:
        for _ in range(3):
            next(chunks)
    assert released(mark)


def silence():
    chunks = client.create(
        model="scripted", messages=[user("@silence")], response_model=None, stream=True
    )
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == "Good things take time.", text


def retries():
    # Both its own tries and those of the client below it are as they are by default.
    mark = "@crash-after-work-python-instructor"
    try:
        client.create(model="scripted", messages=[user(mark)], response_model=get_weather)
    except InstructorRetryException:
        assert generations(mark) == 1, generations(mark)
        return
    raise AssertionError("no error")


run(
    models,
    one_shot,
    stream,
    reasoning,
    tools,
    tools_streamed,
    two_calls,
    empty_arguments,
    forced_tool,
    structured,
    image,
    logprobs,
    n,
    sampling,
    embeddings,
    completions,
    unicode,
    errors,
    mid_stream_error,
    abort,
    silence,
    retries,
)
