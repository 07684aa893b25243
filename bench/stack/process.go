package stack

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU times in /proc, the same on every machine that Go runs on.
const tick = 10 * time.Millisecond

// The fields of /proc/<pid>/stat, counted from behind the name.
const (
	parentField = 1
	userField   = 11 // and the system's behind it, then both of the children that have ended
	lastField   = 14
)

// CPU returns how much CPU time a process has used. It knows where the system has /proc.
func CPU(pid int) (used time.Duration, known bool) {
	fields := readStat(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return cpuOf(fields, 2), fields != nil
}

// FamilyCPU is CPU of a process and its children, those that have ended among them.
func FamilyCPU(pid int) (used time.Duration, known bool) {
	fields := readStat(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	used, known = cpuOf(fields, 4), fields != nil
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is a good one
	for _, path := range stats {
		if fields := readStat(path); fields != nil && fields[parentField] == strconv.Itoa(pid) {
			used += cpuOf(fields, 2)
		}
	}
	return used, known
}

// readStat returns nil for a process that is gone.
func readStat(path string) []string {
	stat, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	// The name is in brackets, and may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) <= lastField {
		return nil
	}
	return fields
}

// cpuOf adds up the first times.
func cpuOf(fields []string, times int) (used time.Duration) {
	if fields == nil {
		return 0
	}
	for _, field := range fields[userField : userField+times] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0
		}
		used += time.Duration(ticks) * tick
	}
	return used
}

// Memory returns how many bytes of a process are in memory, and the most there were. It knows where the system has /proc.
func Memory(pid int) (now, peak int64, known bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, false
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			now = kilobytes << 10
		case "VmHWM":
			peak = kilobytes << 10
		}
	}
	return now, peak, now > 0
}
