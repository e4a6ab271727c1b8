//! What is asked and answered, tools aside.

use async_openai::types::{
    chat::{
        ChatCompletionRequestMessageContentPartImage, ChatCompletionRequestMessageContentPartText,
        ChatCompletionRequestUserMessageArgs, FinishReason, ImageUrl, ResponseFormat,
        ResponseFormatJsonSchema, StopConfiguration,
    },
    completions::CreateCompletionRequestArgs,
    embeddings::{CreateEmbeddingRequestArgs, EncodingFormat},
};
use futures::StreamExt;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Seen, World,
    ask::{ask, asked, first_choice, listen, listen_to_one},
    ensure,
};

pub const STORY: &str = "Tell me a story.";

pub async fn models(w: &World) -> Seen {
    let list = w.client.models().list().await?;
    let ids: Vec<_> = list.data.iter().map(|model| model.id.as_str()).collect();
    ensure!(ids.contains(&"demo-thinker:latest"), "listed are {ids:?}");
    let model = w.client.models().retrieve("team/namespaced:v1").await?;
    ensure!(model.id == "team/namespaced:v1", "got {model:?}");
    Ok(())
}

pub async fn one_shot(w: &World) -> Seen {
    let answer = ask(w, asked("demo-thinker", STORY).build()?).await?;
    let choice = &answer.choices[0];
    let text = choice.message.content.as_deref().unwrap_or("");
    ensure!(!text.is_empty(), "no text in {choice:?}");
    ensure!(
        choice.finish_reason == Some(FinishReason::Stop),
        "{:?}",
        choice.finish_reason
    );
    let usage = answer.usage.ok_or("no usage")?;
    let sum = usage.prompt_tokens + usage.completion_tokens;
    ensure!(
        usage.prompt_tokens > 0 && usage.completion_tokens > 0,
        "usage {usage:?}"
    );
    ensure!(usage.total_tokens == sum, "usage {usage:?}");
    Ok(())
}

pub async fn stream(w: &World) -> Seen {
    let request = asked("demo-thinker", STORY).build()?;
    let whole = ask(w, request.clone()).await?;
    let (heard, usage) = listen_to_one(w, request, FinishReason::Stop).await?;
    let text = whole.choices[0].message.content.as_deref();
    ensure!(
        text == Some(&heard.text),
        "streamed {:?}, whole {text:?}",
        heard.text
    );
    ensure!(
        Some(&usage) == whole.usage.as_ref(),
        "streamed {usage:?}, whole {:?}",
        whole.usage
    );
    Ok(())
}

/// The client's types have no reasoning; its `byot` methods answer with any type.
pub async fn reasoning(w: &World) -> Seen {
    let mut request = json!({
        "model": "demo-thinker",
        "messages": [{ "role": "user", "content": STORY }],
    });
    let whole: Value = w.client.chat().create_byot(&request).await?;
    let thought = whole["choices"][0]["message"]["reasoning_content"]
        .as_str()
        .unwrap_or("");
    request["stream"] = true.into();
    let mut chunks = w
        .client
        .chat()
        .create_stream_byot::<_, Value>(&request)
        .await?;
    let mut heard = String::new();
    while let Some(chunk) = chunks.next().await {
        heard += chunk?["choices"][0]["delta"]["reasoning_content"]
            .as_str()
            .unwrap_or("");
    }
    ensure!(
        !thought.is_empty() && thought == heard,
        "whole {thought:?}, streamed {heard:?}"
    );
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Day {
    Monday,
    Tuesday,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Booking {
    name: String,
    day: Day,
    guests: Vec<String>,
}

pub async fn structured(w: &World) -> Seen {
    let schema = json!({
        "type": "object",
        "properties": {
            "name": { "type": "string" },
            "day": { "type": "string", "enum": ["monday", "tuesday"] },
            "guests": { "type": "array", "items": { "type": "string" } },
        },
        "required": ["name", "day", "guests"],
        "additionalProperties": false,
    });
    let json_schema = ResponseFormatJsonSchema {
        name: "booking".into(),
        description: None,
        schema,
        strict: Some(true),
    };
    let mut request = asked("demo-thinker", "Book Ada for Monday.");
    request.response_format(ResponseFormat::JsonSchema { json_schema });
    let choice = first_choice(w, request.build()?).await?;
    let text = choice.message.content.unwrap_or_default();
    let booking: Booking =
        serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
    let Booking { name, day, guests } = booking;
    let is_ada = name.contains("Ada") && matches!(day, Day::Monday | Day::Tuesday);
    ensure!(is_ada, "{name:?} on {day:?} with {guests:?}");
    Ok(())
}

/// 3 by 2 pixels.
const PNG: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR4nGP438AAQQxwFgBf0gj7joAKVQAAAABJRU5ErkJggg==";

pub async fn image(w: &World) -> Seen {
    let url = ImageUrl {
        url: PNG.into(),
        detail: None,
    };
    let message = ChatCompletionRequestUserMessageArgs::default()
        .content(vec![
            ChatCompletionRequestMessageContentPartText::from("What is this?").into(),
            ChatCompletionRequestMessageContentPartImage::from(url).into(),
        ])
        .build()?;
    let mut request = asked("demo-vision", "");
    let choice = first_choice(w, request.messages([message.into()]).build()?).await?;
    let text = choice.message.content.unwrap_or_default();
    ensure!(text.contains("3 by 2"), "the answer is {text:?}");
    Ok(())
}

pub async fn logprobs(w: &World) -> Seen {
    let mut request = asked("scripted", "@logprobs-async-openai");
    let request = request.logprobs(true).top_logprobs(2_u8).build()?;
    let choice = first_choice(w, request.clone()).await?;
    let (heard, _) = listen_to_one(w, request, FinishReason::Stop).await?;
    let whole = choice
        .logprobs
        .and_then(|found| found.content)
        .ok_or("no log probabilities")?;
    for tokens in [&whole, &heard.logprobs] {
        let text: String = tokens.iter().map(|token| token.token.as_str()).collect();
        ensure!(
            !text.is_empty() && text == heard.text,
            "{:?} in the tokens {tokens:?}",
            heard.text
        );
        for token in tokens {
            let has_bytes = token.bytes.as_deref() == Some(token.token.as_bytes());
            let is_likely = token.logprob <= 0.0 && token.top_logprobs.len() == 2;
            ensure!(has_bytes && is_likely, "the token {token:?}");
        }
    }
    ensure!(
        choice.message.content.as_ref() == Some(&heard.text),
        "{:?}",
        choice.message
    );
    Ok(())
}

pub async fn several_choices(w: &World) -> Seen {
    let request = asked("demo-thinker", STORY).n(2_u8).build()?;
    let whole = ask(w, request.clone()).await?;
    let stream = listen(w, request).await?;
    if let Some(error) = stream.error {
        return Err(error.into());
    }
    let counts = (whole.choices.len(), stream.choices.len());
    ensure!(counts == (2, 2), "{counts:?} choices, whole and streamed");
    for (at, (choice, heard)) in whole.choices.iter().zip(&stream.choices).enumerate() {
        let has_text = choice
            .message
            .content
            .as_ref()
            .is_some_and(|text| !text.is_empty());
        ensure!(
            choice.index as usize == at && has_text,
            "choice {at} is {choice:?}"
        );
        ensure!(
            choice.finish_reason == Some(FinishReason::Stop),
            "choice {at} is {choice:?}"
        );
        ensure!(!heard.text.is_empty(), "streamed choice {at} is empty");
        ensure!(
            heard.finish_reasons == [FinishReason::Stop],
            "{:?}",
            heard.finish_reasons
        );
    }
    Ok(())
}

pub async fn sampling(w: &World) -> Seen {
    let mut request = asked("demo-writer", STORY);
    request
        .stop(StopConfiguration::StringArray(vec![".".into()]))
        .max_completion_tokens(3_u32);
    // The client calls it deprecated, as OpenAI does.
    #[allow(deprecated)]
    request.seed(7_i64);
    let choice = first_choice(w, request.build()?).await?;
    let has_ended = matches!(
        choice.finish_reason,
        Some(FinishReason::Length | FinishReason::Stop)
    );
    ensure!(has_ended, "finished with {:?}", choice.finish_reason);
    Ok(())
}

pub async fn embeddings(w: &World) -> Seen {
    let mut request = CreateEmbeddingRequestArgs::default();
    request.model("demo-embed").input(["one", "two and more"]);
    let floats = request.encoding_format(EncodingFormat::Float).build()?;
    let base64 = request.encoding_format(EncodingFormat::Base64).build()?;
    let floats = w.client.embeddings().create(floats).await?.data;
    let base64 = w.client.embeddings().create_base64(base64).await?.data;
    let indices: Vec<_> = floats.iter().map(|one| one.index).collect();
    ensure!(
        indices == [0, 1] && base64.len() == 2,
        "in the order {indices:?}"
    );
    ensure!(
        floats[0].embedding != floats[1].embedding,
        "two texts with one vector"
    );
    for (float, packed) in floats.into_iter().zip(base64) {
        let unpacked: Vec<f32> = packed.embedding.into();
        ensure!(
            packed.index == float.index,
            "base64 at {}, float at {}",
            packed.index,
            float.index
        );
        ensure!(
            !unpacked.is_empty() && unpacked == float.embedding,
            "{unpacked:?} {float:?}"
        );
    }
    Ok(())
}

pub async fn completions(w: &World) -> Seen {
    let mut request = CreateCompletionRequestArgs::default();
    request.model("demo-writer").prompt("Once");
    for likeliest in [0_u8, 2] {
        let request = request.logprobs(likeliest);
        let whole = request.stream(false).build()?;
        let whole = w.client.completions().create(whole).await?;
        let stream = request.stream(true).build()?;
        let mut chunks = w.client.completions().create_stream(stream).await?;
        let mut heard = String::new();
        let mut tokens = String::new();
        while let Some(chunk) = chunks.next().await {
            for choice in chunk?.choices {
                heard += &choice.text;
                tokens.extend(choice.logprobs.into_iter().flat_map(|found| found.tokens));
            }
        }
        ensure!(
            !heard.is_empty() && tokens == heard,
            "text {heard:?}, its tokens {tokens:?}"
        );
        let [choice] = whole.choices.as_slice() else {
            return Err(format!("{whole:?}").into());
        };
        ensure!(
            choice.text == heard,
            "whole {:?}, streamed {heard:?}",
            choice.text
        );
        let logprobs = choice.logprobs.as_ref().ok_or("no log probabilities")?;
        ensure!(logprobs.tokens.concat() == heard, "{logprobs:?}");
        ensure!(
            logprobs.top_logprobs.len() == logprobs.tokens.len(),
            "{logprobs:?}"
        );
    }
    Ok(())
}

const EVERY_PLANE: &str = "Ünï→漢字👩‍👩‍👧‍👦é\u{2028}";

pub async fn unicode(w: &World) -> Seen {
    let request = asked("scripted", "@unicode-async-openai").build()?;
    let (heard, _) = listen_to_one(w, request, FinishReason::Stop).await?;
    ensure!(heard.text == EVERY_PLANE, "{}", heard.text.escape_unicode());
    Ok(())
}
