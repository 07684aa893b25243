package natstest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/menjin-id/menjin/internal/testserver"
	"github.com/menjin-id/menjin/internal/testserver/natsmesh"
)

const logFile = "nats.log"

// clusterSize is the least of which one may be missing.
const clusterSize = 3

// Cluster is three servers, each in a process of its own and cut off from the rest where a test wants it. Its methods are not
// for concurrent use and fail the test by themselves.
type Cluster struct {
	tb      testing.TB
	mesh    *natsmesh.Mesh
	dir     string
	servers [clusterSize]testserver.Restartable
}

// NewCluster starts the servers and returns when they can keep streams of three copies. They end with tb.
func NewCluster(tb testing.TB) *Cluster {
	tb.Helper()
	mesh, err := natsmesh.New(clusterSize)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(mesh.Close)
	dir, err := os.MkdirTemp("", "menjin-nats-cluster-")
	if err != nil {
		tb.Fatal(err)
	}
	c := &Cluster{tb: tb, mesh: mesh, dir: dir}
	tb.Cleanup(func() {
		for server := range clusterSize {
			c.Kill(server)
			c.tellLog(server)
		}
		_ = os.RemoveAll(dir) // a leftover in the temporary folder is no reason to fail
	})
	for server := range clusterSize {
		c.Start(server)
	}
	c.await("streams can be kept", func() error { return mesh.HasQuorum(tb.Context()) })
	return c
}

// URL has the addresses of all three, with commas between.
func (c *Cluster) URL() string { return c.mesh.URLs() }

// Start starts a server that is down, and returns when it takes connections.
func (c *Cluster) Start(server int) {
	c.tb.Helper()
	dir := filepath.Join(c.dir, strconv.Itoa(server))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		c.tb.Fatal(err)
	}
	member := c.mesh.Settings(server, filepath.Join(dir, "store"))
	member.Log = logFile
	settings, err := json.Marshal(member)
	if err != nil {
		c.tb.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		c.tb.Fatal(err)
	}
	err = c.servers[server].Start(testserver.Spec{
		Path: program, Dir: dir, Orphaned: "KILL", Env: []string{memberEnv + "=" + string(settings)},
	}, func() error { return c.mesh.Answers(server) })
	if err != nil {
		c.tb.Fatal(err)
	}
}

// Kill ends a server as a crash would.
func (c *Cluster) Kill(server int) { c.servers[server].Kill() }

// Pause makes a server stand still, until Continue.
func (c *Cluster) Pause(server int) { c.signal(server, (*testserver.Process).Pause) }

// Continue lets a server that stands still go on.
func (c *Cluster) Continue(server int) { c.signal(server, (*testserver.Process).Continue) }

func (c *Cluster) signal(server int, send func(*testserver.Process) error) {
	c.tb.Helper()
	if err := send(c.servers[server].Process()); err != nil {
		c.tb.Fatal(err)
	}
}

// CutOff keeps a server from the others and from its clients, until Rejoin.
func (c *Cluster) CutOff(server int) { c.mesh.CutOff(server) }

// Rejoin lets a server that was cut off have company again.
func (c *Cluster) Rejoin(server int) { c.mesh.Rejoin(server) }

// Leader returns the server that leads a stream, once so many copies of it are there and have caught up.
func (c *Cluster) Leader(stream string, copies int) (leader int) {
	c.tb.Helper()
	c.await("all copies of "+stream+" are there", func() (err error) {
		leader, err = c.mesh.Leader(stream, copies)
		return err
	})
	return leader
}

func (c *Cluster) await(what string, met func() error) {
	c.tb.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		err := met()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			c.tb.Fatal(fmt.Errorf("wait until %s: %w", what, err))
		}
	}
}

// tellLog shows what a server has said, where that may help.
func (c *Cluster) tellLog(server int) {
	if !c.tb.Failed() {
		return
	}
	log, _ := os.ReadFile(filepath.Join(c.dir, strconv.Itoa(server), logFile)) // no log, nothing to show
	c.tb.Logf("log of NATS server %d:\n%s", server, log[max(0, len(log)-4096):])
}
