package filestore

import "os"

func check(*os.File, int64) error { return nil }
