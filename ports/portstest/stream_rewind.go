package portstest

import (
	"context"
	"errors"
	"testing"

	"github.com/menjin-id/menjin/ports"
)

// wantRewound checks that publishing finds the stream gone back to a position.
func (s *stream) wantRewound(t *testing.T, ctx context.Context, recorded, intact ports.StreamPosition) {
	t.Helper()
	_, err := s.Stream.Publish(ctx, recorded, s.next(t, 2))
	rewound, ok := errors.AsType[*ports.RewoundError](err)
	if !ok || rewound.Intact != intact {
		t.Errorf("publish after %+v: got error %v (%+v), want it rewound to %+v", recorded, err, rewound, intact)
	}
}

func streamRecreated(t *testing.T, ctx context.Context, s *stream) {
	end := s.publish(t, ctx, ports.StreamPosition{}, s.next(t, 3)...)
	_, err := s.Stream.Publish(ctx, ports.StreamPosition{Stream: "made-before-" + end.Stream, Sequence: 1}, s.next(t, 1))
	rewound, ok := errors.AsType[*ports.RewoundError](err)
	if !ok || rewound.Intact.Stream != end.Stream {
		t.Errorf("publish: got error %v (%+v), want a rewind to a position in %s", err, rewound, end.Stream)
	}
}

func streamRewound(t *testing.T, ctx context.Context, s *stream) {
	intact := s.publish(t, ctx, ports.StreamPosition{}, s.next(t, 3)...)
	recorded := intact
	recorded.Sequence += 100
	s.wantRewound(t, ctx, recorded, intact)
}

func streamIntact(t *testing.T, ctx context.Context, s *stream) {
	events := s.next(t, 5)
	first := s.publish(t, ctx, ports.StreamPosition{}, events[0])
	end := s.publish(t, ctx, first, events[1:4]...)
	s.publish(t, ctx, end, events[1:4]...)
	s.publish(t, ctx, first, events[4])
	s.wantStored(t, events...)
}
