package storm

import (
	"context"
	"fmt"

	"github.com/menjin-id/menjin/chaos/book"
)

func (r *Report) judge(ctx context.Context, target set) error {
	record, err := book.Read(target.book())
	if err != nil {
		return err
	}
	database, err := target.database()
	if err != nil {
		return err
	}
	defer database.Close()
	versions, err := database.Versions(ctx)
	if err != nil {
		return err
	}
	stream, err := book.OpenStream(target.stream())
	if err != nil {
		return err
	}
	defer stream.Close()
	stored, window, err := stream.Read(ctx)
	if err != nil {
		return fmt.Errorf("read everything back: %w", err)
	}
	r.Published = map[string]int{}
	for i, message := range stored {
		if i > 0 {
			r.LongestGap = max(r.LongestGap, message.At.Sub(stored[i-1].At))
		}
		r.Published[message.Source]++
	}
	r.Verdict = book.Judge(record, versions, stored, window)
	return nil
}
