//go:build unix && !linux

package filestore_test

import "errors"

// setFileUser is Linux's alone.
func setFileUser(int) error { return errors.New("run the tests as an ordinary user") }
