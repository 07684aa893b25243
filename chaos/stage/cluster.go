package stage

import (
	"context"
	"path/filepath"
	"strconv"

	"github.com/menjin-id/menjin/chaos/part"
	"github.com/menjin-id/menjin/internal/testserver/natsmesh"
)

// Cluster is NATS servers that know of each other, each on the same ports and store however often it dies, and with proxies
// between all of them and in front.
type Cluster struct {
	*natsmesh.Mesh
	Servers []*Child
}

// Cluster starts so many servers and returns when they can keep streams of as many copies.
func (s *Stage) Cluster(ctx context.Context, size int) (*Cluster, error) {
	mesh, err := natsmesh.New(size)
	if err != nil {
		return nil, err
	}
	s.OnClose(mesh.Close)
	c := &Cluster{Mesh: mesh}
	for server := range size {
		name := "nats-" + strconv.Itoa(server+1)
		store, err := s.Folder(name + "-store")
		if err != nil {
			return nil, err
		}
		settings := mesh.Settings(server, filepath.Join(store, "jetstream"))
		settings.Log = "nats.log"
		child, err := s.Child(name, part.Member, settings)
		if err != nil {
			return nil, err
		}
		child.ready = func() error { return mesh.Answers(server) }
		if err := child.Start(); err != nil {
			return nil, err
		}
		c.Servers = append(c.Servers, child)
	}
	return c, Until(ctx, "the NATS cluster keeps streams", func() error { return c.HasQuorum(ctx) })
}

// AwaitLeader returns the server that leads a stream, once so many copies of it are there and have caught up: under load one is
// behind for a moment now and then.
func (c *Cluster) AwaitLeader(ctx context.Context, stream string, copies int) (leader int, err error) {
	err = Until(ctx, "all copies of "+stream+" are there", func() error {
		leader, err = c.Leader(stream, copies)
		return err
	})
	return leader, err
}
