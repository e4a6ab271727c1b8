// The Go client of sashabaranov in front of tolk: one verdict a line for each scenario.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/sashabaranov/go-openai"
)

// A world is what the harness hands in, and a client made of it.
type world struct {
	// The impatient one gives up on a silent model within seconds.
	baseURL, impatientURL, key, limitedKey, narrowKey, controlURL string
	client                                                        *openai.Client
}

// A scenario returns nil when it saw what it must, a cannot when the client has no way to do it.
type scenario func(ctx context.Context, w world) error

type cannot string

func (reason cannot) Error() string { return string(reason) }

var scenarios = []struct {
	id  string
	run scenario
}{
	{"models", models},
	{"one_shot", oneShot},
	{"stream", stream},
	{"reasoning", reasoning},
	{"tools", tools},
	{"tools_streamed", toolsStreamed},
	{"two_calls", twoCalls},
	{"empty_arguments", emptyArguments},
	{"forced_tool", forcedTool},
	{"structured", structured},
	{"image", image},
	{"logprobs", logprobs},
	{"n", severalChoices},
	{"sampling", sampling},
	{"embeddings", embeddings},
	{"completions", completions},
	{"unicode", unicode},
	{"errors", typedErrors},
	{"mid_stream_error", midStreamError},
	{"abort", abort},
	{"silence", silence},
	{"retries", retries},
}

func main() {
	w := world{
		baseURL:      must("BASE_URL"),
		impatientURL: must("BASE_URL_IMPATIENT"),
		key:          must("API_KEY"),
		limitedKey:   must("LIMITED_KEY"),
		narrowKey:    must("NARROW_KEY"),
		controlURL:   must("CONTROL_URL"),
	}
	w.client = connect(w.baseURL, w.key, http.DefaultClient)
	wanted := map[string]bool{}
	for _, id := range os.Args[1:] {
		wanted[id] = true
	}
	for _, scenario := range scenarios {
		if len(wanted) == 0 || wanted[scenario.id] {
			say(scenario.id, attempt(scenario.run, w))
		}
	}
}

func attempt(run scenario, w world) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panicked: %v", panicked)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	return run(ctx, w)
}

func say(id string, err error) {
	verdict := struct {
		Scenario string `json:"scenario"`
		Verdict  string `json:"verdict"`
		Detail   string `json:"detail"`
	}{Scenario: id, Verdict: "pass"}
	var reason cannot
	if errors.As(err, &reason) {
		verdict.Verdict, verdict.Detail = "cannot", string(reason)
	} else if err != nil {
		verdict.Verdict, verdict.Detail = "fail", err.Error()
	}
	line, _ := json.Marshal(verdict)
	fmt.Println(string(line))
}

func connect(baseURL, key string, over openai.HTTPDoer) *openai.Client {
	config := openai.DefaultConfig(key)
	config.BaseURL = baseURL
	config.HTTPClient = over
	return openai.NewClientWithConfig(config)
}

func must(name string) string {
	value, ok := os.LookupEnv(name)
	if !ok {
		fmt.Fprintln(os.Stderr, name, "is not set")
		os.Exit(2)
	}
	return value
}

// check is for what must be seen: it says what was seen instead.
func check(holds bool, seen string, values ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(seen, values...)
}
