"""pydantic-ai in front of tolk."""

import asyncio
from typing import Literal

from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent
from pydantic_ai.embeddings import Embedder
from pydantic_ai.embeddings.openai import OpenAIEmbeddingModel
from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelRateLimitError,
)
from pydantic_ai.messages import ThinkingPart, ToolCallPart
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.output import NativeOutput
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
from verdicts import Cannot, run
from world import (
    API_KEY,
    BASE_URL,
    BASE_URL_IMPATIENT,
    BOOKING,
    LIMITED_KEY,
    NARROW_KEY,
    ONE_CITY,
    STORY,
    TOO_LONG,
    TWO_CITIES,
    UNICODE,
    generations,
    picture,
    released,
)


def provider(base_url=BASE_URL, api_key=API_KEY):
    return OpenAICompatibleProvider("tolk", base_url=base_url, api_key=api_key)


def agent(model="demo-thinker", at=None, **settings):
    return Agent(OpenAIChatModel(model, provider=at or provider()), **settings)


def get_weather(city: str) -> dict[str, str]:
    """Current weather for a city."""
    return {"temperature": "22 °C"}


def ping() -> str:
    """Says whether anybody is there."""
    return "pong"


def parts_of(result, kind):
    return [
        part
        for message in result.all_messages()
        for part in message.parts
        if isinstance(part, kind)
    ]


async def models():
    raise Cannot("It has no call that lists models.")


async def one_shot():
    result = await agent().run(STORY)
    assert result.output and result.response.finish_reason == "stop", result.response
    usage = result.usage
    assert usage.input_tokens > 0 and usage.output_tokens > 0, usage


async def stream():
    whole = await agent().run(STORY)
    async with agent().run_stream(STORY) as result:
        text = "".join([piece async for piece in result.stream_text(delta=True)])
        assert text == whole.output, text
        usage = result.usage
        assert usage.output_tokens == whole.usage.output_tokens > 0, usage


async def reasoning():
    whole = await agent().run(STORY)
    [thought] = parts_of(whole, ThinkingPart)
    async with agent().run_stream(STORY) as result:
        await result.get_output()
        [streamed] = parts_of(result, ThinkingPart)
    assert streamed.content == thought.content != "", (streamed, thought)


async def tools():
    result = await agent(tools=[get_weather]).run(ONE_CITY)
    [call] = parts_of(result, ToolCallPart)
    assert call.args_as_dict() == {"city": "Lisbon"}, call
    assert "22 °C" in result.output, result.output


async def tools_streamed():
    # `run_stream` takes the first text for the answer, here the words before the call; this goes on to the end.
    async with agent(tools=[get_weather]).run_stream_events(ONE_CITY) as events:
        *_, last = [event async for event in events]
    [call] = parts_of(last.result, ToolCallPart)
    assert call.args_as_dict() == {"city": "Lisbon"}, call
    assert "22 °C" in last.result.output, last


async def two_calls():
    result = await agent(tools=[get_weather]).run(TWO_CITIES)
    check_two(parts_of(result, ToolCallPart))
    async with agent(tools=[get_weather]).run_stream_events(TWO_CITIES) as events:
        *_, last = [event async for event in events]
    check_two(parts_of(last.result, ToolCallPart))


def check_two(calls):
    cities = [call.args_as_dict()["city"] for call in calls]
    assert cities == ["Lisbon", "Oslo"], calls
    assert len({call.tool_call_id for call in calls}) == 2, calls


async def empty_arguments():
    result = await agent("scripted", tools=[ping]).run("@empty-arguments")
    [call] = parts_of(result, ToolCallPart)
    assert call.args_as_dict() == {} and result.output, result


class Booking(BaseModel):
    """A booking of a table."""

    name: str
    day: Literal["monday", "tuesday"]
    guests: list[str]


class Weather(BaseModel):
    """Current weather for a city."""

    city: str


async def forced_tool():
    # An output type is a tool that has to be called, with `tool_choice: required`.
    result = await agent(output_type=Weather).run(STORY)
    assert isinstance(result.output, Weather) and result.output.city, result.output


async def structured():
    for output_type in (Booking, NativeOutput(Booking)):
        result = await agent(output_type=output_type).run(BOOKING)
        assert isinstance(result.output, Booking), result.output
        async with agent(output_type=output_type).run_stream(BOOKING) as streamed:
            assert await streamed.get_output() == result.output, streamed


async def image():
    question = ["What is in this picture?", BinaryContent.from_data_uri(picture())]
    result = await agent("demo-vision").run(question)
    assert "3 by 2" in result.output, result.output


async def logprobs():
    settings = {"openai_logprobs": True, "openai_top_logprobs": 2}
    result = await agent("scripted", model_settings=settings).run("@logprobs")
    tokens = result.response.provider_details["logprobs"]
    assert "".join(token["token"] for token in tokens) == result.output != "", tokens
    assert all(len(token["top_logprobs"]) == 2 for token in tokens), tokens


async def n():
    raise Cannot("A run has one answer; it has no setting for more choices.")


async def sampling():
    settings = {"seed": 7, "stop_sequences": ["."], "max_tokens": 3}
    result = await agent("demo-writer", model_settings=settings).run(STORY)
    assert result.output and result.response.finish_reason == "length", result.response
    settings = {"seed": 7, "stop_sequences": ["."]}
    result = await agent("demo-writer", model_settings=settings).run(STORY)
    assert result.response.finish_reason == "stop" and "." not in result.output, result.output


async def embeddings():
    embedder = Embedder(OpenAIEmbeddingModel("demo-embed", provider=provider()))
    both = (await embedder.embed_documents(["one text", "another one"])).embeddings
    alone = (await embedder.embed_query("another one")).embeddings
    assert len(both) == 2 and both[0] != both[1] == alone[0], both
    return "The encoding is left to the client below it, which asks for base64."


async def completions():
    raise Cannot("It speaks chats and responses, no legacy completions.")


async def unicode():
    async with agent("scripted").run_stream("@unicode") as result:
        text = "".join([piece async for piece in result.stream_text(delta=True)])
    assert text == UNICODE, ascii(text)


async def errors():
    await refused(agent(at=provider(api_key="wrong")), ModelAuthenticationError, 401)
    await refused(agent("demo-writer", at=provider(api_key=NARROW_KEY)), ModelHTTPError, 403)
    error = await refused(agent("nope"), ModelNotFoundError, 404)
    assert (error.body["code"], error.body["param"]) == ("model_not_found", "model"), error.body
    error = await refused(agent(model_settings={"temperature": "hot"}), ModelHTTPError, 400)
    assert error.body["param"] == "temperature", error.body
    await refused(agent(), ModelHTTPError, 413, TOO_LONG)
    limited = agent(at=provider(api_key=LIMITED_KEY))
    await limited.run("Hello.")
    error = await refused(limited, ModelRateLimitError, 429)
    assert int(error.headers["retry-after"]) > 0, error.headers
    await refused(agent("scripted"), ModelHTTPError, 503, "@busy")
    impatient = agent("scripted", at=provider(base_url=BASE_URL_IMPATIENT))
    await refused(impatient, ModelHTTPError, 504, "@silent-for-ever")


async def refused(asker, kind, status, question="Hello."):
    try:
        await asker.run(question, model_settings={"max_retries": 0})
    except kind as error:
        assert error.status_code == status and error.body["message"], error
        return error
    raise AssertionError(f"no {status}")


async def mid_stream_error():
    text = ""
    try:
        async with agent("scripted").run_stream("@error-mid-stream") as result:
            async for piece in result.stream_text(delta=True, debounce_by=None):
                text += piece
    except ModelAPIError as error:
        assert text and error.message, (text, error)
        return
    raise AssertionError(f"it ended as if nothing had happened, after {text!r}")


async def abort():
    mark = "@endless-python-pydantic-ai"
    async with agent("scripted").run_stream(mark) as result:
        pieces = result.stream_text(delta=True, debounce_by=None)
        for _ in range(3):
            await anext(pieces)
        await result.cancel()
    assert await asyncio.to_thread(released, mark)


async def silence():
    async with agent("scripted").run_stream("@silence") as result:
        text = "".join([piece async for piece in result.stream_text(delta=True)])
    assert text == "Good things take time.", text


async def retries():
    mark = "@crash-after-work-python-pydantic-ai"
    try:
        await agent("scripted").run(mark)
    except ModelHTTPError:
        worked = await asyncio.to_thread(generations, mark)
        assert worked == 1, worked
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
