//! async-openai in front of tolk: one verdict a line for each scenario.

mod answers;
mod ask;
mod failures;
mod tools;

use std::{env, error::Error, fmt, time::Duration};

use async_openai::{Client, config::OpenAIConfig};
use serde_json::json;

/// What the harness hands in, and a client made of it.
pub struct World {
    pub base_url: String,
    /// Gives up on a silent model within seconds.
    pub impatient_url: String,
    pub key: String,
    pub limited_key: String,
    pub narrow_key: String,
    pub control_url: String,
    pub client: Client<OpenAIConfig>,
}

pub type Seen<T = ()> = Result<T, Box<dyn Error>>;

/// The client itself has no way to do what a scenario asks for; the reason is a sentence.
#[derive(Debug)]
pub struct Cannot(pub String);

impl fmt::Display for Cannot {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl Error for Cannot {}

/// Says what was seen instead of what must be.
#[macro_export]
macro_rules! ensure {
    ($holds:expr, $($seen:tt)+) => {
        if !$holds {
            return Err(format!($($seen)+).into());
        }
    };
}

const SCENARIOS: [&str; 22] = [
    "models",
    "one_shot",
    "stream",
    "reasoning",
    "tools",
    "tools_streamed",
    "two_calls",
    "empty_arguments",
    "forced_tool",
    "structured",
    "image",
    "logprobs",
    "n",
    "sampling",
    "embeddings",
    "completions",
    "unicode",
    "errors",
    "mid_stream_error",
    "abort",
    "silence",
    "retries",
];

async fn play(scenario: &str, w: &World) -> Seen {
    match scenario {
        "models" => answers::models(w).await,
        "one_shot" => answers::one_shot(w).await,
        "stream" => answers::stream(w).await,
        "reasoning" => answers::reasoning(w).await,
        "tools" => tools::whole(w).await,
        "tools_streamed" => tools::streamed(w).await,
        "two_calls" => tools::two_calls(w).await,
        "empty_arguments" => tools::empty_arguments(w).await,
        "forced_tool" => tools::forced(w).await,
        "structured" => answers::structured(w).await,
        "image" => answers::image(w).await,
        "logprobs" => answers::logprobs(w).await,
        "n" => answers::several_choices(w).await,
        "sampling" => answers::sampling(w).await,
        "embeddings" => answers::embeddings(w).await,
        "completions" => answers::completions(w).await,
        "unicode" => answers::unicode(w).await,
        "errors" => failures::typed_errors(w).await,
        "mid_stream_error" => failures::mid_stream_error(w).await,
        "abort" => failures::abort(w).await,
        "silence" => failures::silence(w).await,
        "retries" => failures::retries(w).await,
        _ => Err("There is no such scenario.".into()),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Seen {
    let (base_url, key) = (env::var("BASE_URL")?, env::var("API_KEY")?);
    let world = World {
        client: Client::with_config(ask::config(&base_url, &key)),
        base_url,
        key,
        impatient_url: env::var("BASE_URL_IMPATIENT")?,
        limited_key: env::var("LIMITED_KEY")?,
        narrow_key: env::var("NARROW_KEY")?,
        control_url: env::var("CONTROL_URL")?,
    };
    let wanted: Vec<String> = env::args().skip(1).collect();
    for scenario in SCENARIOS {
        if !wanted.is_empty() && !wanted.iter().any(|id| id == scenario) {
            continue;
        }
        let seen = tokio::time::timeout(Duration::from_secs(40), play(scenario, &world)).await;
        let (verdict, detail) = match seen {
            Ok(Ok(())) => ("pass", String::new()),
            Ok(Err(error)) if error.is::<Cannot>() => ("cannot", error.to_string()),
            Ok(Err(error)) => ("fail", error.to_string()),
            Err(_) => ("fail", "It did not end within 40 s.".into()),
        };
        println!(
            "{}",
            json!({ "scenario": scenario, "verdict": verdict, "detail": detail })
        );
    }
    Ok(())
}
