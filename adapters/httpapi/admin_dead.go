package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/menjin-id/menjin/application/admin"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// BrowseDeadLetters answers GET /api/admin/outbox/dead.
func (h *handler) BrowseDeadLetters(ctx context.Context, request BrowseDeadLettersRequestObject) (BrowseDeadLettersResponseObject, error) {
	after, badCursor := given(request.Params.Cursor, outboxID)
	asked, badLimit := pageOf(nil, request.Params.Limit)
	user, badUser := givenID("user_id", request.Params.UserId)
	resolved, badResolved := given(request.Params.Resolved, yesOrNo)
	for _, err := range []error{badCursor, badLimit, badUser, badResolved} {
		if err != nil {
			return nil, err
		}
	}
	filter := ports.DeadLetterFilter{User: user, Resolved: resolved}
	letters, err := h.use.Admin.Outbox.Dead(ctx, actorOf(ctx), filter, after, asked.limit+1)
	if err != nil {
		return nil, err
	}
	letters, next := cut(letters, asked.limit, func(letter ports.DeadLetter) string { return strconv.FormatInt(letter.Event.ID, 10) })
	shown := make([]DeadLetter, 0, len(letters))
	for _, letter := range letters {
		one, err := deadLetterOf(letter)
		if err != nil {
			return nil, err
		}
		shown = append(shown, one)
	}
	x := exchangeOf(ctx)
	return BrowseDeadLetters200JSONResponse{
		Code: DeadLettersResponseCodeN200, Message: done.in(x.language()), RequestId: x.id,
		Data: DeadLetterPage{Letters: shown, NextCursor: next},
	}, nil
}

var digits = regexp.MustCompile(`^[0-9]{1,18}$`)

func outboxID(text string) (int64, error) {
	if !digits.MatchString(text) {
		return 0, invalid("cursor", "format", notAnID)
	}
	return strconv.ParseInt(text, 10, 64)
}

func yesOrNo(word string) (bool, error) {
	if word != "true" && word != "false" {
		return false, invalid("resolved", "type", text{"类型应为 boolean", "must be of type boolean"})
	}
	return word == "true", nil
}

func deadLetterOf(letter ports.DeadLetter) (DeadLetter, error) {
	message := letter.Event.Message
	shown := DeadLetter{
		Id: letter.Event.ID, EventId: message.ID.String(), Type: message.Type, Subject: message.Subject,
		UserId: optionalUser(admin.About(message)), Version: message.UserVersion, Time: message.At.In(time.UTC), Reason: letter.Reason,
		Attempts: letter.Attempts, FirstFailedAt: letter.FirstFailedAt.In(time.UTC), LastFailedAt: letter.LastFailedAt.In(time.UTC),
		Behind: letter.Behind, Resolution: optional(string(letter.Resolved)),
	}
	if err := json.Unmarshal(message.Data, &shown.Data); err != nil {
		return shown, fmt.Errorf("read data of event %s: %w", message.ID, err)
	}
	return shown, nil
}

// RetryDeadLetters answers POST /api/admin/outbox/dead/retry.
func (h *handler) RetryDeadLetters(ctx context.Context, request RetryDeadLettersRequestObject) (RetryDeadLettersResponseObject, error) {
	after, err := given(request.Params.Cursor, outboxID)
	if err != nil {
		return nil, err
	}
	retried, err := h.use.Admin.Outbox.RetryAll(ctx, actorOf(ctx), after)
	if err != nil {
		return nil, err
	}
	next := nullable.NewNullNullable[string]()
	if retried.Next > 0 {
		next = nullable.NewNullableWithValue(strconv.FormatInt(retried.Next, 10))
	}
	x := exchangeOf(ctx)
	return RetryDeadLetters200JSONResponse{
		Code: RetriedResponseCodeN200, Message: done.in(x.language()), RequestId: x.id,
		Data: Retried{Retried: retried.Count, NextCursor: next},
	}, nil
}

// RetryDeadLetter answers POST /api/admin/outbox/dead/{event_id}/retry.
func (h *handler) RetryDeadLetter(ctx context.Context, request RetryDeadLetterRequestObject) (RetryDeadLetterResponseObject, error) {
	id, err := idOf("event_id", request.EventId, domain.ParseID)
	if err != nil {
		return nil, err
	}
	if err := h.use.Admin.Outbox.Retry(ctx, actorOf(ctx), domain.EventID{ID: id}); err != nil {
		return nil, err
	}
	return RetryDeadLetter200JSONResponse{doneReply(ctx)}, nil
}

// DiscardDeadLetter answers POST /api/admin/outbox/dead/{event_id}/discard.
func (h *handler) DiscardDeadLetter(ctx context.Context, request DiscardDeadLetterRequestObject) (DiscardDeadLetterResponseObject, error) {
	id, err := idOf("event_id", request.EventId, domain.ParseID)
	if err != nil {
		return nil, err
	}
	if err := h.use.Admin.Outbox.Discard(ctx, actorOf(ctx), domain.EventID{ID: id}, request.Body.Reason); err != nil {
		return nil, err
	}
	return DiscardDeadLetter200JSONResponse{doneReply(ctx)}, nil
}
