package stage

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

const filler = "filler"

// disk is a small one in memory.
type disk struct{ folder string }

// mount puts a disk in place of an empty folder. It needs root.
func mount(folder string, size int64) (*disk, error) {
	err := unix.Mount("menjin-chaos", folder, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0700,size="+strconv.FormatInt(size, 10))
	if err != nil {
		return nil, fmt.Errorf("mount a small disk: %w", err)
	}
	return &disk{folder}, nil
}

// unmount works while files are open, which go with the processes that have them.
func (d *disk) unmount() { _ = unix.Unmount(d.folder, unix.MNT_DETACH) }

func (d *disk) fill() error {
	file, err := os.Create(filepath.Join(d.folder, filler))
	if err != nil {
		return fmt.Errorf("fill disk: %w", err)
	}
	defer file.Close()
	block := make([]byte, 64<<10)
	for len(block) > 0 {
		if _, err := file.Write(block); err != nil {
			block = block[:len(block)/2] // the last bytes too
		}
	}
	return nil
}

func (d *disk) empty() error { return os.Remove(filepath.Join(d.folder, filler)) }
