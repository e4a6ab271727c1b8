package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/sashabaranov/go-openai"
	"github.com/sashabaranov/go-openai/jsonschema"
)

const story = "Tell me a story."

func models(ctx context.Context, w world) error {
	list, err := w.client.ListModels(ctx)
	if err != nil {
		return err
	}
	isListed := slices.ContainsFunc(list.Models, func(model openai.Model) bool {
		return model.ID == "demo-thinker:latest" && model.Object == "model" && model.OwnedBy != "" && model.CreatedAt > 0
	})
	if !isListed {
		return fmt.Errorf("listed are %+v", list.Models)
	}
	model, err := w.client.GetModel(ctx, "team/namespaced:v1")
	if err != nil {
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
	if choice.Message.Content == "" || choice.FinishReason != openai.FinishReasonStop {
		return fmt.Errorf("got %+v", choice)
	}
	usage := answer.Usage
	return check(usage.PromptTokens > 0 && usage.CompletionTokens > 0 &&
		usage.TotalTokens == usage.PromptTokens+usage.CompletionTokens, "usage %+v", usage)
}

func stream(ctx context.Context, w world) error {
	whole, err := ask(ctx, w, asked("demo-thinker", story))
	if err != nil {
		return err
	}
	choices, usage, err := askStreamed(ctx, w, asked("demo-thinker", story))
	if err != nil {
		return err
	}
	if choices[0].Content != whole.Choices[0].Message.Content || choices[0].Role != openai.ChatMessageRoleAssistant {
		return fmt.Errorf("streamed is %+v, whole is %+v", choices[0], whole.Choices[0])
	}
	if usage == nil || usage.TotalTokens != whole.Usage.TotalTokens || usage.TotalTokens == 0 {
		return fmt.Errorf("streamed usage is %+v, whole is %+v", usage, whole.Usage)
	}
	return choices[0].finishedOnce(openai.FinishReasonStop)
}

func reasoning(ctx context.Context, w world) error {
	whole, err := ask(ctx, w, asked("demo-thinker", story))
	if err != nil {
		return err
	}
	choices, _, err := askStreamed(ctx, w, asked("demo-thinker", story))
	if err != nil {
		return err
	}
	thought := whole.Choices[0].Message.ReasoningContent
	return check(thought != "" && thought == choices[0].ReasoningContent,
		"whole %q, streamed %q", thought, choices[0].ReasoningContent)
}

// Booking is what the answer is parsed into; its schema is made of it.
type Booking struct {
	Name   string   `json:"name"`
	Day    string   `json:"day" enum:"monday,tuesday"`
	Guests []string `json:"guests"`
}

func structured(ctx context.Context, w world) error {
	schema, err := jsonschema.GenerateSchemaForType(Booking{})
	if err != nil {
		return err
	}
	request := asked("demo-thinker", "Book Ada for Monday.")
	request.ResponseFormat = &openai.ChatCompletionResponseFormat{
		Type:       openai.ChatCompletionResponseFormatTypeJSONSchema,
		JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{Name: "booking", Schema: schema, Strict: true},
	}
	answer, err := ask(ctx, w, request)
	if err != nil {
		return err
	}
	var booking Booking
	// It also holds the text against the schema.
	if err := schema.Unmarshal(answer.Choices[0].Message.Content, &booking); err != nil {
		return fmt.Errorf("%w in %q", err, answer.Choices[0].Message.Content)
	}
	return check(booking.Name != "" && booking.Guests != nil && (booking.Day == "monday" || booking.Day == "tuesday"),
		"parsed is %+v", booking)
}

// 3 by 2 pixels.
const png = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR4nGP438AAQQxwFgBf0gj7joAKVQAAAABJRU5ErkJggg=="

func image(ctx context.Context, w world) error {
	answer, err := ask(ctx, w, openai.ChatCompletionRequest{
		Model: "demo-vision",
		Messages: []openai.ChatCompletionMessage{{
			Role: openai.ChatMessageRoleUser,
			MultiContent: []openai.ChatMessagePart{
				{Type: openai.ChatMessagePartTypeText, Text: "What is this?"},
				{Type: openai.ChatMessagePartTypeImageURL, ImageURL: &openai.ChatMessageImageURL{URL: png}},
			},
		}},
	})
	if err != nil {
		return err
	}
	return contains(answer.Choices[0].Message.Content, "3 by 2")
}

func logprobs(ctx context.Context, w world) error {
	request := asked("scripted", "@logprobs-sashabaranov")
	request.LogProbs = true
	request.TopLogProbs = 2
	whole, err := ask(ctx, w, request)
	if err != nil {
		return err
	}
	choices, _, err := askStreamed(ctx, w, request)
	if err != nil {
		return err
	}
	message := whole.Choices[0]
	if message.LogProbs == nil || len(message.LogProbs.Content) == 0 {
		return errors.New("an answer without log probabilities")
	}
	text, streamedText := "", ""
	for _, token := range message.LogProbs.Content {
		text += token.Token
		if token.LogProb > 0 || len(token.TopLogProbs) != 2 || string(token.Bytes) != token.Token {
			return fmt.Errorf("the token %+v", token)
		}
	}
	for _, token := range choices[0].logprobs {
		streamedText += token.Token
		if token.Logprob > 0 || len(token.TopLogprobs) != 2 || len(token.Bytes) != len(token.Token) {
			return fmt.Errorf("the streamed token %+v", token)
		}
	}
	return check(text == message.Message.Content && text == streamedText && text != "",
		"the message is %q, its tokens %q, streamed %q", message.Message.Content, text, streamedText)
}

func severalChoices(ctx context.Context, w world) error {
	request := asked("demo-thinker", story)
	request.N = 2
	whole, err := ask(ctx, w, request)
	if err != nil {
		return err
	}
	choices, _, err := askStreamed(ctx, w, request)
	if err != nil {
		return err
	}
	if len(whole.Choices) != 2 || len(choices) != 2 {
		return fmt.Errorf("got %d choices, streamed %d", len(whole.Choices), len(choices))
	}
	for i, choice := range whole.Choices {
		if choice.Index != i || choice.Message.Content == "" || choice.FinishReason != openai.FinishReasonStop {
			return fmt.Errorf("choice %d is %+v", i, choice)
		}
		if choices[i].Content == "" {
			return fmt.Errorf("streamed choice %d is empty", i)
		}
		if err := choices[i].finishedOnce(openai.FinishReasonStop); err != nil {
			return err
		}
	}
	return nil
}

func sampling(ctx context.Context, w world) error {
	seed := 7
	request := asked("demo-writer", story)
	request.Seed = &seed
	request.Stop = []string{"."}
	request.MaxCompletionTokens = 3
	answer, err := ask(ctx, w, request)
	if err != nil {
		return err
	}
	finish := answer.Choices[0].FinishReason
	return check(finish == openai.FinishReasonLength || finish == openai.FinishReasonStop, "finished with %q", finish)
}

func embeddings(ctx context.Context, w world) error {
	var vectors [2][][]float32
	for i, format := range []openai.EmbeddingEncodingFormat{
		openai.EmbeddingEncodingFormatFloat,
		openai.EmbeddingEncodingFormatBase64,
	} {
		list, err := w.client.CreateEmbeddings(ctx, openai.EmbeddingRequestStrings{
			Model:          "demo-embed",
			Input:          []string{"one", "two and more"},
			EncodingFormat: format,
		})
		if err != nil {
			return err
		}
		for at, embedding := range list.Data {
			if embedding.Index != at || len(embedding.Embedding) == 0 {
				return fmt.Errorf("at %d is %+v", at, embedding)
			}
			vectors[i] = append(vectors[i], embedding.Embedding)
		}
	}
	if len(vectors[0]) != 2 || reflect.DeepEqual(vectors[0][0], vectors[0][1]) {
		return fmt.Errorf("two texts have the vectors %v", vectors[0])
	}
	return check(reflect.DeepEqual(vectors[0], vectors[1]), "float %v, base64 %v", vectors[0], vectors[1])
}

func completions(ctx context.Context, w world) error {
	request := openai.CompletionRequest{Model: "demo-writer", Prompt: "Once", LogProbs: 2}
	whole, err := w.client.CreateCompletion(ctx, request)
	if err != nil {
		return err
	}
	stream, err := w.client.CreateCompletionStream(ctx, request)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	text, tokens := "", ""
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		for _, choice := range chunk.Choices {
			text += choice.Text
			tokens += strings.Join(choice.LogProbs.Tokens, "")
		}
	}
	if len(whole.Choices) != 1 || text == "" || tokens != text {
		return fmt.Errorf("streamed %q, its tokens %q, whole %+v", text, tokens, whole)
	}
	choice := whole.Choices[0]
	return check(choice.Text == text && strings.Join(choice.LogProbs.Tokens, "") == text &&
		len(choice.LogProbs.TopLogprobs) == len(choice.LogProbs.Tokens), "streamed %q, whole %+v", text, whole)
}

const everyPlane = "Ünï→漢字👩‍👩‍👧‍👦é\u2028"

func unicode(ctx context.Context, w world) error {
	choices, _, err := askStreamed(ctx, w, asked("scripted", "@unicode-sashabaranov"))
	if err != nil {
		return err
	}
	return check(choices[0].Content == everyPlane, "%+q", choices[0].Content)
}
