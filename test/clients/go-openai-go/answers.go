package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/openai/openai-go/v3"
)

const story = "Tell me a story."

func models(ctx context.Context, w world) error {
	page, err := w.client.Models.List(ctx)
	if err != nil {
		return err
	}
	if err := strict(page.Data); err != nil {
		return err
	}
	var ids []string
	for _, model := range page.Data {
		ids = append(ids, model.ID)
	}
	if !slices.Contains(ids, "demo-thinker:latest") {
		return fmt.Errorf("listed are %q", ids)
	}
	model, err := w.client.Models.Get(ctx, "team/namespaced:v1")
	if err != nil {
		return err
	}
	if err := strict(model); err != nil {
		return err
	}
	return check(model.ID == "team/namespaced:v1", "got the model %q", model.ID)
}

func oneShot(ctx context.Context, w world) error {
	answer, err := ask(ctx, w, asked("demo-thinker", story))
	if err != nil {
		return err
	}
	choice := answer.Choices[0]
	if choice.Message.Content == "" || choice.FinishReason != "stop" {
		return fmt.Errorf("got %s", choice.RawJSON())
	}
	usage := answer.Usage
	return check(usage.PromptTokens > 0 && usage.CompletionTokens > 0 &&
		usage.TotalTokens == usage.PromptTokens+usage.CompletionTokens, "usage %s", usage.RawJSON())
}

func stream(ctx context.Context, w world) error {
	whole, err := ask(ctx, w, asked("demo-thinker", story))
	if err != nil {
		return err
	}
	answer, err := askStreamed(ctx, w, asked("demo-thinker", story))
	if err != nil {
		return err
	}
	choice := answer.Choices[0]
	if choice.Message.Content != whole.Choices[0].Message.Content {
		return fmt.Errorf("streamed is %q, whole is %q", choice.Message.Content, whole.Choices[0].Message.Content)
	}
	if choice.FinishReason != "stop" || answer.finished != 1 {
		return fmt.Errorf("finished %d times, with %q", answer.finished, choice.FinishReason)
	}
	return check(answer.Usage.TotalTokens == whole.Usage.TotalTokens && whole.Usage.TotalTokens > 0,
		"streamed usage is %d, whole is %d", answer.Usage.TotalTokens, whole.Usage.TotalTokens)
}

func reasoning(ctx context.Context, w world) error {
	whole, err := ask(ctx, w, asked("demo-thinker", story))
	if err != nil {
		return err
	}
	thought, err := unknownText(whole.Choices[0].Message.JSON.ExtraFields, "reasoning_content")
	if err != nil {
		return err
	}
	answer, err := askStreamed(ctx, w, asked("demo-thinker", story))
	if err != nil {
		return err
	}
	return check(thought != "" && thought == answer.reasoning, "whole %q, streamed %q", thought, answer.reasoning)
}

// Booking is what the answer is parsed into.
type Booking struct {
	Name   string   `json:"name"`
	Day    string   `json:"day"`
	Guests []string `json:"guests"`
}

func structured(ctx context.Context, w world) error {
	params := asked("demo-thinker", "Book Ada for Monday.")
	params.ResponseFormat.OfJSONSchema = &openai.ResponseFormatJSONSchemaParam{
		JSONSchema: openai.ResponseFormatJSONSchemaJSONSchemaParam{
			Name:   "booking",
			Strict: openai.Bool(true),
			Schema: map[string]any{
				"type": "object",
				"properties": map[string]any{
					"name":   map[string]any{"type": "string"},
					"day":    map[string]any{"type": "string", "enum": []string{"monday", "tuesday"}},
					"guests": map[string]any{"type": "array", "items": map[string]any{"type": "string"}},
				},
				"required":             []string{"name", "day", "guests"},
				"additionalProperties": false,
			},
		},
	}
	answer, err := ask(ctx, w, params)
	if err != nil {
		return err
	}
	var booking Booking
	if err := json.Unmarshal([]byte(answer.Choices[0].Message.Content), &booking); err != nil {
		return fmt.Errorf("%w in %q", err, answer.Choices[0].Message.Content)
	}
	return check(booking.Name != "" && booking.Guests != nil && (booking.Day == "monday" || booking.Day == "tuesday"),
		"parsed is %+v", booking)
}

// 3 by 2 pixels.
const png = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAD0lEQVR4nGP4z8AARAwQAgAf7gP9i18U1AAAAABJRU5ErkJggg=="

func image(ctx context.Context, w world) error {
	answer, err := ask(ctx, w, openai.ChatCompletionNewParams{
		Model: "demo-vision",
		Messages: []openai.ChatCompletionMessageParamUnion{
			openai.UserMessage([]openai.ChatCompletionContentPartUnionParam{
				openai.TextContentPart("What is this?"),
				openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: png}),
			}),
		},
	})
	if err != nil {
		return err
	}
	return contains(answer.Choices[0].Message.Content, "3 by 2")
}

func logprobs(ctx context.Context, w world) error {
	params := asked("scripted", "@logprobs-openai-go")
	params.Logprobs = openai.Bool(true)
	params.TopLogprobs = openai.Int(2)
	whole, err := ask(ctx, w, params)
	if err != nil {
		return err
	}
	answer, err := askStreamed(ctx, w, params)
	if err != nil {
		return err
	}
	for _, tokens := range [][]openai.ChatCompletionTokenLogprob{whole.Choices[0].Logprobs.Content, answer.logprobs} {
		if len(tokens) == 0 {
			return fmt.Errorf("no log probabilities in %s", whole.RawJSON())
		}
		text := ""
		for _, token := range tokens {
			text += token.Token
			if token.Logprob > 0 || len(token.TopLogprobs) != 2 || !token.JSON.Bytes.Valid() {
				return fmt.Errorf("the token %s", token.RawJSON())
			}
		}
		if text != whole.Choices[0].Message.Content {
			return fmt.Errorf("the tokens say %q, the message %q", text, whole.Choices[0].Message.Content)
		}
	}
	return nil
}

func severalChoices(ctx context.Context, w world) error {
	params := asked("demo-thinker", story)
	params.N = openai.Int(2)
	whole, err := ask(ctx, w, params)
	if err != nil {
		return err
	}
	answer, err := askStreamed(ctx, w, params)
	if err != nil {
		return err
	}
	for _, choices := range [][]openai.ChatCompletionChoice{whole.Choices, answer.Choices} {
		if len(choices) != 2 {
			return fmt.Errorf("got %d choices", len(choices))
		}
		for i, choice := range choices {
			if choice.Index != int64(i) || choice.Message.Content == "" || choice.FinishReason != "stop" {
				return fmt.Errorf("choice %d is %+v", i, choice)
			}
		}
	}
	return check(answer.finished == 2, "finished %d times", answer.finished)
}

func sampling(ctx context.Context, w world) error {
	params := asked("demo-writer", story)
	params.Seed = openai.Int(7)
	params.Stop.OfStringArray = []string{"."}
	params.MaxCompletionTokens = openai.Int(3)
	answer, err := ask(ctx, w, params)
	if err != nil {
		return err
	}
	finish := answer.Choices[0].FinishReason
	return check(finish == "length" || finish == "stop", "finished with %q", finish)
}

func embeddings(ctx context.Context, w world) error {
	var vectors [2][][]float64
	for i, format := range []openai.EmbeddingNewParamsEncodingFormat{
		openai.EmbeddingNewParamsEncodingFormatFloat,
		openai.EmbeddingNewParamsEncodingFormatBase64,
	} {
		list, err := w.client.Embeddings.New(ctx, openai.EmbeddingNewParams{
			Model:          "demo-embed",
			Input:          openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"one", "two and more"}},
			EncodingFormat: format,
		})
		if err != nil {
			return err
		}
		if err := strict(list); err != nil {
			return err
		}
		for at, embedding := range list.Data {
			if embedding.Index != int64(at) || len(embedding.Embedding) == 0 {
				return fmt.Errorf("at %d is %s", at, embedding.RawJSON())
			}
			vectors[i] = append(vectors[i], asFloat32(embedding.Embedding))
		}
	}
	if len(vectors[0]) != 2 || reflect.DeepEqual(vectors[0][0], vectors[0][1]) {
		return fmt.Errorf("two texts have the vectors %v", vectors[0])
	}
	return check(reflect.DeepEqual(vectors[0], vectors[1]), "float %v, base64 %v", vectors[0], vectors[1])
}

// asFloat32 rounds to what base64 can carry.
func asFloat32(numbers []float64) []float64 {
	rounded := make([]float64, len(numbers))
	for i, number := range numbers {
		rounded[i] = float64(float32(number))
	}
	return rounded
}

func completions(ctx context.Context, w world) error {
	for _, likeliest := range []int64{0, 2} {
		if err := completed(ctx, w, likeliest); err != nil {
			return fmt.Errorf("logprobs %d: %w", likeliest, err)
		}
	}
	return nil
}

func completed(ctx context.Context, w world, likeliest int64) error {
	params := openai.CompletionNewParams{
		Model:    "demo-writer",
		Prompt:   openai.CompletionNewParamsPromptUnion{OfString: openai.String("Once")},
		Logprobs: openai.Int(likeliest),
	}
	whole, err := w.client.Completions.New(ctx, params)
	if err != nil {
		return err
	}
	if err := strict(whole); err != nil {
		return err
	}
	stream := w.client.Completions.NewStreaming(ctx, params)
	defer func() { _ = stream.Close() }()
	text, tokens := "", ""
	for stream.Next() {
		for _, choice := range stream.Current().Choices {
			text += choice.Text
			tokens += strings.Join(choice.Logprobs.Tokens, "")
		}
	}
	if err := stream.Err(); err != nil {
		return err
	}
	if len(whole.Choices) != 1 || text == "" || tokens != text {
		return fmt.Errorf("streamed %q, its tokens %q, whole %s", text, tokens, whole.RawJSON())
	}
	choice := whole.Choices[0]
	return check(choice.Text == text && strings.Join(choice.Logprobs.Tokens, "") == text &&
		len(choice.Logprobs.TopLogprobs) == len(choice.Logprobs.Tokens), "whole %s", whole.RawJSON())
}

const everyPlane = "Ünï→漢字👩‍👩‍👧‍👦é\u2028"

func unicode(ctx context.Context, w world) error {
	answer, err := askStreamed(ctx, w, asked("scripted", "@unicode-openai-go"))
	if err != nil {
		return err
	}
	text := answer.Choices[0].Message.Content
	return check(text == everyPlane, "%+q", text)
}
