package httpapi

import (
	"context"
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// BrowseReplays answers GET /api/admin/outbox/replays.
func (h *handler) BrowseReplays(ctx context.Context, request BrowseReplaysRequestObject) (BrowseReplaysResponseObject, error) {
	asked, err := pageOf(nil, request.Params.Limit)
	if err != nil {
		return nil, err
	}
	replays, err := h.use.Admin.Outbox.Replays(ctx, actorOf(ctx), asked.limit)
	if err != nil {
		return nil, err
	}
	shown := make([]Replay, 0, len(replays))
	for _, replay := range replays {
		shown = append(shown, replayOf(replay))
	}
	x := exchangeOf(ctx)
	return BrowseReplays200JSONResponse{
		Code: ReplaysResponseCodeN200, Message: done.in(x.language()), RequestId: x.id, Data: Replays{Replays: shown},
	}, nil
}

// RequestReplay answers POST /api/admin/outbox/replays.
func (h *handler) RequestReplay(ctx context.Context, request RequestReplayRequestObject) (RequestReplayResponseObject, error) {
	filter, err := replayFilter(request.Body)
	if err != nil {
		return nil, err
	}
	replay, err := h.use.Admin.Outbox.Replay(ctx, actorOf(ctx), filter, said(request.Body.To))
	if err != nil {
		return nil, err
	}
	x := exchangeOf(ctx)
	return RequestReplay201JSONResponse{
		Code: ReplayResponseCodeN201, Message: done.in(x.language()), RequestId: x.id, Data: replayOf(replay),
	}, nil
}

func replayFilter(asked *ReplayRequest) (ports.ReplayFilter, error) {
	user, badUser := givenID("user_id", asked.UserId)
	since, badSince := givenTime("since", asked.Since)
	until, badUntil := givenTime("until", asked.Until)
	for _, err := range []error{badUser, badSince, badUntil} {
		if err != nil {
			return ports.ReplayFilter{}, err
		}
	}
	filter := ports.ReplayFilter{Type: said(asked.Type), User: user, Since: since, Until: until}
	if asked.FromId != nil {
		filter.FromID = *asked.FromId
	}
	if asked.ToId != nil {
		filter.ToID = *asked.ToId
	}
	return filter, nil
}

// givenTime reads an optional instant, and is zero when it was left out.
func givenTime(field string, said *string) (time.Time, error) {
	return given(said, func(word string) (time.Time, error) {
		at, err := time.Parse(time.RFC3339, word)
		if err != nil {
			return at, invalid(field, "format", text{"须为 RFC 3339 时间", "must be a time as of RFC 3339"})
		}
		return at.UTC(), nil
	})
}

// CancelReplay answers DELETE /api/admin/outbox/replays/{id}.
func (h *handler) CancelReplay(ctx context.Context, request CancelReplayRequestObject) (CancelReplayResponseObject, error) {
	id, err := idOf("id", request.Id, domain.ParseID)
	if err != nil {
		return nil, err
	}
	if err := h.use.Admin.Outbox.CancelReplay(ctx, actorOf(ctx), id); err != nil {
		return nil, err
	}
	return CancelReplay200JSONResponse{doneReply(ctx)}, nil
}

func replayOf(replay ports.Replay) Replay {
	filter := replay.Filter
	return Replay{
		Id: replay.ID.String(), RequestedAt: replay.RequestedAt.In(time.UTC),
		Filter: ReplayFilter{
			FromId: optionalNumber(filter.FromID), ToId: optionalNumber(filter.ToID), Type: optional(filter.Type),
			UserId: optionalUser(filter.User), Since: optionalTime(filter.Since), Until: optionalTime(filter.Until),
		},
		To: optional(replay.To), NextId: replay.Next, LastId: replay.Last, Sent: replay.Sent,
		FinishedAt: optionalTime(replay.FinishedAt), Failure: optional(replay.Failure),
	}
}

// optionalNumber is null for 0, which is no outbox id.
func optionalNumber(n int64) nullable.Nullable[int64] {
	if n == 0 {
		return nullable.NewNullNullable[int64]()
	}
	return nullable.NewNullableWithValue(n)
}
