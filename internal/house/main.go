// Command house measures how the inside of this module is laid out.
package main

import (
	"fmt"
	"os"
)

func main() {
	root, err := moduleRoot()
	if err != nil {
		panic(err)
	}
	sources, err := load(root)
	if err != nil {
		panic(err)
	}
	for _, s := range sources {
		g := fileGraph(s)
		fmt.Printf("%s: %d of %d\n", s.name, g.largest(), len(g))
		if len(os.Args) > 1 {
			g.describe(os.Stdout)
		}
	}
}
