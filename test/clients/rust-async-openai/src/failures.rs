//! What goes wrong, and how the client says so.

use std::{
    sync::{Arc, Mutex},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use async_openai::{
    Client,
    config::OpenAIConfig,
    error::{ApiErrorResponse, OpenAIError},
    middleware::HttpRequestFactory,
    types::chat::{CreateChatCompletionRequest, FinishReason},
};
use futures::StreamExt;
use tower::service_fn;

use crate::{
    Cannot, Seen, World,
    answers::STORY,
    ask::{asked, config, listen, listen_to_one},
    ensure,
};

/// The `retry-after` heard last: the client's errors do not have it.
type RetryAfter = Arc<Mutex<Option<u64>>>;

/// A client whose own retries are left out, by the means that it documents.
fn once(base_url: &str, key: &str, heard: &RetryAfter) -> Client<OpenAIConfig> {
    let (http, heard) = (reqwest::Client::new(), heard.clone());
    let service = service_fn(move |factory: HttpRequestFactory| {
        let (http, heard) = (http.clone(), heard.clone());
        async move {
            let response = http.execute(factory.build().await?).await?;
            let header = response.headers().get("retry-after");
            let seconds = header.and_then(|value| value.to_str().ok()?.parse().ok());
            *heard.lock().expect("one thread") = seconds;
            Ok::<_, OpenAIError>(response)
        }
    });
    Client::with_config(config(base_url, key)).with_http_service(service)
}

async fn refusal(
    client: &Client<OpenAIConfig>,
    request: CreateChatCompletionRequest,
) -> Seen<ApiErrorResponse> {
    match client.chat().create(request).await {
        Err(OpenAIError::ApiError(refused)) => Ok(refused),
        Err(error) => Err(format!("not an answer of the API: {error:?}").into()),
        Ok(answer) => Err(format!("answered {answer:?}").into()),
    }
}

pub async fn typed_errors(w: &World) -> Seen {
    let story = asked("demo-writer", STORY).build()?;
    let none = asked("demo-writer", STORY).n(0_u8).build()?;
    let long = asked("demo-writer", &"many words ".repeat(30_000)).build()?;
    let busy = asked("scripted", "@busy-async-openai").build()?;
    let silent = asked("scripted", "@silent-for-ever-async-openai").build()?;
    let nope = asked("nope", STORY).build()?;
    let rows = [
        (401, None, &w.base_url, "wrong-key", story.clone()),
        (
            403,
            Some("model"),
            &w.base_url,
            w.narrow_key.as_str(),
            story.clone(),
        ),
        (404, Some("model"), &w.base_url, w.key.as_str(), nope),
        (400, Some("n"), &w.base_url, w.key.as_str(), none),
        (413, None, &w.base_url, w.key.as_str(), long),
        (503, None, &w.base_url, w.key.as_str(), busy),
        (504, None, &w.impatient_url, w.key.as_str(), silent),
    ];
    let heard = RetryAfter::default();
    for (status, param, base_url, key, request) in rows {
        let refused = refusal(&once(base_url, key, &heard), request).await;
        let refused = refused.map_err(|error| format!("{status}: {error}"))?;
        ensure!(refused.status_code == status, "{status} is {refused:?}");
        // A server's error is left undecoded by this client, its whole body is the message.
        ensure!(
            !refused.api_error.message.is_empty(),
            "{status} is {refused:?}"
        );
        ensure!(
            status >= 500 || refused.api_error.r#type.is_some(),
            "{status} is {refused:?}"
        );
        ensure!(
            param.is_none() || refused.api_error.param.as_deref() == param,
            "{refused:?}"
        );
    }
    // Twice: another client may have used the minute's one request before.
    let limited = once(&w.base_url, &w.limited_key, &heard);
    let _ = limited.chat().create(story.clone()).await;
    let refused = refusal(&limited, story).await?;
    ensure!(refused.status_code == 429, "429 is {refused:?}");
    let seconds = *heard.lock().expect("one thread");
    ensure!(
        seconds.is_some_and(|seconds| seconds > 0),
        "429 with retry-after {seconds:?}"
    );
    Ok(())
}

pub async fn mid_stream_error(w: &World) -> Seen {
    let request = asked("scripted", "@error-mid-stream-async-openai").build()?;
    let stream = listen(w, request).await?;
    let error = stream.error.ok_or("nothing was raised")?;
    let text: String = stream.choices.into_iter().map(|heard| heard.text).collect();
    ensure!(!text.is_empty(), "no text before {error}");
    // It has no type for this: the frame does not decode as a chunk, and comes with the error.
    let OpenAIError::JSONDeserialize(_, frame) = error else {
        return Err(error.into());
    };
    let frame: serde_json::Value = serde_json::from_str(&frame)?;
    ensure!(frame["error"]["message"].is_string(), "raised with {frame}");
    Ok(())
}

pub async fn abort(w: &World) -> Seen {
    let request = asked("scripted", "@endless-async-openai")
        .stream(true)
        .build()?;
    let mut chunks = w.client.chat().create_stream(request).await?;
    for _ in 0..3 {
        chunks.next().await.ok_or("ended early")??;
    }
    drop(chunks);
    control(w, "released", "@endless-async-openai").await?;
    Ok(())
}

pub async fn silence(w: &World) -> Seen {
    let begun = Instant::now();
    let request = asked("scripted", "@silence-async-openai").build()?;
    let (heard, _) = listen_to_one(w, request, FinishReason::Stop).await?;
    let seconds = begun.elapsed().as_secs();
    ensure!(
        !heard.text.is_empty() && seconds >= 9,
        "{:?} after {seconds} s",
        heard.text
    );
    Ok(())
}

pub async fn retries(w: &World) -> Seen {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    let mark = format!("@crash-after-work-async-openai-{now}");
    let refused = refusal(&w.client, asked("scripted", &mark).build()?).await?;
    let counted = control(w, "generations", &mark).await?;
    if counted == "1" {
        return Ok(());
    }
    // Repeated is what this client takes for a passing fault; anything else has no excuse.
    ensure!(
        refused.status_code.is_server_error(),
        "{counted} generations, and then {refused:?}"
    );
    let mark = format!("@crash-after-work-once-{now}");
    let client = once(&w.base_url, &w.key, &RetryAfter::default());
    refusal(&client, asked("scripted", &mark).build()?).await?;
    let alone = control(w, "generations", &mark).await?;
    ensure!(
        alone == "1",
        "{alone} generations without the client's retries"
    );
    Err(Box::new(Cannot(format!(
        "It repeats every 5xx up to three times and does not read x-should-retry: {counted} generations; one without its retry layer."
    ))))
}

/// Asks the harness what it saw of the mark; anything but 200 is an error.
async fn control(w: &World, what: &str, mark: &str) -> Seen<String> {
    let url = format!("{}/{what}?mark={mark}", w.control_url);
    let response = reqwest::get(url).await?;
    let status = response.status();
    let text = response.text().await?;
    ensure!(status == 200, "{what} of {mark}: {status} {text}");
    Ok(text)
}
