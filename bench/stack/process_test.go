package stack

import (
	"os"
	"testing"
	"time"
)

func TestProcessTellsItsCPUAndMemory(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("the system has no /proc")
	}
	before, known := CPU(os.Getpid())
	if !known {
		t.Fatal("the CPU time of the test itself is unknown")
	}
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); {
		if used, _ := CPU(os.Getpid()); used-before >= 2*tick {
			break
		}
	}
	if after, _ := CPU(os.Getpid()); after-before < 2*tick {
		t.Errorf("CPU time went from %s to %s in a busy loop", before, after)
	}
	if now, peak, known := Memory(os.Getpid()); !known || now < 1<<20 || peak < now {
		t.Errorf("got %d bytes now, %d at most, known %t", now, peak, known)
	}
}

func TestUnknownProcessTellsNothing(t *testing.T) {
	t.Parallel()
	if _, known := CPU(-1); known {
		t.Error("the CPU time of no process is known")
	}
	if _, known := FamilyCPU(-1); known {
		t.Error("the CPU time of no family is known")
	}
	if _, _, known := Memory(-1); known {
		t.Error("the memory of no process is known")
	}
}
