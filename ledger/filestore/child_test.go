package filestore_test

import "testing"

func inChild(*testing.M) {}
