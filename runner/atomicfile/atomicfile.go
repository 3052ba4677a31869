// Package atomicfile replaces a file whole or not at all.
package atomicfile

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// WriteFile calls write with a buffered writer and puts what it wrote at path, with mode 0644.
//
// The bytes go to a temporary file in the same folder, which is synced, renamed over path, and made durable by syncing the
// folder. Where any of that fails, or write returns an error, what stood at path is left as it was and the temporary file is gone.
func WriteFile(path string, write func(io.Writer) error) error {
	if err := replace(path, true, write); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// WriteMade does as WriteFile, but does not wait for the disk: after a power cut the file may hold anything. It is for what can be made again,
// and is known by its digest.
func WriteMade(path string, write func(io.Writer) error) error { return replace(path, false, write) }

func replace(path string, sync bool, write func(io.Writer) error) error {
	temp, err := writeTemp(filepath.Dir(path), "."+filepath.Base(path)+".tmp-*", sync, write)
	if err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return nil
}

// writeTemp returns the name of a temporary file in dir that holds what write wrote, synced where sync says so; on an error there is no such file.
func writeTemp(dir, pattern string, sync bool, write func(io.Writer) error) (name string, err error) {
	f, err := os.CreateTemp(dir, pattern)
	if err != nil {
		return "", err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	w := bufio.NewWriterSize(f, 1<<16)
	if err := write(w); err != nil {
		return "", err
	}
	if err := w.Flush(); err != nil {
		return "", err
	}
	if err := f.Chmod(0o644); err != nil {
		return "", err
	}
	if !sync {
		return f.Name(), nil
	}
	return f.Name(), f.Sync()
}

// SyncDir makes renames and creations in dir durable. Windows has no such call: there it does nothing.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
