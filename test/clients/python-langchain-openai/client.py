"""langchain-openai in front of tolk."""

from typing import Literal

import openai
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings
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
    STORY,
    TOO_LONG,
    TWO_CITIES,
    UNICODE,
    generations,
    picture,
    released,
)

HERE = {"base_url": BASE_URL, "api_key": API_KEY}


def chat(model="demo-thinker", **settings):
    return ChatOpenAI(**{"model": model, **HERE, **settings})


@tool
def get_weather(city: str) -> dict:
    """Current weather for a city."""
    return {"temperature": "22 °C", "city": city}


@tool
def ping() -> str:
    """Says whether anybody is there."""
    return "pong"


def models():
    raise Cannot("It has no call that lists models.")


def one_shot():
    answer = chat().invoke(STORY)
    assert answer.content and answer.response_metadata["finish_reason"] == "stop", answer
    usage = answer.usage_metadata
    assert usage["input_tokens"] > 0 and usage["output_tokens"] > 0, usage


def stream():
    whole = chat().invoke(STORY)
    streamed = summed(chat(stream_usage=True).stream(STORY))
    assert streamed.content == whole.content, streamed
    assert streamed.response_metadata["finish_reason"] == "stop", streamed
    for count in ("input_tokens", "output_tokens", "total_tokens"):
        assert streamed.usage_metadata[count] == whole.usage_metadata[count], streamed


def summed(chunks):
    """Chunks are added up, as langchain has it."""
    total = next(chunks)
    for chunk in chunks:
        total += chunk
    return total


def reasoning():
    raise Cannot("It reads no field beyond OpenAI's own, so it has no place for reasoning.")


def tools():
    round_trip(lambda model, messages: model.invoke(messages))


def tools_streamed():
    round_trip(lambda model, messages: summed(model.stream(messages)))


def round_trip(ask):
    model = chat().bind_tools([get_weather])
    messages = [HumanMessage(ONE_CITY)]
    answer = ask(model, messages)
    [call] = answer.tool_calls
    assert (call["name"], call["args"]) == ("get_weather", {"city": "Lisbon"}), answer
    assert answer.response_metadata["finish_reason"] == "tool_calls", answer
    messages += [answer, get_weather.invoke(call)]
    assert isinstance(messages[-1], ToolMessage), messages
    answer = ask(model, messages)
    assert "22 °C" in answer.content and not answer.tool_calls, answer


def two_calls():
    model = chat().bind_tools([get_weather])
    check_two(model.invoke(TWO_CITIES).tool_calls)
    streamed = summed(model.stream(TWO_CITIES))
    check_two(streamed.tool_calls)
    assert [part["index"] for part in streamed.tool_call_chunks] == [0, 1], streamed


def check_two(calls):
    assert [call["args"] for call in calls] == [{"city": "Lisbon"}, {"city": "Oslo"}], calls
    assert len({call["id"] for call in calls} - {"", None}) == 2, calls


def empty_arguments():
    model = chat("scripted").bind_tools([ping])
    for answer in (model.invoke("@empty-arguments"), summed(model.stream("@empty-arguments"))):
        [call] = answer.tool_calls
        assert (call["name"], call["args"]) == ("ping", {}), answer


def forced_tool():
    for choice in ("required", "get_weather"):
        answer = chat().bind_tools([get_weather], tool_choice=choice).invoke(STORY)
        [call] = answer.tool_calls
        assert call["name"] == "get_weather" and isinstance(call["args"]["city"], str), answer


class Booking(BaseModel):
    """A booking of a table."""

    name: str
    day: Literal["monday", "tuesday"]
    guests: list[str]


def structured():
    for method in ("json_schema", "function_calling"):
        booking = chat().with_structured_output(Booking, method=method).invoke(BOOKING)
        assert isinstance(booking, Booking), booking
        *_, last = chat().with_structured_output(Booking, method=method).stream(BOOKING)
        assert last == booking, (last, booking)


def image():
    parts = [
        {"type": "text", "text": "What is in this picture?"},
        {"type": "image_url", "image_url": {"url": picture()}},
    ]
    answer = chat("demo-vision").invoke([HumanMessage(content=parts)])
    assert "3 by 2" in answer.content, answer


def logprobs():
    model = chat("scripted", logprobs=True, top_logprobs=2)
    for answer in (model.invoke("@logprobs"), summed(model.stream("@logprobs"))):
        tokens = answer.response_metadata["logprobs"]["content"]
        assert "".join(token["token"] for token in tokens) == answer.content != "", answer
        assert all(token["logprob"] <= 0 for token in tokens), tokens
        assert all(len(token["top_logprobs"]) == 2 for token in tokens), tokens


def n():
    result = chat(n=2).generate([[HumanMessage(STORY)]])
    [choices] = result.generations
    assert len(choices) == 2 and all(choice.text for choice in choices), choices
    return "Streamed it does not say of which choice a chunk is."


def sampling():
    answer = chat("demo-writer", seed=7, stop=["."], max_tokens=3).invoke(STORY)
    assert answer.content and answer.response_metadata["finish_reason"] == "length", answer
    answer = chat("demo-writer", seed=7).invoke(STORY, stop=["."])
    assert answer.response_metadata["finish_reason"] == "stop", answer
    assert "." not in answer.content, answer


def embeddings():
    # Else it counts tokens with OpenAI's own tables, which it fetches, and sends those instead of texts.
    settings = {"model": "demo-embed", "check_embedding_ctx_length": False, **HERE}
    texts = ["one text", "another one"]
    unsaid = OpenAIEmbeddings(**settings)
    floats = OpenAIEmbeddings(**settings, model_kwargs={"encoding_format": "float"})
    vectors = floats.embed_documents(texts)
    # Unless told, the client below it asks for base64 and decodes it.
    assert unsaid.embed_documents(texts) == vectors, vectors
    assert vectors[0] != vectors[1] == unsaid.embed_query("another one"), vectors


def completions():
    model = OpenAI(model="demo-writer", **HERE)
    text = model.invoke("Once")
    assert text and "".join(model.stream("Once")) == text, text


def unicode():
    text = "".join(chunk.content for chunk in chat("scripted").stream("@unicode"))
    assert text == UNICODE, ascii(text)


def errors():
    once = {"max_retries": 0}
    refused(chat(api_key="wrong", **once), openai.AuthenticationError, 401)
    refused(chat("demo-writer", api_key=NARROW_KEY, **once), openai.PermissionDeniedError, 403)
    error = refused(chat("nope", **once), openai.NotFoundError, 404)
    assert (error.code, error.param) == ("model_not_found", "model"), error.body
    error = refused(chat(**once).bind(temperature="hot"), openai.BadRequestError, 400)
    assert error.param == "temperature", error.body
    refused(chat(**once), openai.APIStatusError, 413, TOO_LONG)
    limited = chat(api_key=LIMITED_KEY, **once)
    limited.invoke("Hello.")
    error = refused(limited, openai.RateLimitError, 429)
    assert int(error.response.headers["retry-after"]) > 0, error.response.headers
    refused(chat("scripted", **once), openai.InternalServerError, 503, "@busy")
    impatient = chat("scripted", base_url=BASE_URL_IMPATIENT, **once)
    refused(impatient, openai.InternalServerError, 504, "@silent-for-ever")


def refused(model, kind, status, question="Hello."):
    try:
        model.invoke(question)
    except kind as error:
        assert error.status_code == status and error.message, error
        return error
    raise AssertionError(f"no {status}")


def mid_stream_error():
    text = ""
    try:
        for chunk in chat("scripted").stream("@error-mid-stream"):
            text += chunk.content
    except openai.APIError as error:
        assert text and error.message, (text, error)
        return
    raise AssertionError(f"it ended as if nothing had happened, after {text!r}")


def abort():
    mark = "@endless-python-langchain-openai"
    chunks = chat("scripted").stream(mark)
    for _ in range(3):
        next(chunks)
    chunks.close()
    assert released(mark)


def silence():
    text = "".join(chunk.content for chunk in chat("scripted").stream("@silence"))
    assert text == "Good things take time.", text


def retries():
    mark = "@crash-after-work-python-langchain-openai"
    try:
        chat("scripted").invoke(mark)
    except openai.APIStatusError:
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
