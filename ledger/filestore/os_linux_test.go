package filestore_test

import "syscall"

// setFileUser sets whose file permissions this thread has.
func setFileUser(uid int) error { return syscall.Setfsuid(uid) }
